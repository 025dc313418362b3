"""``difreg doctor``: look for whatever can be wrong with a registry, and mend what is safe."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg.cli.failures import FINDING
from difreg.cli.session import Session
from difreg.cli.soundness import sheet, text
from difreg.cli.verb import Panel, verb


@verb(Panel.life, "difreg doctor", "difreg doctor --fix")
def doctor(
    session: Session,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without losing anything.")] = False,
) -> None:
    """Check the registry's health, and mend it.

    Beyond verify, it looks for stale scores, families and graphs, arrays that no version needs, leftovers of killed
    processes, and versions of another denoiser or background. No version is ever deleted; arrays that none needs go
    to the folder lost of the home. Exit status 1: something is wrong, or still is.
    """
    with session.registry() as registry:
        answer = registry.doctor(fix=fix)
    session.answer(answer, text, sheet)
    if not answer.sound:
        raise typer.Exit(FINDING)
