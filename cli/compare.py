"""``difreg compare``: both orientations of cross-detection, and kinship with its doubt."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg import numerals
from difreg.cli.completion import generators
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.cli.views import (
    KIN_COLUMNS,
    KIN_FIELDS,
    YARDSTICK,
    caveats,
    kin_values,
    provenance_line,
    yardstick,
)
from difreg.lineage.answers import Compared
from difreg.lineage.verdicts import kin_cells

_CROSS = ("fingerprint", "images", "score (fingerprint -> images)", "AUC", "accuracy", "p", "n")
_CROSS_FIELDS = ("fingerprint", "images", "score", "auc", "accuracy", "p_value", "n")
_VERDICTS = {
    "kin": "Kin",
    "open": "Open, not enough for kin",
    "none": "No kinship",
    "insufficient": "Too few images to tell",
}
_WEIGHTS = ("distance", "kin", "elder")
_LIKENESS = ("score", "p_value", "found")
_KIN_COLUMNS = tuple(f"kin_{name}" for name in KIN_FIELDS)


@verb(
    Panel.lineage,
    "difreg compare model_x sdxl",
    "difreg compare model_x unknown/ --format json",
    "difreg compare theirs.sketch ours.sketch",
    images=True,
)
def compare(
    session: Session,
    a: Annotated[
        str,
        typer.Argument(
            metavar="A", autocompletion=generators, help="A generator, a folder of images or a .sketch file."
        ),
    ],
    b: Annotated[str, typer.Argument(metavar="B", autocompletion=generators, help="Another.")],
    seed: Annotated[int, typer.Option("--seed", help="Of the bootstrap.")] = 0,
) -> None:
    """Compare two generators: cross-detection and kinship.

    AUC, accuracy and p (one-sided Mann-Whitney) tell the images from photographs by the other's fingerprint; that
    alone is no kinship. Kinship is the score in units of its spread over unrelated generators (z); P(kin) is at
    prior 1/2. Likeness, z period by period, leads to what kinship misses: decoders tuned for long, imitations. Where
    both have weights on record, what those say stands beside it.
    """
    with session.registry() as registry:
        answer = registry.compare(a, b, seed=seed)
    session.answer(answer, _text, _sheet)


def _text(answer: Compared) -> list[Block]:
    kinship = answer.kinship
    rows = [
        (
            cross.fingerprint,
            cross.images,
            numerals.share(cross.score),
            numerals.share(cross.auc),
            numerals.share(cross.accuracy),
            numerals.probability(cross.p_value),
            str(cross.n),
        )
        for cross in answer.cross_detection
    ]
    return [
        f"{_VERDICTS.get(answer.verdict, answer.verdict)}: P(kin) {numerals.equal(kinship.probability)}"
        f" for {answer.a} and {answer.b}",
        *caveats(answer.warnings),
        "",
        Grid(_CROSS, rows, frozenset(range(2, 7))),
        "",
        Grid(KIN_COLUMNS, [kin_cells(kinship)], frozenset(range(len(KIN_COLUMNS)))),
        "",
        f"significance: p {numerals.probability(kinship.p_value)}, one-sided, against unrelated pairs",
        *([f"meaning: {answer.meaning.text}"] if answer.meaning else []),
        *([f"likeness: {answer.likeness.text}"] if answer.likeness else []),
        *([f"weights: {answer.weights.text}"] if answer.weights else []),
        "",
        provenance_line(answer.provenance),
    ]


def _sheet(answer: Compared) -> Sheet:
    told = [getattr(answer.weights, field, None) for field in _WEIGHTS]
    told += [getattr(answer.likeness, field, None) for field in _LIKENESS]
    shared = (*kin_values(answer.kinship), answer.verdict, *told, *yardstick(answer.provenance))
    rows = [[*(getattr(cross, f) for f in _CROSS_FIELDS), *shared] for cross in answer.cross_detection]
    return Sheet(
        (
            *_CROSS_FIELDS,
            *_KIN_COLUMNS,
            "verdict",
            *(f"weights_{f}" for f in _WEIGHTS),
            *(f"likeness_{f}" for f in _LIKENESS),
            *YARDSTICK,
        ),
        rows,
    )
