"""Traces of resampling and blur: periodic errors of interpolation, and high frequencies that hold only rounding.

Between the pixels of an interpolated image linear relations hold whose strength is periodic (Popescu and Farid, IEEE
Trans. Signal Processing 53, 2005); the error of one fixed predictor shows the period as a peak of its spectrum
(Kirchner, ACM MM&Sec 2008). Peaks at multiples of 1/16 cycle a pixel are left out: a generator's own up-sampling leaves
those.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve, uniform_filter

LATTICE = 16
LOWEST = 0.08  # cycles a pixel; content peaks below
AROUND = 15  # frequencies of the surroundings
LARGEST = 8.0  # grey levels; larger errors count as this
PREDICTOR = np.array([[-0.25, 0.5, -0.25], [0.5, 0, 0.5], [-0.25, 0.5, -0.25]])
TOP = 0.45  # cycles a pixel, along either axis
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """``peak``: power of the strongest periodic error over its surroundings', at ``fy`` and ``fx`` cycles a pixel;
    ``top``: decimal logarithm of the power at the highest frequencies, in squared grey levels (rounding alone: -1.6).
    """

    peak: float
    fy: float
    fx: float
    top: float


def scaling(luma: Array) -> Scaling:
    """Traces in the largest square of (H, W) luminance, in grey levels, whose sides are multiples of 16."""
    side = min(luma.shape) // LATTICE * LATTICE
    part = luma[:side, :side]
    window, off_lattice, top = _masks(side)
    error = np.minimum(np.abs(convolve(part, PREDICTOR, mode="nearest") - part), LARGEST)
    power = _power(error, window)
    surroundings = (
        uniform_filter(power, AROUND, mode="wrap") * AROUND**2 - uniform_filter(power, 3, mode="wrap") * 9
    ) / (AROUND**2 - 9)
    ratios = np.where(off_lattice, power / np.maximum(surroundings, 1e-9), 0.0)
    row, column = np.unravel_index(int(ratios.argmax()), ratios.shape)
    highest = np.median(_power(part, window)[top]) / (window**2).sum()
    return Scaling(
        float(ratios[row, column]),
        abs(float(np.fft.fftfreq(side)[row])),
        float(column / side),
        float(np.log10(max(highest, 1e-6))),
    )


def _power(values: Array, window: Array) -> Array:
    out: Array = np.abs(np.fft.rfft2((values - values.mean()) * window)) ** 2
    return out


@cache
def _masks(side: int) -> tuple[Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Window, frequencies that may be a peak of resampling, and the highest ones."""
    y, x = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    step = side // LATTICE
    near = [np.abs((np.rint(f * side) + step // 2) % step - step // 2) <= 1 for f in (y, x)]
    off_lattice = (np.hypot(y, x) >= LOWEST) & ~(near[0] & near[1])
    window = np.hanning(side)
    return np.outer(window, window), off_lattice, np.maximum(np.abs(y), x) >= TOP
