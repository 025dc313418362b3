"""``difreg remove``: take a generator out of the catalogue."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from difreg.cli.completion import generators
from difreg.cli.render import Sheet
from difreg.cli.session import Session
from difreg.cli.verb import DryRun, Panel, verb
from difreg.errors import InputError
from difreg.lineage.answers import Removed
from difreg.names import shown
from difreg.numerals import count


@verb(
    Panel.life,
    "difreg remove model_x",
    "difreg remove model_x --purge --dry-run",
    "difreg remove model_x --purge --yes",
)
def remove(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", autocompletion=generators, help="The generator.")],
    purge: Annotated[
        bool, typer.Option("--purge", help="Delete it for good, with all that only its versions need.")
    ] = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a generator from the catalogue.

    Its versions leave every answer; its name stays in the lineage while another generator declares it as a parent.
    They come back when it is added again, unless it is purged, which is refused while a child or an alias points to
    it. Its history stays in any case. Without a terminal there is nobody to ask, and it is removed.
    """
    if not yes and not dry_run and sys.stdin is not None and sys.stdin.isatty() and not _confirmed(name, purge):
        raise InputError("Nothing was removed.", "Answer y, or give --yes.")
    with session.registry() as registry:
        answer = registry.remove(name, purge=purge, dry_run=dry_run)
    session.answer(answer, _text, _sheet)


def _confirmed(name: str, purge: bool) -> bool:
    """Ask on standard error: standard output is for the answer."""
    sys.stderr.write(f"Remove {shown(name)} and all its versions{' for good' if purge else ''}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _text(answer: Removed) -> list[str]:
    stub = "; it stays in the lineage as a declared parent" if answer.stub else ""
    did = "purge" if answer.purge else "remove"
    first = f"would {did}" if answer.dry_run else f"{did}d"
    arrays = f", {count(answer.arrays, 'array')}" if answer.purge else ""
    return [f"{first} {answer.generator} ({count(answer.versions, 'version')}{arrays}){stub}"]


def _sheet(answer: Removed) -> Sheet:
    columns = ("generator", "versions", "stub", "purge", "arrays", "dry_run")
    return Sheet(columns, [[getattr(answer, column) for column in columns]])
