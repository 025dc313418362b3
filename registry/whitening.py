"""Whitened templates: what of a generator's sketches is compared when kinship is asked for.

Sketches are folded to period 8, turned into an orthonormal Fourier-times-colour basis, and divided by the spread each
coefficient has from image to image within generators (the diagonal of within-class covariance normalisation, Hatch et
al., Interspeech 2006). Without it a few loud checkerboard coefficients make unrelated upsamplers look alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from difreg.registry.sketches import fold

PERIOD = 8
SIZE = 3 * PERIOD * PERIOD
FLOOR = 0.02  # of the mean variance, added to every variance
LEAST = 1e-12
Array = NDArray[np.float64]


@cache
def basis(period: int = PERIOD) -> tuple[Array, NDArray[np.int64]]:
    """Orthonormal real Fourier basis of a tile, times an orthonormal colour basis.

    Returns
    -------
    rows
        (3 * period**2, 3 * period**2), a coefficient a row; colours are sum, red - green and sum - 3 blue.
    periods
        (3 * period**2,) spatial period of each coefficient in pixels: period / gcd of its two frequencies; 1 is flat.
    """
    y, x = np.mgrid[0:period, 0:period]
    rows: list[Array] = []
    spatial: list[int] = []
    for u in range(period):
        for v in range(period):
            mirror = (-u % period, -v % period)
            if (u, v) > mirror:
                continue
            phase = 2 * np.pi * (u * y + v * x) / period
            waves = [np.cos(phase)] if (u, v) == mirror else [np.cos(phase), np.sin(phase)]
            rows += [(wave / np.linalg.norm(wave)).ravel() for wave in waves]
            spatial += [period // int(np.gcd.reduce([u, v, period]))] * len(waves)
    colours = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]], dtype=np.float64)
    colours /= np.linalg.norm(colours, axis=1, keepdims=True)
    matrix = np.kron(colours, np.array(rows)).astype(np.float64)
    return matrix, np.tile(np.array(spatial, dtype=np.int64), 3)


def coefficients(sketches: Array) -> Array:
    """Fourier-colour coefficients, (n, 192), of (n, 3, 16, 16) sketches folded to period 8."""
    folded = fold(sketches, PERIOD)
    out: Array = folded.reshape(len(folded), SIZE) @ basis()[0].T
    return out


@dataclass(frozen=True)
class Whitening:
    """``(coefficients - centre) * weights``, both (192,)."""

    centre: Array
    weights: Array

    def __call__(self, sketches: Array) -> Array:
        """Whitened coefficients, each image scaled to unit length, (n, 192), of (n, 3, 16, 16) sketches."""
        return self.unit(coefficients(sketches))

    def unit(self, values: Array) -> Array:
        """The same for (n, 192) coefficients that :func:`coefficients` gave."""
        white = (values - self.centre) * self.weights
        out: Array = white / np.maximum(np.linalg.norm(white, axis=-1, keepdims=True), LEAST)
        return out


def fit_whitening(sets: Sequence[Array], centre: Array | None = None) -> Whitening:
    """Whitening from the pooled variance within sets of coefficients.

    Parameters
    ----------
    sets
        (n_i, 192) coefficients, an array a generator, each with two images or more.
    centre
        (192,); zero where None. A photographs' mean is no better: its own sampling error is about as large as it is,
        and in kin pairs that error is shared (measured; see ``docs/background.md``).
    """
    total = sum(((c - c.mean(0)) ** 2).sum(0) for c in sets)
    variance = total / sum(len(c) - 1 for c in sets)
    weights = 1 / np.sqrt(variance + FLOOR * variance.mean())
    weights[basis()[1] == 1] = 0  # a flat shift of all pixels is no pattern
    return Whitening(np.zeros(SIZE) if centre is None else centre, weights)


@dataclass(frozen=True)
class Template:
    """Mean direction of a set of unit vectors.

    Attributes
    ----------
    direction
        (192,), unit length.
    reliability
        Expected squared cosine of ``direction`` with that of infinitely many images, unbiased, so negative for noise;
        NaN for one image.
    """

    direction: Array
    reliability: float


def template(units: Array) -> Template:
    """Template of (n, 192) unit vectors. With m the mean, reliability is (n^2 |m|^2 - n) / (n (n - 1) |m|^2)."""
    n, mean = len(units), units.mean(0)
    energy = float(mean @ mean)
    reliability = (n * n * energy - n) / (n * (n - 1) * max(energy, LEAST)) if n > 1 else np.nan
    return Template(mean / max(np.sqrt(energy), LEAST), float(reliability))


def images_needed(reliability: float, images: int, wanted: float = 0.5) -> int | None:
    """How many images reach ``wanted`` reliability (Spearman-Brown), or None where too little can be told."""
    if not reliability > 0.02:
        return None
    ratio = wanted / (1 - wanted) * (1 - reliability) / reliability
    return max(int(np.ceil(images * ratio)), images)
