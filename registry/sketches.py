"""Sketches: the 768 numbers (3 x 16 x 16) of an image in which a generator's fingerprint lies.

A sketch is the residual, high-passed at 1/16 cycle a pixel and scaled to unit norm, averaged over its 16 x 16 tiles.
About 90 % of a Deep Image Fingerprint's energy lies on that 16-periodic lattice, so that nothing else need be kept.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

PERIOD = 16
SIZE = 3 * PERIOD * PERIOD
CUTOFF = 1 / 16  # cycles a pixel
LEAST_NORM = 1e-9
Array = NDArray[np.float64]


def sketch(residual: Array) -> Array | None:
    """Sketch of one residual.

    Parameters
    ----------
    residual
        (3, H, W), H and W multiples of 16, any unit (the scale cancels).

    Returns
    -------
    (3, 16, 16) array, or None where the residual has no energy above the cut-off (a flat image).
    """
    height, width = residual.shape[1:]
    spectrum = np.fft.rfft2(residual)
    spectrum[:, low_frequencies(height, width)] = 0
    # Parseval on a half spectrum: every column but the first and the last stands for two.
    power = np.abs(spectrum) ** 2
    norm = np.sqrt((2 * power.sum() - power[..., 0].sum() - power[..., -1].sum()) / (height * width))
    if not norm > LEAST_NORM:
        return None
    # The mean over tiles keeps the frequencies on the lattice alone.
    lattice = spectrum[:, :: height // PERIOD, :: width // PERIOD]
    tile: Array = np.fft.irfft2(lattice, s=(PERIOD, PERIOD)) * (PERIOD * PERIOD) / (height * width)
    out: Array = tile / norm
    return out


@cache
def low_frequencies(height: int, width: int) -> NDArray[np.bool_]:
    """Which of a half spectrum's frequencies lie under the cut-off, (height, width // 2 + 1)."""
    low: NDArray[np.bool_] = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]) < CUTOFF
    return low


def fold(sketches: Array, period: int = 8) -> Array:
    """Average (..., 3, 16, 16) sketches over their tiles of ``period`` (8, 4 or 2): (..., 3, period, period)."""
    copies = PERIOD // period
    shape = sketches.shape[:-2]
    out: Array = sketches.reshape(*shape, copies, period, copies, period).mean((-4, -2))
    return out


def pack(sketches: Array) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
    """(n, 3, 16, 16) sketches as half floats scaled to a largest magnitude of 1, and the (n,) scales."""
    flat = sketches.reshape(len(sketches), SIZE)
    scale = np.abs(flat).max(1).astype(np.float32)
    return (sketches / scale[:, None, None, None]).astype(np.float16), scale


def unpack(packed: NDArray[np.float16], scale: NDArray[np.float32]) -> Array:
    """The sketches that :func:`pack` wrote, (n, 3, 16, 16), to about three decimal digits."""
    return packed.astype(np.float64) * scale.astype(np.float64)[:, None, None, None]
