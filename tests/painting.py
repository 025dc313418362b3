"""Made images, sketches and profiles of made generators, each known by the number of its pattern."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from difreg.registry.background import Background, get
from difreg.registry.profiles import Profile, profile
from difreg.registry.whitening import basis

Array = NDArray[np.float64]


def paint(seed: int, pattern_seed: int, size: tuple[int, int] = (256, 256), strength: float = 3.0) -> NDArray[np.uint8]:
    """A textured random image, (height, width, 3) for a ``size`` of (width, height), with a generator's pattern.

    The pattern repeats every 16 pixels and depends on ``pattern_seed`` alone; ``strength`` is its spread, grey levels.
    """
    width, height = size
    rng = np.random.default_rng([seed, 1])
    coarse = rng.normal(128, 30, (8, 8, 3)).clip(0, 255).astype(np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC), dtype=np.float64)
    tile = np.random.default_rng([pattern_seed, 2]).normal(0, 1, (8, 8, 3))
    wide = np.random.default_rng([pattern_seed, 3]).normal(0, 0.5, (16, 16, 3))
    pattern = np.tile(np.tile(tile, (2, 2, 1)) + wide, (height // 16 + 1, width // 16 + 1, 1))[:height, :width]
    made = smooth + rng.normal(0, 4, smooth.shape) + strength * pattern
    out: NDArray[np.uint8] = made.clip(0, 255).round().astype(np.uint8)
    return out


def write_set(folder: Path, pattern_seed: int, n: int, seed: int, format: str = "png") -> list[Path]:  # noqa: A002
    """``n`` different images of one generator in ``folder``, which is made; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{k:03}.{format}" for k in range(n)]
    for k, path in enumerate(paths):
        Image.fromarray(paint(seed * 1000 + k, pattern_seed)).save(path, lossless=True)
    return paths


def pattern(number: int) -> Array:
    """(192,) unit whitened direction of a made generator; those of two numbers are unrelated."""
    drawn = np.random.default_rng([number, 4]).normal(size=192)
    drawn[get().whitening.weights == 0] = 0
    out: Array = drawn / np.linalg.norm(drawn)
    return out


def of_period(number: int, period: int) -> Array:
    """The part of a made generator's direction that has one period, of unit length."""
    part = pattern(number) * (basis()[1] == period)
    out: Array = part / np.linalg.norm(part)
    return out


def imitation(number: int, other: int) -> Array:
    """A direction whose loud period is that of the generator ``other``, and whose faint ones are ``number``'s."""
    return 0.91 * of_period(other, 8) + 0.3 * of_period(number, 2) + 0.28 * of_period(number, 4)


def sketched(direction: Array, n: int, seed: int, strength: float = 10.0) -> Array:
    """(n, 3, 16, 16) sketches whose whitened coefficients are ``strength * direction`` and noise of spread 1."""
    whitening = get().whitening
    white = strength * direction + np.random.default_rng([seed, 5]).normal(size=(n, 192))
    weights = np.where(whitening.weights > 0, whitening.weights, np.inf)
    folded = (white / weights + whitening.centre) @ basis()[0]
    return np.tile(folded.reshape(n, 3, 8, 8), (1, 1, 2, 2))


def contents(seed: int, n: int) -> tuple[str, ...]:
    """Hashes such as those of the pixels of ``n`` images."""
    return tuple(hashlib.sha256(f"{seed}/{k}".encode()).hexdigest() for k in range(n))


def made(
    name: str,
    number: int | Array,
    n: int = 12,
    seed: int = 0,
    strength: float = 10.0,
    background: Background | None = None,
) -> Profile:
    """Profile of ``n`` images of the made generator ``number`` (or of a whitened direction)."""
    direction = pattern(number) if isinstance(number, int) else number
    images = sketched(direction, n, seed, strength)
    return profile(name, contents(seed, n), images, background or get())


def jpeg(name: str, seed: int, share: float = 1.0) -> Profile:
    """A set whose direction is ``share`` JPEG's own pattern, the rest one generator's."""
    grid = get().jpeg[4] * (get().whitening.weights > 0)
    own = pattern(7)
    own = own - own @ grid / (grid @ grid) * grid
    mixed = share * grid / np.linalg.norm(grid) + math.sqrt(1 - share**2) * own / np.linalg.norm(own)
    return made(name, mixed, 24, seed)
