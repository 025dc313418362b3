"""Calibration: from kinship to likelihood ratio, by logistic regression on labelled pairs (Bruemmer, du Preez 2006)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from difreg.registry.background import Calibration

Array = NDArray[np.float64]
LIMIT = float(np.log(1e6))  # beyond a million to one no collection of this size can speak


def fit_calibration(kin: Array, unrelated: Array) -> Calibration:
    """Logistic regression at prior 1/2 on the kinship of kin and of unrelated pairs.

    Each class weighs one half. Targets are softened to (n + 1) / (n + 2) and 1 / (n + 2) (Platt 1999), without which
    separable classes would drive the slope to infinity.
    """
    x = np.concatenate([kin, unrelated])
    ones = np.concatenate([np.ones(len(kin)), np.zeros(len(unrelated))])
    sizes = np.where(ones == 1, len(kin), len(unrelated))
    target = np.where(ones == 1, sizes + 1, 1) / (sizes + 2)
    weight = 0.5 / sizes
    design = np.stack([x, np.ones_like(x)], 1)
    beta = np.zeros(2)
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(design @ beta, -50, 50)))
        gradient = design.T @ (weight * (target - chance))
        hessian = (design * (weight * np.maximum(chance * (1 - chance), 1e-9))[:, None]).T @ design
        step = np.linalg.solve(hessian + 1e-12 * np.eye(2), gradient)
        step *= min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    return Calibration(float(beta[0]), float(beta[1]), LIMIT)


def cllr(kin: Array, unrelated: Array) -> float:
    """Log-likelihood-ratio cost of natural-logarithm ratios of kin and of unrelated pairs, in bits; 1 says nothing."""
    cost = np.logaddexp(0, -kin).mean() + np.logaddexp(0, unrelated).mean()
    return float(cost / 2 / np.log(2))
