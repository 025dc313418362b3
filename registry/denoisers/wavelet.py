"""The weight-free denoiser ``wavelet-1``: adaptive Wiener shrinkage of wavelet coefficients.

Method: Mihcak, Kozintsev, Ramchandran, ICASSP 1999; used for camera noise by Lukas, Fridrich, Goljan, IEEE TIFS 2006.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import pywt
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

SIGMA = 1.0  # grey levels
WAVELET = "db8"
LEVELS = 4
WINDOWS = (3, 5, 7, 9)


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
        noise += [tuple(_noise(np.stack(level))) for level in bands[1:]]
        height, width = channels.shape[1:]
        out: NDArray[np.float64] = pywt.waverec2(noise, WAVELET, mode="symmetric", axes=(1, 2))[:, :height, :width]
        return out


def _noise(detail: NDArray[np.float64]) -> NDArray[np.float64]:
    energy = detail * detail
    least = np.full_like(energy, np.inf)
    for size in WINDOWS:
        box = uniform_filter1d(uniform_filter1d(energy, size, axis=-2), size, axis=-1)
        np.minimum(least, box, out=least)
    variance = np.maximum(least - SIGMA**2, 0.0)
    return detail * (SIGMA**2 / (variance + SIGMA**2))
