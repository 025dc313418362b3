"""JPEG's traces in the pixels of a file that is lossless today: the comb of quantised DCT coefficients.

Once an image was compressed, each DCT coefficient of its luminance lies near a multiple of a step (Fan and de Queiroz,
"Identification of bitmap compression history", IEEE Trans. Image Processing 12, 2003). No generator does that, though
many leave a pattern of 8 pixels, so that blockiness alone would call their images JPEG. Blockiness only says at which
phases of the 8-pixel grid to look for combs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from difreg.registry.histories.files import quality_of

BLOCK = 8
FINEST, COARSEST = 2, 40  # steps that are looked for, in units of orthonormal DCT coefficients of grey levels
BINS = 4  # a unit
LARGEST = 160.0  # coefficient
FEWEST = 20  # coefficients that can speak for a step
CERTAIN = 5.0  # standard deviations
NEAR = 0.75  # units from a multiple, as far as rounding pixels moves a coefficient
HELD = 0.65  # share of the coefficients that must lie so near: a strong pattern of 8 pixels gathers them too, but wider
LIKE = 0.7  # of the strongest: divisors of a step show the comb too, so that the largest step about as strong counts
NEAREST = 2  # phases tried on each axis
FAR = 0.2
LOUD = 30.0  # grey levels; louder edges count as this
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Comb:
    """``frequencies``, of 63, whose coefficients form a comb on blocks that begin at row ``dy`` and column ``dx``;
    ``quality`` is JPEG's by the steps, NaN where they fit no table."""

    frequencies: int
    dy: int
    dx: int
    quality: float


def comb(luma: Array) -> Comb:
    """The strongest comb of (H, W) luminance in grey levels; the grid's own phase is preferred."""
    best = Comb(0, 0, 0, float("nan"))
    for dy, dx in _phases(luma):
        z = _strengths(luma[dy:, dx:])
        found = int((z.max(1) > CERTAIN).sum())
        if found > best.frequencies:
            best = Comb(found, dy, dx, _quality(z))
        if best.frequencies >= BLOCK * BLOCK // 4:
            break
    return best


def _phases(luma: Array) -> list[tuple[int, int]]:
    """(0, 0), and where blocks most likely begin by the cross differences over their edges."""
    d = np.abs(luma[:-1, :-1] - luma[1:, :-1] - luma[:-1, 1:] + luma[1:, 1:])
    height, width = (side // BLOCK * BLOCK for side in d.shape)
    tiles = np.minimum(d[:height, :width], LOUD).reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).mean((0, 2))
    rows, columns = (((np.argsort(-tiles.mean(axis))[:NEAREST] + 1) % BLOCK).tolist() for axis in (1, 0))
    return list(dict.fromkeys([(0, 0), *((y, x) for y in rows for x in columns)]))


def _strengths(luma: Array) -> Array:
    """(63, steps) how strongly each frequency's coefficients lie on multiples of each step, in standard deviations.

    The mean of cos(2 pi c / step) over the n coefficients of more than half a step; at random its variance is 1 / 2n.
    Zero where they are few, or not near enough to the multiples.
    """
    height, width = (side // BLOCK * BLOCK for side in luma.shape)
    blocks = luma[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).transpose(0, 2, 1, 3)
    values = np.abs(blocks.reshape(-1, BLOCK * BLOCK) @ _cosines()).T[1:]
    bins = int(LARGEST * BINS) + 1
    places = np.minimum(np.rint(values * BINS), bins - 1).astype(np.int64) + bins * np.arange(len(values))[:, None]
    counts = np.bincount(places.ravel(), minlength=bins * len(values)).reshape(len(values), bins)[:, :-1]
    waves, counted, near = _waves()
    n = counts @ counted
    held = (n >= FEWEST) & (counts @ near >= HELD * n)
    out: Array = np.where(held, counts @ waves / np.sqrt(np.maximum(n, 1) / 2), 0.0)
    return out


@cache
def _cosines() -> Array:
    """(64, 64) orthonormal DCT-II of a block, a frequency a column."""
    k, x = np.arange(BLOCK)[:, None], np.arange(BLOCK)
    one = np.cos(np.pi * (2 * x + 1) * k / (2 * BLOCK)) * np.sqrt(np.where(k, 2, 1) / BLOCK)
    return np.kron(one, one).T


@cache
def _waves() -> tuple[Array, Array, Array]:
    """Of each bin of magnitude and each step: the cosine, whether it counts, whether it is near; (bins, steps) each."""
    values, steps = np.arange(int(LARGEST * BINS))[:, None] / BINS, np.arange(FINEST, COARSEST + 1)
    counted = values > steps / 2
    near = np.abs(values - np.rint(values / steps) * steps) <= NEAR
    waves = np.where(counted, np.cos(2 * np.pi * values / steps), 0.0)
    return waves, counted.astype(np.float64), (counted & near).astype(np.float64)


def _quality(z: Array) -> float:
    certain = z.max(1) > CERTAIN
    alike = z >= LIKE * z.max(1, keepdims=True)
    steps = np.concatenate([[1.0], FINEST + (z.shape[1] - 1 - alike[:, ::-1].argmax(1))])
    known = np.concatenate([[False], certain])
    if not known.any():
        return float("nan")
    quality, far = quality_of(steps, known)
    return float(quality) if far <= FAR else float("nan")
