"""``difreg detect``: which registered generators' fingerprint each image carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from difreg import numerals
from difreg.cli.failures import FINDING
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session, expand
from difreg.cli.solving import Area, AreaOption, PhaseOption
from difreg.cli.verb import Panel, verb
from difreg.cli.views import PHASE_FIELDS, phase_cell, phase_values, provenance_line
from difreg.lineage.answers import Detected, DetectedImage, Images
from difreg.numerals import UNKNOWN, count

_COLUMNS = ("image", "generator", "family", "P(family)", "correlation", "p against photographs")
_FIELDS = ("file", "generated", "generator", "family", "probability")
_SCORE = ("score_generator", "score_version", "score", "score_probability", "score_p_value")


@verb(
    Panel.lineage,
    "difreg detect suspicious/",
    "difreg detect one.png two.png --format json",
    "difreg detect cropped.png --search-phase",
    "find . -name '*.png' | difreg detect -",
    images=True,
)
def detect(
    session: Session,
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGES...", help="Files, folders, globs, .sketch files, or -.")
    ],
    exclude: Annotated[list[str] | None, typer.Option("--exclude", metavar="NAME", help="Leave out. Many.")] = None,
    prior: Annotated[float, typer.Option("--prior", help="P that nobody registered is related.")] = 0.5,
    area: AreaOption = Area.crop,
    search_phase: PhaseOption = False,
) -> None:
    """Say of each image whether it carries a registered generator's fingerprint.

    The generator is the nearest of its family; members that share a decoder cannot be told apart. One image says less
    than a set of them: trace judges sets. Exit status 1: no image was attributed.
    """
    with session.registry() as registry:
        answer = registry.detect(
            expand(images), exclude=exclude or (), prior=prior, area=area.value, search_phase=search_phase
        )
    session.skipped(Images(len(answer.images), answer.skipped))
    session.answer(answer, _text, _sheet)
    if not any(image.generated for image in answer.images):
        raise typer.Exit(FINDING)


def _text(answer: Detected) -> list[Block]:
    found = sum(bool(image.generated) for image in answer.images)
    return [
        f"{found} of {count(len(answer.images), 'image')} attributed",
        "",
        _grid(answer.images),
        "",
        provenance_line(answer.provenance),
    ]


def _grid(images: Sequence[DetectedImage]) -> Grid:
    rows = [_cells(image) for image in images]
    if not any(image.phase for image in images):
        return Grid(_COLUMNS, rows, frozenset({3, 4, 5}))
    told = [[*row, phase_cell(image.phase)] for row, image in zip(rows, images, strict=True)]
    return Grid((*_COLUMNS, "phase"), told, frozenset({3, 4, 5}))


def _cells(image: DetectedImage) -> list[str]:
    word = {True: image.generator or "", False: "none registered", None: "open"}[image.generated]
    named = next((s for s in image.scores if s.generator == image.generator), image.scores[0] if image.scores else None)
    numbers = [numerals.share(named.score), numerals.probability(named.p_value)] if named else [UNKNOWN, UNKNOWN]
    return [image.file, word, image.family or UNKNOWN, numerals.probability(image.probability), *numbers]


def _sheet(answer: Detected) -> Sheet:
    rows = [
        [
            *(getattr(image, f) for f in _FIELDS),
            s.generator,
            s.version,
            s.score,
            s.probability,
            s.p_value,
            *phase_values(image.phase),
        ]
        for image in answer.images
        for s in image.scores[:1]
    ]
    return Sheet((*_FIELDS, *_SCORE, *PHASE_FIELDS), rows)
