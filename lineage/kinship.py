"""Kinship: the symmetric, whitened cross-detection score of two sets of images, in units of an unrelated pair's spread.

The score of j's images under i's template is the mean correlation of the template with j's whitened images of unit
length, divided by the length of their mean: the cosine of the two templates. Kinship divides it by the scales the two
have over the background's panel: ``z = cosine / 2 * (1 / s_i + 1 / s_j)``. The calibration makes it a likelihood ratio.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.calibration import (
    calibration_at,
    crossing,
    log_likelihood_ratios,
    p_values,
    q_values,
)
from difreg.lineage.confounds import confounded
from difreg.lineage.keeping.population import Population
from difreg.registry.background import Calibration
from difreg.registry.fingerprints import RELIABLE
from difreg.registry.profiles import Profile

Array = NDArray[np.float64]
ACCEPTANCE = 0.99  # probability at prior 1/2
REPLICATES = 200
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Kinship:
    """Kinship of one pair with its doubt; see :class:`difreg.lineage.answers.Kin` for the terms.

    ``judged`` is False where nothing may be concluded: a weak fingerprint, or a pair that is ``confounded``, alike by
    what both are known to carry (see :mod:`difreg.lineage.confounds`). ``q_value`` is over the judged pairs that were
    looked at together.
    ``replicates`` has a bit a bootstrap replicate, set where that accepts the pair; a set of images is resampled alike
    in all its pairs, so that bits of several pairs belong together. ``price`` is what a search has taken off the
    logarithmic ratio.
    """

    cosine: float
    kinship: float
    log_likelihood_ratio: float
    probability: float
    judged: bool
    p_value: float = np.nan
    q_value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    support: float = np.nan
    replicates: bytes | None = None
    price: float = 0.0
    confounded: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the pair counts as kin: judged, and probable enough."""
        return self.judged and self.probability >= ACCEPTANCE

    def paid(self, price: float) -> Kinship:
        """With ``price`` taken off the logarithmic ratio: the answer was searched for."""
        left = self.log_likelihood_ratio - price
        return replace(
            self, log_likelihood_ratio=left, probability=float(probability(np.array(left))), price=self.price + price
        )


def probability(log_ratio: Array, prior: float = 0.5) -> Array:
    """Posterior probability of kinship."""
    out: Array = 1 / (1 + np.exp(-(log_ratio + np.log(prior / (1 - prior)))))
    return out


@cache
def threshold(calibration: Calibration, price: float = 0.0) -> float:
    """Smallest kinship that is accepted, where ``price`` is taken off the logarithmic ratio."""
    return crossing(math.log(ACCEPTANCE / (1 - ACCEPTANCE)) + price, calibration)


def score(directions: Array, scales: Array, others: Array, other_scales: Array) -> Array:
    """Kinship of unit directions (..., 192) and scales (...) row by row with others of the same shape."""
    cosines = (directions * others).sum(-1)
    out: Array = cosines / 2 * (1 / scales + 1 / other_scales)
    return out


def attributable(made: Profile) -> bool:
    """Whether single images may be attributed to it: reliable, and not made from compressed images."""
    return made.reliability >= RELIABLE and not made.flagged


def kinships(query: Profile, others: Population | Sequence[Profile]) -> list[Kinship]:
    """Kinship of ``query`` with each of ``others``, without the doubt that takes resampling.

    Images that both sides hold count for neither: the caller takes them out (:meth:`Population.apart`).
    """
    them = others if isinstance(others, Population) else Population.of(others)
    if not len(them):
        return []
    cosines = them.directions @ query.direction
    z = cosines / 2 * (1 / query.fingerprint.scale + 1 / them.scales)
    images = np.minimum(them.counts, len(query))
    ratios = log_likelihood_ratios(z, images, query.background.calibrations)
    alike = confounded(query, them)
    judged = them.reliable & (query.reliability >= RELIABLE) & ~alike
    p = p_values(z, images, query.background.calibrations)
    q = np.full(len(p), np.nan)
    q[judged] = q_values(p[judged])
    columns = [c.tolist() for c in (cosines, z, ratios, probability(ratios), judged, p, q, alike)]
    return [Kinship(c, k, r, o, j, s, f, confounded=x) for c, k, r, o, j, s, f, x in zip(*columns, strict=True)]


def with_doubt(known: Kinship, a: Profile, b: Profile, seed: int = 0) -> Kinship:
    """``known`` with its 95 % jackknife interval and its bootstrap support over images.

    Interval: delete-one jackknife over both sets (Efron and Stein 1981), normal quantiles. Support: the share of
    replicates, both sets resampled, whose kinship is accepted. Replicates are centred on the estimate: of images drawn
    with replacement only two thirds are distinct, which lowers every replicate alike and is no doubt about the pair.
    """
    half = half_interval(a, b)
    (one, one_scale), (two, two_scale) = a.bootstrap(REPLICATES, seed), b.bootstrap(REPLICATES, seed)
    z = score(one, one_scale, two, two_scale)
    centred = z - z.mean() + known.kinship
    low, high = known.kinship - half, known.kinship + half
    if not known.judged:
        return replace(known, low=low, high=high)
    held = centred >= threshold(calibration_at(a.background.calibrations, min(len(a), len(b))), known.price)
    return replace(known, low=low, high=high, support=float(held.mean()), replicates=np.packbits(held).tobytes())


def half_interval(a: Profile, b: Profile) -> float:
    """Half the width of the 95 % interval of the kinship of two sets; NaN where one has fewer than three images."""
    return float(Z95 * np.sqrt(_jackknife(a, b) + _jackknife(b, a)))


def _jackknife(varied: Profile, fixed: Profile) -> float:
    n = len(varied)
    if n < 3:
        return np.nan
    directions, scales = varied.jackknife
    z = score(directions, scales, fixed.direction, np.asarray(fixed.fingerprint.scale))
    return float((n - 1) / n * ((z - z.mean()) ** 2).sum())


def pairwise(directions: Array, scales: Array) -> Array:
    """(m, m) kinship of all pairs of (m, 192) directions with (m,) scales."""
    inverse = 1 / scales
    out: Array = directions @ directions.T / 2 * (inverse[:, None] + inverse[None])
    return out
