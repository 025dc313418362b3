"""``difreg init``: make a home."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg.cli.render import Sheet
from difreg.cli.session import Session
from difreg.cli.starter import told
from difreg.cli.verb import DryRun, Panel, verb
from difreg.lineage.answers import Initialised


@verb(Panel.life, "difreg init", "difreg init --starter", "difreg init --home /data/fingerprints")
def init(
    session: Session,
    denoiser: Annotated[
        str | None, typer.Option("--denoiser", metavar="NAME", help="Of all its fingerprints, for good.")
    ] = None,
    starter: Annotated[
        bool, typer.Option("--starter", help="Load the generators that ship with difreg, as `starter install` does.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Make a home for a registry.

    The first add does too, so that this is only needed to choose the place or the denoiser.
    """
    with session.registry() as registry:
        answer = registry.init(denoiser=denoiser, starter=starter, dry_run=dry_run)
    session.answer(answer, _text, _sheet)


def _text(answer: Initialised) -> list[str]:
    did = "would make" if answer.dry_run else "made"
    made = f"{did} {answer.home}" if answer.created else f"{answer.home} is there already; nothing changed"
    return [f"{made}; its denoiser is {answer.denoiser}", *(told(answer.starter) if answer.starter else ())]


def _sheet(answer: Initialised) -> Sheet:
    return Sheet(
        ("home", "created", "denoiser", "dry_run"), [(answer.home, answer.created, answer.denoiser, answer.dry_run)]
    )
