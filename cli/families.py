"""``difreg families``: who belongs together, and by what title a family is called."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg import numerals
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import DryRun, Panel, verb
from difreg.cli.views import YARDSTICK, provenance_line, yardstick
from difreg.lineage.answers import Families, FamilyTitled
from difreg.names import some
from difreg.numerals import count

_COLUMNS = ("family", "title", "n", "support", "ancestor", "members")


@verb(Panel.lineage, "difreg families", "difreg families -o families.csv")
def families(session: Session) -> None:
    """Show the families: who belongs together, and how surely.

    Support is the share of a family that comes back when its members' images are drawn anew, mean over the draws.
    """
    with session.registry() as registry:
        answer = registry.families()
    session.answer(answer, _text, _sheet)


@verb(Panel.lineage, 'difreg families rename family-1 "Stable Diffusion v1.x"')
def rename(
    session: Session,
    family: Annotated[str, typer.Argument(metavar="FAMILY", help="The family's name.", show_default=False)],
    title: Annotated[str, typer.Argument(metavar="TITLE", help="Its title; '' takes it away.", show_default=False)],
    dry_run: DryRun = False,
) -> None:
    """Give a family a title.

    Its name stays what it is, and the title stays with the name as the family grows.
    """
    with session.registry() as registry:
        answer = registry.rename_family(family, title, dry_run=dry_run)
    session.answer(answer, _titled, _titled_sheet)


def _titled(answer: FamilyTitled) -> list[Block]:
    has, is_ = ("would have", "would be") if answer.dry_run else ("has", "is")
    now = f"{is_} titled {answer.title}" if answer.title else f"{has} no title"
    return [f"{answer.family} {now}" + (f", was {answer.before}" if answer.before else "")]


def _titled_sheet(answer: FamilyTitled) -> Sheet:
    return Sheet(
        ("family", "title", "before", "dry_run"), [(answer.family, answer.title, answer.before, answer.dry_run)]
    )


def _text(answer: Families) -> list[Block]:
    held = len(answer.families)
    first = f"{held} {'family' if held == 1 else 'families'}, {count(len(answer.singletons), 'generator')} without kin"
    blocks: list[Block] = [first]
    if answer.families:
        rows = [
            (
                row.family,
                row.title or numerals.UNKNOWN,
                str(len(row.members)),
                numerals.share(row.support),
                row.ancestor or numerals.UNKNOWN,
                ", ".join(row.members),
            )
            for row in answer.families
        ]
        blocks.append(Grid(_COLUMNS, rows, frozenset({2, 3})))
    if answer.singletons:
        blocks.append(f"without kin: {some(answer.singletons, 40)}")
    return [*blocks, provenance_line(answer.provenance)]


def _sheet(answer: Families) -> Sheet:
    shared = yardstick(answer.provenance)
    rows: list[tuple[object, ...]] = [
        (row.family, row.title, member, row.support, row.ancestor, *shared)
        for row in answer.families
        for member in row.members
    ]
    rows += [(None, None, name, None, None, *shared) for name in answer.singletons]
    return Sheet(("family", "title", "member", "support", "ancestor", *YARDSTICK), rows)
