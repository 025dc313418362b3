"""``difreg verify``: compare everything stored with its digest."""

from __future__ import annotations

import typer

from difreg.cli.failures import FINDING
from difreg.cli.session import Session
from difreg.cli.soundness import sheet, text
from difreg.cli.verb import Panel, verb


@verb(Panel.life, "difreg verify", "difreg verify --format json")
def verify(session: Session) -> None:
    """Compare everything stored with its digest.

    Every array is read, and every version compared with its arrays: images, identity, fingerprint and quality.
    Exit status 1: something is not what was written.
    """
    with session.registry() as registry:
        answer = registry.verify()
    session.answer(answer, text, sheet)
    if not answer.sound:
        raise typer.Exit(FINDING)
