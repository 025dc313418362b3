"""Matrices of all pairs of generators: cross-detection, whose rows are fingerprints, and kinship, which has no order.

No image scores a fingerprint it trained: the diagonal of cross-detection leaves images out in turn, and that of kinship
is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from difreg.lineage import kinship
from difreg.lineage.answers import CrossDetection, MatrixCell, MatrixMember
from difreg.lineage.calibration import calibration_at, log_likelihood_ratio
from difreg.lineage.crossdetection import cross_detect_each, cross_detect_self
from difreg.lineage.seriation import leaf_order
from difreg.lineage.similarity import distances, upgma
from difreg.registry import intervals
from difreg.registry.detection import correlations
from difreg.registry.fingerprints import Fingerprint
from difreg.registry.profiles import Profile

DIRECTED = ("accuracy", "auc", "score")
METRICS = (*DIRECTED, "kinship", "probability")
MOST = 150  # generators; beyond, neither cells nor names can be read
NAN = float("nan")
Homes = Mapping[str, tuple[str, str | None]]


def ordered(profiles: Sequence[Profile], homes: Homes) -> list[Profile]:
    """Families together, the largest first, then those without; neighbours within each as alike as can be.

    ``homes`` are families and their titles by generator.
    """
    groups: dict[str, list[Profile]] = {}
    for p in profiles:
        groups.setdefault(homes.get(_plain(p), ("", None))[0], []).append(p)
    ranked = sorted(groups, key=lambda f: (not f, -len(groups[f]), f))
    return [p for f in ranked for p in _by_likeness(groups[f])]


def _by_likeness(profiles: Sequence[Profile]) -> list[Profile]:
    """Leaves of average linkage, neighbours as alike as the tree allows."""
    if len(profiles) < 3:
        return list(profiles)
    apart = distances(np.stack([p.direction for p in profiles]))
    return [profiles[k] for k in leaf_order(upgma(apart), apart)]


def members(profiles: Sequence[Profile], homes: Homes) -> tuple[MatrixMember, ...]:
    """The generators of a matrix."""
    facts = ((p, homes.get(_plain(p), (None, None))) for p in profiles)
    return tuple(
        MatrixMember(p.name, p.version, family, title, len(p), p.reliability, p.fingerprint.flagged)
        for p, (family, title) in facts
    )


def cells(profiles: Sequence[Profile], metric: str) -> tuple[MatrixCell, ...]:
    """The cells of one of :data:`METRICS`, row by row."""
    if metric not in DIRECTED:
        return _kinship(profiles, metric)
    columns = [_column(profiles, p, metric) for p in profiles]
    return tuple(columns[j][i] for i in range(len(profiles)) for j in range(len(profiles)))


def _column(profiles: Sequence[Profile], images: Profile, metric: str) -> list[MatrixCell]:
    """The images of one generator under every fingerprint."""
    others = [p for p in profiles if p is not images]
    found = dict(zip((p.name for p in others), cross_detect_each(others, images), strict=True))
    found[images.name] = cross_detect_self(images)
    return [_cross(p, images, found[p.name], metric) for p in profiles]


def _cross(fingerprint: Profile, images: Profile, found: CrossDetection | None, metric: str) -> MatrixCell:
    ends = fingerprint.name, images.name
    if found is None:
        return MatrixCell(*ends, NAN, NAN, NAN, 0)
    value = float(getattr(found, metric))
    photographs = len(images.background.negatives)
    low, high = NAN, NAN
    if metric == "auc":
        low, high = intervals.auc(value, found.n, photographs)
    elif metric == "accuracy":
        rejected = _rejected(fingerprint.fingerprint, fingerprint)
        hits = min(max(2 * value - rejected, 0.0), 1.0)
        low, high = intervals.accuracy(hits, found.n, rejected, photographs)
    elif fingerprint is not images and len(images) > 2:
        directions = images.jackknife[0] @ fingerprint.fingerprint.aim
        n = len(images)
        half = kinship.Z95 * float(np.sqrt((n - 1) / n * ((directions - directions.mean()) ** 2).sum()))
        low, high = value - half, value + half
    return MatrixCell(*ends, value, low, high, found.n)


def _rejected(fingerprint: Fingerprint, made: Profile) -> float:
    """Share of photographs that the threshold turns down."""
    scores = correlations(fingerprint.detector[None], made.background.negatives)
    return float((scores <= fingerprint.threshold).mean())


def _kinship(profiles: Sequence[Profile], metric: str) -> tuple[MatrixCell, ...]:
    m = len(profiles)
    grid = [[MatrixCell(p.name, p.name, NAN, NAN, NAN, 0)] * m for p in profiles]
    for i, one in enumerate(profiles):
        for j in range(i + 1, m):
            for row, column, cell in zip((i, j), (j, i), _pair(one, profiles[j], metric), strict=True):
                grid[row][column] = cell
    return tuple(cell for row in grid for cell in row)


def _pair(one: Profile, two: Profile, metric: str) -> tuple[MatrixCell, MatrixCell]:
    """Both cells of a pair; images that both sides hold count for neither."""
    apart = two.without(frozenset(one.contents))
    ends = (one.name, two.name), (two.name, one.name)
    if apart is None:
        return MatrixCell(*ends[0], NAN, NAN, NAN, 0, False), MatrixCell(*ends[1], NAN, NAN, NAN, 0, False)
    known = kinship.kinships(one, [apart])[0]
    half = kinship.half_interval(one, apart)
    numbers = np.array([known.kinship, known.kinship - half, known.kinship + half])
    if metric == "probability":
        ruler = calibration_at(one.background.calibrations, min(len(one), len(apart)))
        numbers = kinship.probability(log_likelihood_ratio(numbers, ruler))
    value, low, high = numbers.tolist()
    sizes = len(apart), len(one)
    return tuple(MatrixCell(*e, value, low, high, n, known.judged) for e, n in zip(ends, sizes, strict=True))  # type: ignore[return-value]


def _plain(made: Profile) -> str:
    """The generator of a profile that may be called after its version."""
    return made.name.partition(":")[0]
