"""Calibration: from kinship to likelihood ratio, by the densities of kinship among kin and among unrelated pairs.

Unrelated pairs follow a Student t about zero (a normal null is refuted: its tail is too thin). Kin are of two kinds in
equal parts: those that kept their source's decoder, a normal fitted to pairs of that kind, and those whose decoder was
tuned or imitated, of which no collection of real generators has enough: rising evenly from zero to that normal's mean.
A ratio of densities, unlike logistic regression, does not move its middle when the kin at hand happen to lie far away.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from difreg.registry.background import Calibration

Array = NDArray[np.float64]
LIMIT = math.log(1e6)  # beyond a million to one no collection of this size can speak
DEGREES = (*range(3, 16), 20, 25, 30)


def fit_calibration(kin: Array, unrelated: Array) -> Calibration:
    """Maximum-likelihood densities of the kinship of kin and of unrelated pairs."""
    degrees, scale = max(
        ((v, float(student_scale(unrelated, v))) for v in DEGREES), key=lambda p: float(log_t(unrelated, *p).sum())
    )
    mean, spread = float(kin.mean()), float(kin.std())
    draft = Calibration(degrees, scale, mean, spread, -math.inf, LIMIT)
    grid = np.linspace(-10, 0, 1001)
    falling = np.flatnonzero(np.diff(log_likelihood_ratio(grid, draft)) < 0)  # above zero it never does
    least = float(grid[falling[-1] + 1 if len(falling) else 0])
    return Calibration(degrees, scale, mean, spread, least, LIMIT)


def log_likelihood_ratio(kinship: Array, c: Calibration) -> Array:
    """Natural logarithm of p(kinship | kin) / p(kinship | unrelated), never falling, within the calibration's limit.

    Past the mean of kin their density is held where it is, and below ``c.least`` the ratio at its least: more kinship
    never is evidence for less.
    """
    z = np.maximum(kinship, c.least)
    deviation = (np.minimum(z, c.mean) - c.mean) / c.spread
    kept = np.exp(-0.5 * deviation**2) / (c.spread * math.sqrt(2 * math.pi))
    changed = 2 * np.clip(z, 0, c.mean) / c.mean**2
    with np.errstate(divide="ignore"):
        return np.clip(np.log((kept + changed) / 2) - log_t(z, c.degrees, c.scale), -c.limit, c.limit)


def log_t(x: Array, degrees: int, scale: float) -> Array:
    """Logarithm of the density of a Student t about zero."""
    peak = (
        math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(degrees * math.pi) - math.log(scale)
    )
    return peak - (degrees + 1) / 2 * np.log1p((x / scale) ** 2 / degrees)


def student_scale(x: Array, degrees: int) -> Array:
    """Maximum-likelihood scale, (...), of a Student t about zero along the last axis (expectation maximisation)."""
    scale = np.sqrt((x * x).mean(-1))
    for _ in range(200):
        weight = (degrees + 1) / (degrees + (x / scale[..., None]) ** 2)
        scale = np.sqrt((weight * x * x).mean(-1))
    return np.asarray(scale)


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
