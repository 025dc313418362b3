"""``difreg audit``: what is declared against what the images say."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from difreg.cli.failures import DONE, FINDING
from difreg.cli.render import Block, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.cli.views import YARDSTICK, provenance_line, yardstick
from difreg.errors import InputError
from difreg.lineage.answers import Audited, AuditRow
from difreg.numerals import count

_LISTS = ("contradict", "agree", "silent")
_HEADINGS = {"contradict": "contradicted", "agree": "in agreement", "silent": "in silence"}


class Finding(StrEnum):
    """Findings that ``--fail-on`` can make an exit code of."""

    contradiction = "contradiction"


@verb(
    Panel.lineage,
    "difreg audit",
    "difreg audit --fail-on contradiction -q || echo 'a card is contradicted'",
    "difreg audit -o audit.csv",
)
def audit(
    session: Session,
    fail_on: Annotated[
        Finding | None, typer.Option("--fail-on", help="Exit 1 if any declaration is contradicted.")
    ] = None,
    prior: Annotated[
        float, typer.Option("--prior", metavar="P", help="Probability that a declared parent is right.")
    ] = 0.5,
) -> None:
    """Compare what is declared with what the images say.

    A declared parent is contradicted where the images are of another family, or lack the mark that several members of
    the declared family carry. Images that are JPEG-compressed or too few say nothing; the reason is given.
    """
    if not 0 < prior < 1:
        raise InputError(f"--prior {prior:g} is no probability between 0 and 1.", "Give one such as --prior .5.")
    with session.registry() as registry:
        answer = registry.audit(prior=prior)
    session.answer(answer, _text, _sheet)
    raise typer.Exit(FINDING if fail_on and answer.contradict else DONE)


def _text(answer: Audited) -> list[Block]:
    told = ", ".join(f"{len(_rows(answer, name))} {_HEADINGS[name]}" for name in _LISTS)
    blocks: list[Block] = [f"{count(sum(len(_rows(answer, n)) for n in _LISTS), 'declaration')}: {told}"]
    for name in _LISTS:
        rows = _rows(answer, name)
        if rows:
            blocks.append(f"{_HEADINGS[name]}:")
            blocks += [f"  {row.generator}: {row.text}" for row in rows]
    return [*blocks, provenance_line(answer.provenance)]


def _rows(answer: Audited, name: str) -> Sequence[AuditRow]:
    rows: tuple[AuditRow, ...] = getattr(answer, name)
    return rows


def _sheet(answer: Audited) -> Sheet:
    shared = yardstick(answer.provenance)
    rows = [
        (name, row.generator, row.declared, row.inferred, row.probability, row.text, *shared)
        for name in _LISTS
        for row in _rows(answer, name)
    ]
    return Sheet(("finding", "generator", "declared", "inferred", "probability", "text", *YARDSTICK), rows)
