"""``difreg background``: show or build the yardstick that all scores are measured with."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from difreg import numerals
from difreg.cli.render import Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.lineage.answers import BackgroundShown
from difreg.numerals import count


@verb(Panel.life, "difreg background show")
def show(session: Session) -> None:
    """Show what the background is made of."""
    with session.registry() as registry:
        answer = registry.background()
    session.answer(answer, _text, _sheet)


@verb(Panel.life, "difreg background build --zoo images/ -o background/", output=False)
def build(
    session: Session,
    zoo: Annotated[Path, typer.Option("--zoo", metavar="DIR", help="Images of many generators, and photographs.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to write it.")],
    denoiser: Annotated[str | None, typer.Option("--denoiser", metavar="NAME", help="Whose background.")] = None,
) -> None:
    """Build a background from a collection of images, and the nuisance directions beside it.

    Scores under different backgrounds cannot be compared.
    """
    from difreg.lineage.background_builder import build_background
    from difreg.lineage.nuisance_builder import build_nuisance
    from difreg.registry.denoisers import DEFAULT

    with session.progress() as progress:
        answer = build_background(zoo, output, denoiser=denoiser or DEFAULT, progress=progress)
        build_nuisance(zoo, output, denoiser=denoiser or DEFAULT, progress=progress)
    session.answer(answer, _text, _sheet)


def _text(answer: BackgroundShown) -> list[str]:
    lines = [
        f"{answer.name} of denoiser {answer.denoiser} ({answer.digest[:12]})",
        f"reference: {count(answer.photographs, 'photograph')}, {answer.negatives} more held out",
        f"whitening: {count(answer.whitening_sets, 'image set')}",
        f"panel: {count(len(answer.panel), 'generator')} ({', '.join(answer.panel)})",
        f"calibration: {', '.join(f'{name} {value:.3g}' for name, value in answer.calibration.items())}",
        f"accepted as kin from kinship {numerals.z(answer.acceptance)}",
    ]
    return [*lines, f"file: {answer.file}"] if answer.file else lines


def _sheet(answer: BackgroundShown) -> Sheet:
    columns = [field.name for field in fields(BackgroundShown) if field.name != "provenance"]
    return Sheet(columns, [[getattr(answer, column) for column in columns]])
