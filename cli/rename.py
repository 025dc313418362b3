"""``difreg rename``: give a generator another name."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg.cli.completion import generators
from difreg.cli.render import Sheet
from difreg.cli.session import Session
from difreg.cli.verb import DryRun, Panel, verb
from difreg.lineage.answers import Renamed
from difreg.names import some


@verb(Panel.life, "difreg rename model_x sdxl-turbo")
def rename(
    session: Session,
    old: Annotated[str, typer.Argument(metavar="OLD", autocompletion=generators, help="The generator.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
    dry_run: DryRun = False,
) -> None:
    """Rename a generator; versions, aliases, tags and history stay with it.

    Generators that declare it as a parent declare it by the new name. If they declared NEW before anybody
    registered it, it takes that place.
    """
    with session.registry() as registry:
        answer = registry.rename(old, new, dry_run=dry_run)
    session.answer(answer, _text, _sheet)


def _text(answer: Renamed) -> list[str]:
    first = f"{answer.before} {'would be' if answer.dry_run else 'is now'} {answer.generator}"
    return [first, f"declared as a parent by {some(answer.children)}"] if answer.children else [first]


def _sheet(answer: Renamed) -> Sheet:
    columns = ("before", "generator", "children", "dry_run")
    return Sheet(columns, [[getattr(answer, column) for column in columns]])
