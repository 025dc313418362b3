"""Detection: does an image carry a fingerprint? Correlation of its residual with a filter matched to the fingerprint.

A closed-form fingerprint still holds what its few images happened to share with photographs. The filter turns down the
directions in which photographs vary (Fisher's discriminant), which is worth most where few images trained: see
``docs/engine.md``. It keeps all 16 periods, unlike the whitened template that kinship is read from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from difreg.registry.sketches import PERIOD

Array = NDArray[np.float64]
LEAST = 1e-12


@dataclass(frozen=True)
class Noise:
    """How sketches of photographs vary about their mean.

    Attributes
    ----------
    deviations
        (m, 768) sketches less their mean.
    """

    deviations: Array

    @classmethod
    def of(cls, photographs: Array) -> Noise:
        """The variation of (m, 3, 16, 16) sketches, m of 2 or more."""
        flat = photographs.reshape(len(photographs), -1)
        return cls(flat - flat.mean(0))

    def matched(self, fingerprints: Array) -> Array:
        """Filters matched to fingerprints in this noise, (..., 3, 16, 16), on the fingerprints' own scale.

        The inverse of the covariance C, shrunk half-way to the identity times its mean variance t, applied to each:
        Fisher's linear discriminant (Fisher 1936), regularised as by Friedman (1989). From m photographs C has rank
        m - 1, so it is taken by Woodbury's identity: v - X'(XX' + (m - 1) t I)^-1 X v with X the deviations.
        """
        flat = fingerprints.reshape(-1, self.deviations.shape[1])
        out: Array = (flat - flat @ self._inner.T @ self.deviations).reshape(fingerprints.shape)
        return out

    @cached_property
    def _inner(self) -> Array:
        """(XX' + (m - 1) t I)^-1 X, (m, 768): what every filter is made with."""
        x = self.deviations
        if not x.any():
            return x
        ridge = np.einsum("ij,ij->", x, x) / x.shape[1]
        out: Array = np.linalg.solve(x @ x.T + ridge * np.eye(len(x)), x)
        return out


def correlations(fingerprints: Array, sketches: Array) -> Array:
    """Normalised correlation of every image's residual with every tiled fingerprint.

    A sketch is the fold of a unit-norm residual, so the correlation is ``16 * <sketch, fingerprint> / |fingerprint|``.

    Parameters
    ----------
    fingerprints
        (f, 3, 16, 16), any scale.
    sketches
        (n, 3, 16, 16).

    Returns
    -------
    (f, n) in [-1, 1].
    """
    flat = fingerprints.reshape(len(fingerprints), -1)
    unit = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), LEAST)
    out: Array = PERIOD * unit @ sketches.reshape(len(sketches), -1).T
    return out


def leave_one_out(sketches: Array, photo_mean: Array, noise: Noise, tiles: Array | None = None) -> Array:
    """Correlation of each image with the filter matched to the lattice fingerprint that the others give: (n,).

    NaN for a single image. ``tiles``, (n,), weigh the images in the fingerprint.
    """
    n = len(sketches)
    if n < 2:
        return np.full(n, np.nan)
    flat = sketches.reshape(n, -1)
    if tiles is None:
        others = (flat.sum(0) - flat) / (n - 1) - photo_mean.ravel()
    else:
        weighed = tiles[:, None] * flat
        others = (weighed.sum(0) - weighed) / (tiles.sum() - tiles)[:, None] - photo_mean.ravel()
    filters = noise.matched(others)
    norm = np.maximum(np.linalg.norm(filters, axis=1), LEAST)
    out: Array = PERIOD * (filters * flat).sum(1) / norm
    return out


@dataclass(frozen=True)
class Detection:
    """How well scores of generated images stand apart from those of photographs (arrays, a value a fingerprint).

    ``auc``: area under the ROC curve. ``accuracy``: mean of the two rates of right decisions at the threshold.
    ``p_value``: one-sided Mann-Whitney test that the images score higher, normal approximation.
    """

    auc: Array
    accuracy: Array
    p_value: Array


def detection(scores: Array, negatives: Array, thresholds: Array) -> Detection:
    """Detection of images with (f, n) ``scores`` against photographs with (f, m), decided at (f,) ``thresholds``."""
    n, m = scores.shape[1], negatives.shape[1]
    auc = np.array([_auc(s, np.sort(r)) for s, r in zip(scores, negatives, strict=True)])
    hits = (scores > thresholds[:, None]).mean(1)
    rejections = (negatives <= thresholds[:, None]).mean(1)
    p = np.array([mann_whitney(float(a), n, m) for a in auc])
    return Detection(auc, (hits + rejections) / 2, p)


def mann_whitney(auc: float, n: int, m: int) -> float:
    """One-sided p-value of an AUC of ``n`` against ``m`` scores (Mann-Whitney, normal approximation)."""
    return 0.5 * math.erfc((auc - 0.5) / math.sqrt((n + m + 1) / (12 * n * m)) / math.sqrt(2))


def _auc(scores: Array, ordered: Array) -> float:
    below = np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")
    return float(below.mean() / 2 / len(ordered))
