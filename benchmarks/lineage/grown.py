"""A grown nursery as a registry would see it, but that no pair is judged by images that share a photograph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from benchmarks.nursery.shelf import Grown
from difreg.lineage.calibration import calibration_at, log_likelihood_ratio
from difreg.lineage.families import Edge, communities
from difreg.lineage.kinship import ACCEPTANCE, probability, score, threshold
from difreg.registry.background import get
from difreg.registry.fingerprints import RELIABLE
from difreg.registry.profiles import Profile, profile

Array = NDArray[np.float64]
REPLICATES = 200


@dataclass(frozen=True)
class Nursery:
    """Sets with one profile a pool, and the kinship (z), its probability and support of all pairs."""

    sets: tuple[Grown, ...]
    profiles: tuple[tuple[Profile, Profile], ...]
    z: Array
    p: Array
    support: Array

    def edges(self, chosen: Sequence[int]) -> list[Edge]:
        """Accepted kinship among some sets."""
        pairs = combinations(chosen, 2)
        return [
            Edge(self.sets[i].name, self.sets[j].name, float(self.p[i, j]), float(self.support[i, j]))
            for i, j in pairs
            if self.p[i, j] >= ACCEPTANCE
        ]

    def families(self, chosen: Sequence[int]) -> dict[str, str]:
        """Family found of each set that has one."""
        return {m: c.name for c in communities(self.edges(chosen)) for m in c.members}


def measured(grown: Mapping[str, Grown], denoiser: str) -> Nursery:
    """Kinship of all pairs, with its support over bootstrap replicates centred on it."""
    background, sets = get(denoiser), tuple(grown.values())
    profiles = tuple(
        tuple(
            profile(g.name, tuple(g.images.images[k].content for k in g.of(pool)), g.sketches[g.of(pool)], background)
            for pool in "ab"
        )
        for g in sets
    )
    sides = [np.stack([p[k].direction for p in profiles]) for k in (0, 1)]
    scales = [np.array([p[k].fingerprint.scale for p in profiles]) for k in (0, 1)]
    cross = sides[0] @ sides[1].T / 2 * (1 / scales[0][:, None] + 1 / scales[1][None])
    z = (cross + cross.T) / 2
    weak = np.array([min(x.reliability for x in p) < RELIABLE for p in profiles])
    ruler = calibration_at(background.calibrations, len(profiles[0][0]))
    p = probability(log_likelihood_ratio(z, ruler))
    p[weak] = p[:, weak] = 0.0
    drawn = [[x.bootstrap(REPLICATES, 0) for x in p] for p in profiles]
    support = np.zeros_like(z)
    least = threshold(ruler)
    for i, j in combinations(range(len(sets)), 2):
        if p[i, j] > 0.5:
            both = (score(*drawn[i][0], *drawn[j][1]) + score(*drawn[i][1], *drawn[j][0])) / 2
            support[i, j] = support[j, i] = (both - both.mean() + z[i, j] >= least).mean()
    return Nursery(sets, profiles, z, p, support)  # type: ignore[arg-type]


def true_family(g: Grown) -> str:
    """The family a set is of; a control is of its own."""
    return g.name if g.row.node.kind == "X" else g.family
