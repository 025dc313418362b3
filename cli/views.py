"""Pieces of text and CSV that several answers share: kinship, provenance, caveats."""

from __future__ import annotations

from collections.abc import Iterable

from difreg import numerals
from difreg.cli.render import Grid
from difreg.lineage.answers import Caveat, FoundPhase, Images, Kin, Provenance, WeightsRow
from difreg.lineage.verdicts import kin_cells
from difreg.names import shown
from difreg.numerals import count

KIN_COLUMNS = ("kinship z", "95 % interval", "LR", "P(kin)", "support", "reliability")
KIN_FIELDS = (
    "cosine",
    "kinship",
    "likelihood_ratio",
    "probability",
    "low",
    "high",
    "support",
    "reliability",
    "p_value",
    "q_value",
)
YARDSTICK = ("denoiser", "background")
PHASE_FIELDS = ("phase_dy", "phase_dx", "phase_mirrored", "phase_probability")


def kin_values(kin: Kin | None) -> tuple[object, ...]:
    """Kinship as the cells of :data:`KIN_FIELDS`."""
    return tuple(getattr(kin, name) if kin else None for name in KIN_FIELDS)


def kin_grid(kin: Iterable[Kin], first: str = "kin") -> Grid:
    """One row a generator, the closest first as given."""
    rows = [(k.generator, str(k.version), *kin_cells(k)) for k in kin]
    return Grid((first, "version", *KIN_COLUMNS), rows, frozenset(range(1, 2 + len(KIN_COLUMNS))))


def caveats(warnings: Iterable[Caveat]) -> list[str]:
    """One line a caveat."""
    return [f"warning: {caveat.text}" for caveat in warnings]


def weights_lines(weights: WeightsRow | None, most: int = 10) -> list[str]:
    """What was read of a decoder's weights, and a line for each of its nearest kin by weights."""
    if weights is None:
        return []
    which = (
        f"tensors of {shown(weights.decoder)}*" if weights.decoder else "tensors, all of the file: none is a decoder's"
    )
    size = f"{weights.parameters:,} parameters"
    lines = [f"weights: {weights.tensors} {which}, {size}, from {shown(weights.file)}"]
    for kin in weights.kin[:most]:
        elder = f"; {shown(kin.elder)} is the elder" if kin.elder else ""
        told = "the same weights" if kin.same else f"distance {numerals.share(kin.distance)}{elder}"
        lines.append(f"kin by weights: {shown(kin.generator)}, {told}")
    return lines


def used(images: Images) -> str:
    """``12 images``, ``12 images (3 skipped)``."""
    skipped = f" ({len(images.skipped)} skipped)" if images.skipped else ""
    return count(images.used, "image") + skipped


def yardstick(provenance: Provenance) -> tuple[str | None, str | None]:
    """The cells of :data:`YARDSTICK`."""
    return provenance.denoiser, provenance.background


def phase_cell(phase: FoundPhase | None) -> str:
    """``3, 5 (.998)``; of mirrored images ``3, 5 mirrored (.998)``."""
    if phase is None:
        return numerals.UNKNOWN
    return f"{phase.dy}, {phase.dx}{' mirrored' * phase.mirrored} ({numerals.probability(phase.probability)})"


def phase_values(phase: FoundPhase | None) -> tuple[object, ...]:
    """The cells of :data:`PHASE_FIELDS`."""
    return (phase.dy, phase.dx, phase.mirrored, phase.probability) if phase else (None,) * len(PHASE_FIELDS)


def provenance_line(provenance: Provenance, images: int | None = None) -> str:
    """How an answer was made, in one line."""
    parts = [
        f"background {provenance.background}" if provenance.background else "",
        f"denoiser {provenance.denoiser}" if provenance.denoiser else "",
        f"prior {numerals.share(provenance.prior)}" if provenance.prior is not None else "",
        f"n = {count(images, 'image')}" if images is not None else "",
        f"difreg {provenance.difreg}",
    ]
    return ", ".join(part for part in parts if part)
