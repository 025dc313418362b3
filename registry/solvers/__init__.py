"""Solvers: ways from residuals to a Deep Image Fingerprint that need more than sketches.

The closed form, ``lattice``, works on sketches alone and lives with the fingerprints. Here are ``unet`` (the method's
network on a small periodic canvas), ``paper`` (the published algorithm) and the reader of the paper's checkpoints.
Nothing in this module loads torch; the modules beside it do, and are imported only where they are used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from difreg.registry.images import CROP
from difreg.registry.sketches import LEAST_NORM, PERIOD, low_frequencies

Array = NDArray[Any]
DEAD = 0.002  # below this gap of correlations a fingerprint is noise: that of a 256 x 256 x 3 residual spreads by .0023


@dataclass(frozen=True)
class Solved:
    """What a solver found.

    Attributes
    ----------
    array
        (3, P, P) float32, the fingerprint; its own generator's residuals correlate with it more than photographs' do.
    solver
        ``unet`` or ``paper``.
    canvas
        P, its period in pixels.
    seed
        Of the network and its noise; None where it is not known.
    steps
        Optimiser steps behind ``array``.
    losses
        Loss of each step that was run, empty where it is not known.
    facts
        Names to numbers, words and truth values. Always ``mu_real`` and ``mu_fake``, the mean correlation of the
        photographs and of the generated images it was solved from, the centres that
        :func:`difreg.registry.solvers.paper.decide` compares.
    """

    array: NDArray[np.float32]
    solver: str
    canvas: int
    seed: int | None
    steps: int
    losses: tuple[float, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def fold_to(array: Array, period: int = PERIOD) -> NDArray[np.float64]:
    """Average (..., P, P) over its tiles of ``period`` pixels, which divides P: (..., period, period)."""
    copies = array.shape[-1] // period
    tiles = array.reshape(*array.shape[:-2], copies, period, copies, period)
    out: NDArray[np.float64] = tiles.mean((-4, -2), dtype=np.float64)
    return out


def folded(residual: Array, canvas: int = 32) -> NDArray[np.float64] | None:
    """What :func:`difreg.registry.sketches.sketch` is for 16 pixels, for another period.

    Parameters
    ----------
    residual
        (3, H, W), H and W multiples of ``canvas``, any unit.
    canvas
        The period in pixels, a multiple of 16.

    Returns
    -------
    (3, canvas, canvas): the residual high-passed at 1/16 cycle a pixel, scaled to unit norm and averaged over its
    tiles; None where it has no energy above the cut-off (a flat image).
    """
    height, width = residual.shape[1:]
    spectrum = np.fft.rfft2(residual)
    spectrum[:, low_frequencies(height, width)] = 0
    passed = np.fft.irfft2(spectrum, s=(height, width))
    norm = float(np.linalg.norm(passed))
    if not norm > LEAST_NORM:
        return None
    tiles = passed.reshape(3, height // canvas, canvas, width // canvas, canvas)
    out: NDArray[np.float64] = tiles.mean((1, 3)) / norm
    return out


def correlate(array: Array, folds: Array, side: int = CROP) -> NDArray[np.float64]:
    """Correlation of residuals of ``side`` x ``side`` pixels, given as folds, with a fingerprint tiled over them.

    Parameters
    ----------
    array
        (3, P, P) fingerprint, any scale.
    folds
        (n, 3, P, P) from :func:`folded`.

    Returns
    -------
    (n,) in [-1, 1].
    """
    centred = np.asarray(array, np.float64) - float(np.mean(array, dtype=np.float64))
    unit = centred.ravel() / max(float(np.linalg.norm(centred)), LEAST_NORM)
    out: NDArray[np.float64] = side / array.shape[-1] * (folds.reshape(len(folds), -1) @ unit)
    return out
