"""The weight-free denoiser ``wavelet-1``: adaptive Wiener shrinkage of wavelet coefficients.

Method: Mihcak, Kozintsev, Ramchandran, ICASSP 1999; used for camera noise by Lukas, Fridrich, Goljan, IEEE TIFS 2006.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import pywt
from numpy.typing import NDArray

SIGMA = 1.0  # grey levels
WAVELET = "db8"
LEVELS = 4
WINDOWS = (3, 5, 7, 9)  # each two wider than the one before
EDGE = WINDOWS[-1] // 2


class WaveletDenoiser:
    """Daubechies-8 wavelets, 4 levels, symmetric borders, noise of one grey level."""

    name = "wavelet-1"

    def calm(self) -> AbstractContextManager[None]:
        """Nothing needs to be set."""
        return nullcontext()

    def residual(self, crop: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Noise of one image: (H, W, 3) grey levels 0..255 in, (3, H, W) grey levels out.

        In each detail band the local variance is the smallest of four box averages of the squared coefficients less
        sigma squared, floored at 0; the noise is ``band * sigma^2 / (variance + sigma^2)``. The approximation is
        dropped.
        """
        channels = np.moveaxis(crop, 2, 0).astype(np.float64)
        bands = pywt.wavedec2(channels, WAVELET, level=LEVELS, mode="symmetric", axes=(1, 2))
        noise = [np.zeros_like(bands[0])]
        noise += [tuple(_noise(band) for band in level) for level in bands[1:]]
        height, width = channels.shape[1:]
        out: NDArray[np.float64] = pywt.waverec2(noise, WAVELET, mode="symmetric", axes=(1, 2))[:, :height, :width]
        return out


def _noise(band: NDArray[np.float64]) -> NDArray[np.float64]:
    gain = least_mean(band * band)
    gain -= SIGMA**2
    np.maximum(gain, 0.0, out=gain)
    gain += SIGMA**2
    np.divide(SIGMA**2, gain, out=gain)
    gain *= band
    return gain


def least_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Smallest of the means over the centred square windows: (..., H, W) in, both sides 4 or more, and out.

    Borders are mirrored with the outer value repeated. Sums over rows grow from one window to the next.
    """
    height, width = values.shape[-2:]
    wide = _mirrored(values)
    rows = wide[..., EDGE : EDGE + height, :].copy()
    box, least = np.empty_like(values), np.full_like(values, np.inf)
    for size in WINDOWS:
        first, last = EDGE - size // 2, EDGE + size // 2
        rows += wide[..., first : first + height, :]
        rows += wide[..., last : last + height, :]
        np.add(rows[..., first : first + width], rows[..., last : last + width], out=box)
        for start in range(first + 1, last):
            box += rows[..., start : start + width]
        box *= 1 / size**2
        np.minimum(least, box, out=least)
    return least


def _mirrored(values: NDArray[np.float64]) -> NDArray[np.float64]:
    *outer, height, width = values.shape
    wide = np.empty((*outer, height + 2 * EDGE, width + 2 * EDGE))
    middle = wide[..., EDGE:-EDGE, :]
    middle[..., EDGE:-EDGE] = values
    middle[..., :EDGE] = values[..., EDGE - 1 :: -1]
    middle[..., -EDGE:] = values[..., : -EDGE - 1 : -1]
    wide[..., :EDGE, :] = middle[..., EDGE - 1 :: -1, :]
    wide[..., -EDGE:, :] = middle[..., : -EDGE - 1 : -1, :]
    return wide
