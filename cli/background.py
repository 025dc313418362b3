"""``difreg background``: show or build the yardstick that all scores are measured with."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from difreg import numerals
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.lineage.answers import BackgroundShown
from difreg.numerals import count

_FIELDS = ("images", "degrees", "scale", "mean", "spread", "changed_mean", "changed_spread", "least", "limit")
_COLUMNS = (*(name.replace("_", " ") for name in _FIELDS), "accepted from z")
_RIGHT = frozenset(range(len(_COLUMNS)))


@verb(Panel.life, "difreg background show")
def show(session: Session) -> None:
    """Show what the background is made of."""
    with session.registry() as registry:
        answer = registry.background()
    session.answer(answer, _text, _sheet)


@verb(Panel.life, "difreg background build --zoo images/ -o background/", output=False, images=True)
def build(
    session: Session,
    zoo: Annotated[Path, typer.Option("--zoo", metavar="DIR", help="Images of many generators, and photographs.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where to write it.")],
    denoiser: Annotated[str | None, typer.Option("--denoiser", metavar="NAME", help="Whose background.")] = None,
) -> None:
    """Build a background from a collection of images, and the nuisance directions beside it.

    Scores under different backgrounds cannot be compared.
    """
    from difreg import settings
    from difreg.lineage.background_builder import build_background
    from difreg.lineage.nuisance_builder import build_nuisance
    from difreg.registry.denoisers import DEFAULT

    config = settings.resolve(session.home, session.jobs)
    with session.progress() as progress:
        answer = build_background(
            zoo,
            output,
            denoiser=denoiser or DEFAULT,
            jobs=config.jobs,
            parallel=config.parallel,
            progress=progress,
        )
        build_nuisance(zoo, output, denoiser=denoiser or DEFAULT, progress=progress)
    session.answer(answer, _text, _sheet)


def _text(answer: BackgroundShown) -> list[Block]:
    lines: list[Block] = [
        f"{answer.name} of denoiser {answer.denoiser} ({answer.digest[:12]})",
        f"reference: {count(answer.photographs, 'photograph')}, {answer.negatives} more held out",
        f"whitening: {count(answer.whitening_sets, 'image set')}",
        f"panel: {count(len(answer.panel), 'generator')} ({', '.join(answer.panel)})",
        "calibration by images of the smaller set:",
        Grid(_COLUMNS, [_cells(*pair) for pair in zip(answer.calibrations, answer.acceptance, strict=True)], _RIGHT),
    ]
    return [*lines, f"file: {answer.file}"] if answer.file else lines


def _cells(calibration: dict[str, float], acceptance: float) -> tuple[str, ...]:
    return (*(f"{calibration[name]:.3g}" for name in _FIELDS), numerals.z(acceptance))


def _sheet(answer: BackgroundShown) -> Sheet:
    """A row a calibration."""
    shared = [f.name for f in fields(BackgroundShown) if f.name not in {"provenance", "calibrations", "acceptance"}]
    told = [getattr(answer, column) for column in shared]
    rows = [
        [*told, *(c[name] for name in _FIELDS), least]
        for c, least in zip(answer.calibrations, answer.acceptance, strict=True)
    ]
    return Sheet([*shared, *_FIELDS, "acceptance"], rows)
