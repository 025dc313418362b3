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

LATTICE = 16
LOWEST = 0.08  # cycles a pixel; content peaks below
AROUND = 15  # frequencies of the surroundings
LARGEST = 8.0  # grey levels; larger errors count as this
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
    error = np.minimum(np.abs(predicted(part) - part), LARGEST)
    power = _power(error, window)
    surroundings = (window_sums(power, AROUND) - window_sums(power, 3)) / (AROUND**2 - 9)
    ratios = np.where(off_lattice, power / np.maximum(surroundings, 1e-9), 0.0)
    row, column = np.unravel_index(int(ratios.argmax()), ratios.shape)
    highest = np.median(_power(part, window)[top]) / (window**2).sum()
    return Scaling(
        float(ratios[row, column]),
        abs(float(np.fft.fftfreq(side)[row])),
        float(column / side),
        float(np.log10(max(highest, 1e-6))),
    )


def predicted(values: Array) -> Array:
    """Half the sum of the four next pixels less a quarter of that of the four diagonal ones; borders are repeated."""
    wide = np.pad(values, 1, mode="edge")
    beside = wide[1:-1, :-2] + wide[1:-1, 2:] + wide[:-2, 1:-1] + wide[2:, 1:-1]
    across = wide[:-2, :-2] + wide[:-2, 2:] + wide[2:, :-2] + wide[2:, 2:]
    out: Array = beside / 2 - across / 4
    return out


def window_sums(values: Array, size: int) -> Array:
    """Sums over the centred square windows of odd ``size`` of (H, W) values, which wrap round at the borders."""
    height, width = values.shape
    wide = np.pad(values, size // 2, mode="wrap")
    rows = sum((wide[k : k + height] for k in range(1, size)), wide[:height])
    return sum((rows[:, k : k + width] for k in range(1, size)), rows[:, :width])


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
