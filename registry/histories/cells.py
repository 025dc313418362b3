"""Content with a grid of its own, such as pixel art: edges that prefer one phase of an 8-pixel grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PERIOD = 8
LOUDEST = 30.0  # grey levels; a larger step counts as this
Array = NDArray[np.float64]


def gridded(luma: Array) -> float:
    """How much more edge lies at the strongest phase of 8 rows and of 8 columns than at the mean of them, 1 for none.

    The lesser of both directions, of (H, W) luminance in grey levels.
    """
    return min(_strongest(luma), _strongest(luma.T))


def _strongest(luma: Array) -> float:
    edges = np.minimum(np.abs(np.diff(luma, axis=0)), LOUDEST).mean(1)
    whole = len(edges) // PERIOD * PERIOD
    phases = edges[:whole].reshape(-1, PERIOD).mean(0)
    return float(phases.max() / max(phases.mean(), 1e-9))
