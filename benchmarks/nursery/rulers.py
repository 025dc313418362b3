"""Calibrations fitted to real and grown generators without the families that are asked about.

The kinship of all pairs is counted once for each number of images; leaving a family out is leaving out its counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.nursery.figures import meaning
from benchmarks.nursery.relations import ALIKE, HARD, OTHER, REAL, SAME
from benchmarks.nursery.scoring import Scored
from benchmarks.nursery.yardsticks import Yardsticks
from difreg.lineage.background_builder import combined, real_draws
from difreg.lineage.calibration import Draws
from difreg.lineage.grown import CHANGED, KEPT, STRANGERS, Grown, binned
from difreg.lineage.kinship import threshold
from difreg.registry.background import Calibration

Array = NDArray[np.float64]
KINDS: Mapping[str, tuple[str, ...]] = {
    KEPT: (SAME,),
    CHANGED: ("tuned 5 %", "tuned 10 %", "tuned 20 %", "tuned 50 %", "merge and its parents", "merge and founder"),
    **dict(zip(STRANGERS, ((HARD,), (ALIKE,), (OTHER,), (REAL,)), strict=True)),
}


class Rulers:
    """Calibrations by what is left out.

    Parameters
    ----------
    pairs
        All pairs of the nursery, by number of images a set.
    """

    def __init__(self, yardsticks: Yardsticks, pairs: Mapping[int, Sequence[Scored]]) -> None:
        self.yardsticks = yardsticks
        self._counts = {n: _counted(found) for n, found in pairs.items()}
        self._meaning = {n: tuple(meaning(found)) for n, found in pairs.items()}
        self._real = cache(self._real_draws)
        self.calibration = cache(self._calibration)

    def grown(self, out: frozenset[str] = frozenset()) -> Grown:
        """What the nursery teaches without the families in ``out``."""
        shares = {}
        for n, counts in self._counts.items():
            for kind, relations in KINDS.items():
                found = [_shares(counts.get(r, {}), out) for r in relations]
                if full := [s for s in found if s is not None]:
                    shares[n, kind] = np.mean(full, 0)
        return Grown(shares, {} if out else self._meaning)

    def told(self, pairs: Iterable[Scored], images: int) -> list[Scored]:
        """``pairs`` with the kinship that is accepted, by the calibration without either of their families."""
        return [replace(p, least=threshold(self.calibration(frozenset(p.families), images))) for p in pairs]

    def _calibration(self, out: frozenset[str], images: int) -> Calibration:
        return combined(images, *self._real(frozenset(out & self.yardsticks.clusters), images), self.grown(out))

    def _real_draws(self, clusters: frozenset[str], images: int) -> tuple[Draws, Draws]:
        background = self.yardsticks.without(clusters)
        return real_draws(self.yardsticks.material, background.whitening, background.panel, images, clusters)


def _counted(pairs: Iterable[Scored]) -> dict[str, dict[frozenset[str], Array]]:
    out: dict[str, dict[frozenset[str], Array]] = {}
    for p in pairs:
        mine = out.setdefault(p.relation, {})
        families = frozenset(p.families)
        mine[families] = mine.get(families, 0) + binned(p.z)
    return out


def _shares(counts: Mapping[frozenset[str], Array], out: frozenset[str]) -> Array | None:
    """Shares of the bins, pairs of families weighing alike; None where none is left."""
    left = [c / c.sum() for families, c in counts.items() if not families & out]
    return np.mean(left, 0) if left else None
