"""Student's t about zero: its density, its tail and its scale by maximum likelihood."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TERMS = 20  # of the fraction; to 1e-12 of the tail for 30 degrees of freedom and fewer


def log_t(x: Array, degrees: float, scale: float) -> Array:
    """Logarithm of the density of a Student t about zero."""
    peak = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(degrees * math.pi)
    out: Array = peak - math.log(scale) - (degrees + 1) / 2 * np.log1p((x / scale) ** 2 / degrees)
    return out


def tail(x: Array, degrees: float) -> Array:
    """Probability that a Student t of scale 1 exceeds (...) ``x``; right in proportion however small it is.

    Half the regularised incomplete beta function of ``degrees / (degrees + x^2)`` (Abramowitz and Stegun 26.7.1), or
    where that is large half of one less that of its complement.
    """
    square = np.asarray(x * x)
    a, within = degrees / 2, np.asarray(degrees / (degrees + square))
    far = within < (a + 1) / (a + 2.5)
    out = np.empty(square.shape)
    out[far] = _beta(within[far], a, 0.5) / 2
    near = square[~far] / (degrees + square[~far])
    out[~far] = (1 - _beta(near, 0.5, a)) / 2
    return np.where(x < 0, 1 - out, out)


def _beta(x: Array, a: float, b: float) -> Array:
    """Regularised incomplete beta function of (n,) ``x`` below (a + 1) / (a + b + 2), by its continued fraction.

    Abramowitz and Stegun 26.5.8, from the innermost term out.
    """
    below = np.ones_like(x)
    for m in range(TERMS, -1, -1):
        below = 1 - (a + m) * (a + b + m) / ((a + 2 * m) * (a + 2 * m + 1)) * x / below
        if m:
            below = 1 + m * (b - m) / ((a + 2 * m - 1) * (a + 2 * m)) * x / below
    whole = math.exp(math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b))
    out: Array = x**a * (1 - x) ** b / (a * whole * below)
    return out


def student_scale(x: Array, degrees: float, weight: Array | None = None) -> Array:
    """Maximum-likelihood scale, (...), of a Student t about zero along the last axis (expectation maximisation).

    Parameters
    ----------
    weight
        (...) like ``x``; all alike where None.
    """
    share = np.ones_like(x) if weight is None else weight
    share = share / share.sum(-1, keepdims=True)
    scale = np.sqrt((share * x * x).sum(-1))
    for _ in range(200):
        trust = (degrees + 1) / (degrees + (x / scale[..., None]) ** 2)
        scale = np.sqrt((share * trust * x * x).sum(-1))
    return np.asarray(scale)
