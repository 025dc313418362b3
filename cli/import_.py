"""``difreg import``: take the generators of a bundle in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from difreg.cli.failures import REFUSED
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import DryRun, Panel, verb
from difreg.errors import InputError
from difreg.lineage.answers import Imported
from difreg.names import shown
from difreg.numerals import UNKNOWN, count

_COLUMNS = ("generator", "bundled", "action", "versions", "note")


@verb(
    Panel.life,
    "difreg import partners.difreg",
    "difreg import partners.difreg --dry-run",
    "difreg import partners.difreg --rename sdxl=sdxl-partners",
)
def import_(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle: what `difreg export bundle` wrote.")],
    rename: Annotated[
        list[str] | None,
        typer.Option("--rename", metavar="OLD=NEW", help="Another name for one of its generators; repeatable."),
    ] = None,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Leave generators alone whose name is taken here.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Import generators from a bundle: all of it, or nothing.

    Versions keep the time they were made. Under a name that is free they are numbered from 1; a generator that is
    here already gets those that come after its own latest version, under the next numbers. Scores and families are
    computed from the images' sketches. Exit status 2: something contradicts this registry, and nothing was imported.
    """
    with session.registry() as registry:
        answer = registry.import_bundle(
            file, rename=dict(_pair(text) for text in rename or ()), skip_existing=skip_existing, dry_run=dry_run
        )
    session.answer(answer, _text, _sheet)
    if answer.conflicts:
        raise typer.Exit(REFUSED)


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals or not old or not new:
        raise InputError(f"'{shown(text, 60)}' is no renaming.", "Write --rename OLD=NEW.")
    return old, new


def _text(answer: Imported) -> list[Block]:
    versions = sum(g.versions for g in answer.generators)
    changed = sum(g.action in {"new", "extended"} for g in answer.generators)
    does = "would import" if answer.dry_run else "imported"
    blocks: list[Block] = [f"{does} {count(versions, 'version')}, changing {count(changed, 'generator')}"]
    rows = [(g.name, g.bundled, g.action, str(g.versions), g.note or UNKNOWN) for g in answer.generators]
    blocks.append(Grid(_COLUMNS, rows, frozenset({3})))
    if answer.restored:
        blocks.append(f"{count(len(answer.restored), 'missing or damaged array')} restored from it")
    blocks += [f"conflict: {c.generator}, {c.fact}: {c.text}" for c in answer.conflicts]
    return blocks


def _sheet(answer: Imported) -> Sheet:
    return Sheet(
        _COLUMNS,
        [tuple(getattr(g, column.replace("generator", "name")) for column in _COLUMNS) for g in answer.generators],
    )
