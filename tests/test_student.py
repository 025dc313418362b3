"""Student's t against another program's, far into the tail."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import t as student

from difreg.lineage.calibration import DEGREES
from difreg.lineage.student import log_t, student_scale, tail

degrees = st.sampled_from(DEGREES) | st.floats(1, 30)


def reference(x: NDArray[np.float64], v: float) -> NDArray[np.float64]:
    """Scipy's tail, and about zero, where that has only half of the digits, the density's series."""
    near = 0.5 - x * student.pdf(0, v) * (1 - (v + 1) / (6 * v) * x * x)
    return np.where(np.abs(x) < 1e-4, near, student.sf(x, v))


@example([1e-8], 1.0)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20), degrees)
def test_the_tail_is_right_in_proportion(x: list[float], v: float) -> None:
    assert tail(np.array(x), v) == pytest.approx(reference(np.array(x), v), rel=1e-11)


def test_about_zero_a_cauchy_has_a_closed_form() -> None:
    x = np.array([-1e-3, -1e-8, -1e-15, 0.0, 1e-12, 1e-8, 1e-4])
    assert tail(x, 1) == pytest.approx(0.5 - np.arctan(x) / np.pi, rel=1e-15)


@given(st.floats(1e-100, 0.5), degrees)
def test_small_probabilities_have_all_their_digits(p: float, v: float) -> None:
    x = np.array([student.isf(p, v)])
    assert tail(x, v) == pytest.approx(student.sf(x, v), rel=1e-11)


def test_four_degrees_have_a_closed_form() -> None:
    x = np.linspace(-8, 8, 101).reshape(1, 101)
    cosine = 1 / (1 + x * x / 4)
    below = np.sqrt(1 - cosine) * (1 + cosine / 2) * np.sign(x)  # Abramowitz and Stegun 26.7.4
    assert tail(x, 4) == pytest.approx((1 - below) / 2, rel=1e-9)


def test_nothing_known_stays_unknown() -> None:
    found = tail(np.array([np.nan, 0.0]), 7)
    assert np.isnan(found[0])
    assert found[1] == 0.5


@given(st.floats(-40, 40), degrees, st.floats(0.2, 3))
def test_density(x: float, v: float, scale: float) -> None:
    assert log_t(np.array(x), v, scale) == pytest.approx(student.logpdf(x, v, scale=scale), abs=1e-9)


def test_the_scale_is_the_likeliest() -> None:
    x = 0.7 * np.random.default_rng(1).standard_t(5, 400)
    found = float(student_scale(x, 5))
    around = [log_t(x, 5, s).sum() for s in (found * 0.999, found, found * 1.001)]
    assert max(around) == around[1]
    assert found == pytest.approx(0.7, rel=0.1)
