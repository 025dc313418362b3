"""95 % intervals of rates, accuracies and areas under ROC curves that stay wide where nothing was ever wrong.

With a few dozen images an accuracy of 1.000 is common, and intervals from its estimated variance have no width there.
"""

from __future__ import annotations

import math

Z95 = 1.959963984540054
_STEPS = 60  # of bisection: beyond the precision of a float


def wilson(rate: float, n: int) -> tuple[float, float]:
    """Score interval of a rate over ``n`` trials (Wilson 1927)."""
    if n < 1 or math.isnan(rate):
        return math.nan, math.nan
    z2 = Z95 * Z95 / n
    centre = (rate + z2 / 2) / (1 + z2)
    half = Z95 * math.sqrt(rate * (1 - rate) / n + z2 / n / 4) / (1 + z2)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def accuracy(hits: float, n: int, rejections: float, m: int) -> tuple[float, float]:
    """Interval of the mean of the rate of hits among ``n`` images and of rejections among ``m`` photographs.

    Wilson's intervals of both, joined by squares (MOVER; Zou and Donner 2008).
    """
    sides = [(rate, *wilson(rate, count)) for rate, count in ((hits, n), (rejections, m))]
    value = (hits + rejections) / 2
    below, above = (math.hypot(*(rate - low for rate, low, _ in sides)), math.hypot(*(up - r for r, _, up in sides)))
    return max(value - below / 2, 0.0), min(value + above / 2, 1.0)


def auc(value: float, n: int, m: int) -> tuple[float, float]:
    """Interval of an area under the ROC curve of ``n`` images against ``m`` photographs (Newcombe 2006, method 5).

    The areas theta with ``|value - theta| <= 1.96 sqrt(V(theta))``, V the variance of Hanley and McNeil (1982) with
    both counts in its inner terms replaced by their mean.
    """
    if n < 1 or m < 1 or math.isnan(value):
        return math.nan, math.nan
    mean = (n + m) / 2 - 1

    def inside(theta: float) -> bool:
        inner = 1 + mean * (1 - theta) / (2 - theta) + mean * theta / (1 + theta)
        return abs(value - theta) <= Z95 * math.sqrt(theta * (1 - theta) * inner / (n * m))

    ends = []
    for outer in (0.0, 1.0):
        near, far = value, outer
        for _ in range(_STEPS):
            middle = (near + far) / 2
            near, far = (middle, far) if inside(middle) else (near, middle)
        ends.append(near)
    return ends[0], ends[1]
