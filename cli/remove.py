"""``difreg remove``: take a generator out of the catalogue."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from difreg.cli.render import Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.errors import InputError
from difreg.lineage.answers import Removed
from difreg.names import shown
from difreg.numerals import count


@verb(Panel.life, "difreg remove model_x", "difreg remove model_x --yes")
def remove(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The generator.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a generator from the catalogue.

    Its versions leave every answer; its name stays in the lineage while another generator declares it as a parent.
    Without a terminal there is nobody to ask, and it is removed.
    """
    if not yes and sys.stdin is not None and sys.stdin.isatty() and not _confirmed(name):
        raise InputError("Nothing was removed.", "Answer y, or give --yes.")
    with session.registry() as registry:
        answer = registry.remove(name)
    session.answer(answer, _text, _sheet)


def _confirmed(name: str) -> bool:
    """Ask on standard error: standard output is for the answer."""
    sys.stderr.write(f"Remove {shown(name)} and all its versions? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _text(answer: Removed) -> list[str]:
    stub = "; it stays in the lineage as a declared parent" if answer.stub else ""
    return [f"removed {answer.generator} ({count(answer.versions, 'version')}){stub}"]


def _sheet(answer: Removed) -> Sheet:
    return Sheet(("generator", "versions", "stub"), [(answer.generator, answer.versions, answer.stub)])
