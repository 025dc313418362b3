"""``difreg history``: what changed in the registry, when, and by which command."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg.cli.completion import generators
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.lineage.answers import Recorded
from difreg.numerals import count


@verb(Panel.life, "difreg history", "difreg history model_x", "difreg history --format csv > audit.csv")
def history(
    session: Session,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", autocompletion=generators, help="One generator or family.", show_default=False),
    ] = None,
) -> None:
    """Show every change, oldest first: additions, names, declared facts, families.

    A generator's history goes with it when it is renamed and outlives its removal. Times are UTC.
    """
    with session.registry() as registry:
        answer = registry.history(name)
    session.answer(answer, _text, _sheet)


def _text(answer: Recorded) -> list[Block]:
    rows = [(f"{row.time:%Y-%m-%d %H:%M:%S}", row.verb, row.subject, row.text) for row in answer.changes]
    first = count(len(rows), "change")
    return [first, Grid(("time (UTC)", "command", "of", "what"), rows)] if rows else [first]


def _sheet(answer: Recorded) -> Sheet:
    columns = ("time", "verb", "subject", "text")
    return Sheet(columns, [[getattr(row, column) for column in columns] for row in answer.changes])
