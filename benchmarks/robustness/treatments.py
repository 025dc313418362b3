"""What happens to images on their way, done to crops of 256 x 256 pixels.

The collection holds crops of that size alone. So what takes pixels away leaves fewer: a crop off the grid and one after
compression leave 240 x 240, three quarters of the size 192 x 192. What enlarges is cut to 256 x 256 again, its corner
on the 16-pixel grid but for the screenshot's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

CROP = 256
SMALLER = 240
Treatment = Callable[[Image.Image], Image.Image]  # one that compresses gives an image opened from a BytesIO


def saved(form: str, quality: int) -> Treatment:
    """Compression into a file of this form."""

    def treat(image: Image.Image) -> Image.Image:
        stream = BytesIO()
        image.save(stream, form, quality=quality)
        return Image.open(stream)

    return treat


def _resized(factor: float, left: int = 0, top: int = 0, how: Image.Resampling = Image.Resampling.BICUBIC) -> Treatment:
    def treat(image: Image.Image) -> Image.Image:
        side = round(image.width * factor)
        larger = image.resize((side, side), how)
        return larger.crop((left, top, left + CROP, top + CROP)) if side > CROP else larger

    return treat


def _blurred(sigma: float) -> Treatment:
    return lambda image: _rounded(gaussian_filter(np.asarray(image, dtype=np.float64), (sigma, sigma, 0)))


def _noisy(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image)
    seed = int.from_bytes(hashlib.sha256(pixels.tobytes()).digest()[:8], "big")
    return _rounded(pixels + np.random.default_rng(seed).normal(0, 3, pixels.shape))


def _rounded(values: NDArray[np.float64]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _off_grid(image: Image.Image) -> Image.Image:
    return image.crop((3, 5, 3 + SMALLER, 5 + SMALLER))


def _compressed_then_cropped(image: Image.Image) -> Image.Image:
    return _off_grid(saved("JPEG", 90)(image).convert("RGB"))


def _as_is(image: Image.Image) -> Image.Image:
    return image


def _mirrored(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


TREATMENTS: dict[str, Treatment] = {
    "none": _as_is,
    "JPEG 95": saved("JPEG", 95),
    "JPEG 90": saved("JPEG", 90),
    "JPEG 75": saved("JPEG", 75),
    "JPEG 90, then cropped": _compressed_then_cropped,
    "WebP 90": saved("WEBP", 90),
    "resized to .75": _resized(0.75),
    "resized to 1.5": _resized(1.5, 64, 64),
    "blur .5": _blurred(0.5),
    "blur 1": _blurred(1),
    "cropped by 3 and 5": _off_grid,
    "noise 3": _noisy,
    "mirrored": _mirrored,
    "screenshot at 1.25": _resized(1.25, 7, 3, Image.Resampling.BILINEAR),
}
