"""Intervals hold what they are about, stay wide where nothing was ever wrong, and agree with their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from difreg.registry import intervals

RATES = st.floats(0, 1)
COUNTS = st.integers(1, 500)


def test_known_values() -> None:
    assert intervals.wilson(1.0, 20) == pytest.approx((0.8389, 1.0), abs=1e-4)
    assert intervals.wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998


@given(RATES, COUNTS)
def test_wilson_holds_the_rate(rate: float, n: int) -> None:
    low, high = intervals.wilson(rate, n)
    assert 0 <= low <= rate + 1e-12
    assert rate - 1e-12 <= high <= 1
    assert high - low > 1e-3


@given(RATES, COUNTS, RATES, COUNTS)
def test_accuracy_lies_between_its_sides(hits: float, n: int, rejections: float, m: int) -> None:
    low, high = intervals.accuracy(hits, n, rejections, m)
    assert 0 <= low <= (hits + rejections) / 2 + 1e-12
    assert (hits + rejections) / 2 - 1e-12 <= high <= 1
    sides = [intervals.wilson(hits, n), intervals.wilson(rejections, m)]
    assert high - low <= sum(b - a for a, b in sides) / 2 + 1e-9


@given(RATES, COUNTS, COUNTS)
def test_auc_ends_where_its_variance_says(value: float, n: int, m: int) -> None:
    low, high = intervals.auc(value, n, m)
    assert 0 <= low <= value <= high <= 1
    mean = (n + m) / 2 - 1
    for end in (low, high):
        inner = 1 + mean * (1 - end) / (2 - end) + mean * end / (1 + end)
        reach = intervals.Z95 * math.sqrt(end * (1 - end) * inner / (n * m))
        assert abs(value - end) == pytest.approx(reach, abs=1e-6)


def test_a_perfect_auc_is_not_certain() -> None:
    low, high = intervals.auc(1.0, 20, 71)
    assert 0.85 < low < 0.97
    assert high == 1
    assert intervals.auc(1.0, 200, 700)[0] > low


def test_nothing_known_is_nothing_told() -> None:
    assert np.isnan([*intervals.wilson(0.5, 0), *intervals.auc(math.nan, 9, 9)]).all()
