"""Figures of merit of scores of kin and of unrelated pairs, with intervals over clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def tpr_at(kin: Array, unrelated: Array, fpr: float = 0.01) -> float:
    """Share of kin above the ``1 - fpr`` quantile of the unrelated."""
    return float((kin > np.quantile(unrelated, 1 - fpr)).mean())


def eer(kin: Array, unrelated: Array) -> float:
    """Equal error rate: the mean of both error rates where they are nearest to each other."""
    cuts = np.unique(np.concatenate([kin, unrelated]))
    miss = np.searchsorted(np.sort(kin), cuts, "left") / len(kin)
    alarm = 1 - np.searchsorted(np.sort(unrelated), cuts, "left") / len(unrelated)
    best = int(np.argmin(np.abs(miss - alarm)))
    return float((miss[best] + alarm[best]) / 2)


def cluster_interval(
    figure: Callable[[Array, Array], float],
    scores: Array,
    kin: NDArray[np.bool_],
    clusters: Sequence[tuple[str, str]],
    replicates: int = 200,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % bootstrap interval of a figure over clusters.

    Clusters are drawn with replacement; a pair weighs the product of its clusters' counts (once where both are one).
    ``scores`` is (pairs, draws). With no failing cluster the interval is degenerate: read n clusters beside it.
    """
    names = sorted({c for pair in clusters for c in pair})
    index = {c: k for k, c in enumerate(names)}
    first = np.array([index[a] for a, _ in clusters])
    second = np.array([index[b] for _, b in clusters])
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(replicates):
        counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)))
        weight = np.where(first == second, counts[first], counts[first] * counts[second])
        drawn = np.repeat(np.arange(len(weight)), weight)
        picked, kind = scores[drawn].ravel(), np.repeat(kin[drawn], scores.shape[1])
        if kind.any() and not kind.all():
            found.append(figure(picked[kind], picked[~kind]))
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))
