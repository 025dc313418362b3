"""Calibration: from kinship to likelihood ratio, by the densities of kinship among kin and among unrelated pairs.

Unrelated pairs follow a Student t about zero (a normal null is refuted: its tail is too thin). Kin are of two kinds in
equal parts, a normal each: those that kept their source's decoder, and those whose decoder was tuned or merged. A ratio
of densities, unlike logistic regression, does not move its middle when the kin at hand happen to lie far away.

Few images make kinship noisy, so densities are fitted for several numbers of images in the smaller of the two sets, and
those between are interpolated along the logarithm of that number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.student import log_t, student_scale, tail
from difreg.registry.background import Calibration

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
LIMIT = math.log(1e6)  # beyond a million to one no collection of this size can speak
DEGREES = (*range(3, 16), 20, 25, 30)


@dataclass(frozen=True)
class Draws:
    """Kinship of pairs of one kind, (n,), with weights, (n,): so many pairs as each stands for."""

    kinship: Array
    weight: Array

    @classmethod
    def of(cls, kinship: Array) -> Draws:
        """All alike."""
        return cls(kinship, np.ones(len(kinship)))

    @classmethod
    def balanced(cls, groups: Sequence[Draws]) -> Draws:
        """Groups that weigh alike, whatever their sizes; empty ones do not count."""
        full = [g for g in groups if len(g.kinship)]
        weights = [g.weight / g.weight.sum() for g in full]
        return cls(np.concatenate([g.kinship for g in full]), np.concatenate(weights))

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation."""
        mean = float(np.average(self.kinship, weights=self.weight))
        return mean, math.sqrt(float(np.average((self.kinship - mean) ** 2, weights=self.weight)))


def fit_calibration(images: int, kept: Draws, changed: Draws, unrelated: Draws) -> Calibration:
    """Maximum-likelihood densities of the kinship of sets of ``images`` images.

    Parameters
    ----------
    kept, changed
        Kin that have their source's decoder as it was, and kin whose decoder was tuned or merged.
    """
    degrees, scale = fit_student(unrelated)
    return _settled(Calibration(images, degrees, scale, *kept.moments(), *changed.moments(), -math.inf, LIMIT))


def fit_student(unrelated: Draws) -> tuple[float, float]:
    """Degrees of freedom and scale of the likeliest Student t about zero."""
    return max(
        ((v, float(student_scale(unrelated.kinship, v, unrelated.weight))) for v in DEGREES),
        key=lambda p: float(log_t(unrelated.kinship, *p) @ unrelated.weight),
    )


def _settled(draft: Calibration) -> Calibration:
    """With the kinship below which the ratio would rise again, which is held there."""
    grid = np.linspace(-10, 0, 1001)
    falling = np.flatnonzero(np.diff(log_likelihood_ratio(grid, replace(draft, least=-math.inf))) < 0)
    return replace(draft, least=float(grid[falling[-1] + 1 if len(falling) else 0]))


@cache
def calibration_at(calibrations: tuple[Calibration, ...], images: int) -> Calibration:
    """The calibration for a smaller set of ``images`` images, from those fitted, in order of their images.

    Beyond the first and the last it is theirs.
    """
    numbers = [c.images for c in calibrations]
    if images <= numbers[0] or images >= numbers[-1]:
        return calibrations[0] if images <= numbers[0] else calibrations[-1]
    above = next(k for k, n in enumerate(numbers) if n >= images)
    one, two = calibrations[above - 1], calibrations[above]
    part = math.log(images / one.images) / math.log(two.images / one.images)

    def between(field: str) -> float:
        return float((1 - part) * getattr(one, field) + part * getattr(two, field))

    fields = ("degrees", "scale", "mean", "spread", "changed_mean", "changed_spread")
    return _settled(replace(one, images=images, **{f: between(f) for f in fields}))


def log_likelihood_ratio(kinship: Array, c: Calibration) -> Array:
    """Natural logarithm of p(kinship | kin) / p(kinship | unrelated), never falling, within the calibration's limit.

    Past the mean of either kind of kin its density is held where it is, and below ``c.least`` the ratio at its least:
    more kinship never is evidence for less.
    """
    z = np.maximum(kinship, c.least)
    with np.errstate(invalid="ignore"):  # what has no kinship has no ratio
        kin = log_kin(z, c)
    out: Array = np.clip(kin - log_t(z, c.degrees, c.scale), -c.limit, c.limit)
    return out


def log_kin(z: Array, c: Calibration) -> Array:
    """Logarithm of the density of kin: half kept their decoder, half have it changed; each held past its mean."""
    both = np.logaddexp(_log_rising(z, c.mean, c.spread), _log_rising(z, c.changed_mean, c.changed_spread))
    out: Array = both - math.log(2)
    return out


def _log_rising(z: Array, mean: float, spread: float) -> Array:
    """Logarithm of a normal's density, held past its mean."""
    deviation = (np.minimum(z, mean) - mean) / spread
    out: Array = -0.5 * deviation**2 - math.log(spread * math.sqrt(2 * math.pi))
    return out


def log_likelihood_ratios(kinship: Array, images: Counts, calibrations: tuple[Calibration, ...]) -> Array:
    """:func:`log_likelihood_ratio` of (n,) pairs whose smaller sets have (n,) ``images``."""
    out = np.empty(len(kinship))
    for count in np.unique(images).tolist():
        mine = images == count
        out[mine] = log_likelihood_ratio(kinship[mine], calibration_at(calibrations, count))
    return out


def p_values(kinship: Array, images: Counts, calibrations: tuple[Calibration, ...]) -> Array:
    """One-sided p-values of (n,) pairs by the calibration's Student t of unrelated pairs."""
    out = np.empty(len(kinship))
    for count in np.unique(images).tolist():
        c, mine = calibration_at(calibrations, count), images == count
        out[mine] = tail(kinship[mine] / c.scale, c.degrees)
    return out


def q_values(p: Array) -> Array:
    """Adjusted p-values (Benjamini, Hochberg 1995): the least false discovery rate at which each of (n,) is found."""
    order = np.argsort(p, kind="stable")
    stepped = p[order] * len(p) / np.arange(1, len(p) + 1)
    out = np.empty(len(p))
    out[order] = np.minimum.accumulate(stepped[::-1])[::-1]
    return out


def crossing(log_ratio: float, calibration: Calibration) -> float:
    """Smallest kinship whose logarithmic ratio reaches ``log_ratio`` (to 1e-6)."""
    low, high = calibration.least, 100.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        reached = float(log_likelihood_ratio(np.array(middle), calibration)) >= log_ratio
        low, high = (low, middle) if reached else (middle, high)
    return high


def cllr(kin: Array, unrelated: Array) -> float:
    """Log-likelihood-ratio cost (Bruemmer, du Preez 2006) of natural-logarithm ratios, in bits; 1 says nothing."""
    cost = np.logaddexp(0, -kin).mean() + np.logaddexp(0, unrelated).mean()
    return float(cost / 2 / np.log(2))
