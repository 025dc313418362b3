"""Areas under ROC curves and their 95 % bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
REPLICATES = 2000


def wins(positives: Array, negatives: Array) -> Array:
    """For each negative the share of positives that score above it, ties as halves; the mean of it is the AUC."""
    above = positives[:, None] > negatives
    level = positives[:, None] == negatives
    out: Array = (above + level / 2).mean(0)
    return out


def auc(positives: Array, negatives: Array) -> float:
    """Area under the ROC curve."""
    return float(wins(positives, negatives).mean())


def nested(values: Array, seed: int = 0) -> list[float]:
    """Interval of the mean of (sets, splits): sets are drawn with replacement, and splits within each drawn set.

    Splits of one set share its images, so that the images' own sampling error is seen only as far as splits differ;
    sets being few, the interval is what a reader can expect of other splits and sets like these.
    """
    rng = np.random.default_rng(seed)
    sets, splits = values.shape
    rows = rng.integers(sets, size=(REPLICATES, sets, 1))
    columns = rng.integers(splits, size=(REPLICATES, sets, splits))
    return _limits(values[rows, columns].mean((1, 2)))


def crossed(values: Array, clusters: Sequence[str], seed: int = 0) -> list[float]:
    """Interval of the mean of (generators, negatives): clusters of generators and negatives are both drawn."""
    rng = np.random.default_rng(seed)
    names, member = np.unique(np.array(clusters), return_inverse=True)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=REPLICATES)
    weights = drawn[:, member].astype(np.float64)
    columns = values.shape[1]
    counts = rng.multinomial(columns, np.full(columns, 1 / columns), size=REPLICATES)
    total = ((weights @ values) * counts).sum(1) / columns
    return _limits(total / np.maximum(weights.sum(1), 1))


def median(values: Array, seed: int = 0) -> list[float]:
    """Interval of the median of (n,) values."""
    rng = np.random.default_rng(seed)
    return _limits(np.median(values[rng.integers(len(values), size=(REPLICATES, len(values)))], axis=1))


def _limits(found: Array) -> list[float]:
    return [float(f"{v:.4g}") for v in np.quantile(found, [0.025, 0.975])]
