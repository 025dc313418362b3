"""The whitened coefficients, the template of a set, and the reliability that says how far to trust it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from difreg.registry.whitening import (
    FLOOR,
    SIZE,
    Whitening,
    basis,
    coefficients,
    fit_whitening,
    images_needed,
    template,
)

Array = NDArray[np.float64]
few = settings(deadline=None, max_examples=20)
seeds = st.integers(0, 2**31)


@pytest.mark.parametrize("period", [2, 4, 8, 16])
def test_basis_is_orthonormal(period: int) -> None:
    rows, periods = basis(period)
    assert rows.shape == (3 * period**2, 3 * period**2)
    assert np.allclose(rows @ rows.T, np.eye(len(rows)), atol=1e-12)
    assert periods.shape == (len(rows),)
    assert (periods == 1).sum() == 3


@pytest.mark.parametrize("period", [2, 4, 8, 16])
def test_a_wave_lies_on_coefficients_of_its_period(period: int) -> None:
    rows, periods = basis(period)
    y, x = np.mgrid[:period, :period]
    rng = np.random.default_rng(period)
    for u in range(period):
        for v in range(period):
            wave = np.cos(2 * np.pi * (u * y + v * x) / period + rng.uniform(0.1, 1.4))
            # The smallest square shift that leaves it as it is, found by shifting.
            shifts = [s for s in range(1, period + 1) if _stays(wave, s)]
            loaded = np.abs(rows @ np.stack([wave, 2 * wave, -wave]).ravel()) > 1e-9
            assert set(periods[loaded]) == {shifts[0]}


def _stays(wave: Array, shift: int) -> bool:
    return all(np.allclose(np.roll(wave, shift, axis), wave, atol=1e-9) for axis in (0, 1))


def test_colours_are_sum_red_minus_green_and_the_rest() -> None:
    rows, _ = basis(2)
    flat = np.arange(1, 4).repeat(4).astype(float)
    r, g, b = 1, 2, 3
    loaded = (rows @ flat).reshape(3, 4)[:, 0] / 2
    assert np.allclose(np.abs(loaded), np.abs([(r + g + b) / 3**0.5, (r - g) / 2**0.5, (r + g - 2 * b) / 6**0.5]))


def test_coefficients_are_of_the_eight_by_eight_fold() -> None:
    sketches = np.random.default_rng(0).normal(size=(3, 3, 16, 16))
    folded = (sketches[..., :8, :8] + sketches[..., 8:, :8] + sketches[..., :8, 8:] + sketches[..., 8:, 8:]) / 4
    rows = basis(8)[0]
    assert np.allclose(coefficients(sketches), [rows @ f.ravel() for f in folded])


@few
@given(seeds, st.lists(st.integers(2, 9), min_size=1, max_size=5), st.booleans())
def test_whitening_divides_by_the_spread_within_sets(seed: int, sizes: list[int], centred: bool) -> None:
    rng = np.random.default_rng(seed)
    sets = [rng.normal(rng.normal(size=SIZE) * 9, rng.uniform(0.1, 3, SIZE), (n, SIZE)) for n in sizes]
    centre = rng.normal(size=SIZE) if centred else None
    made = fit_whitening(sets, centre)
    squares = np.zeros(SIZE)
    for values in sets:
        for row in values:
            squares += (row - values.sum(0) / len(values)) ** 2
    variance = squares / (sum(sizes) - len(sizes))
    expected = (variance + 0.02 * variance.mean()) ** -0.5
    expected[basis(8)[1] == 1] = 0
    assert FLOOR == 0.02
    assert np.allclose(made.weights, expected)
    assert np.array_equal(made.centre, np.zeros(SIZE) if centre is None else centre)


@few
@given(seeds)
def test_a_shift_of_a_whole_set_moves_no_weight(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, two = rng.normal(size=(2, 5, SIZE))
    assert np.allclose(fit_whitening([one, two + 100]).weights, fit_whitening([one, two]).weights)


def test_flat_coefficients_weigh_nothing() -> None:
    made = fit_whitening([np.random.default_rng(1).normal(size=(6, SIZE))])
    assert [k for k in range(SIZE) if made.weights[k] == 0] == [0, 64, 128]
    image = np.random.default_rng(2).normal(size=(1, 3, 16, 16))
    tinted = image + np.array([3.0, -1.0, 7.0])[:, None, None]
    assert np.allclose(made(tinted), made(image))


@few
@given(seeds)
def test_whitened_images_have_unit_length(seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = Whitening(rng.normal(size=SIZE) * 0.1, rng.uniform(1, 5, SIZE))
    sketches = rng.normal(size=(4, 3, 16, 16))
    units = made(sketches)
    white = (coefficients(sketches) - made.centre) * made.weights
    assert np.allclose(np.linalg.norm(units, axis=1), 1)
    assert np.allclose(units * np.linalg.norm(white, axis=1)[:, None], white)


@few
@given(seeds, st.integers(2, 40))
def test_identical_images_are_wholly_reliable(seed: int, n: int) -> None:
    unit = np.random.default_rng(seed).normal(size=SIZE)
    unit /= np.linalg.norm(unit)
    made = template(np.tile(unit, (n, 1)))
    assert made.reliability == pytest.approx(1)
    assert np.allclose(made.direction, unit)


@pytest.mark.parametrize("n", [2, 3, 12, 48])
def test_orthogonal_images_are_not_reliable_at_all(n: int) -> None:
    assert template(np.eye(SIZE)[:n]).reliability == pytest.approx(0, abs=1e-12)


def test_reliability_is_the_mean_agreement_of_two_images_stepped_up() -> None:
    units = np.random.default_rng(3).normal(0.1, 1, (7, SIZE))
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    pairs = [float(units[i] @ units[j]) for i in range(7) for j in range(7) if i != j]
    r = sum(pairs) / len(pairs)
    assert template(units).reliability == pytest.approx(7 * r / (1 + 6 * r))  # Spearman-Brown


def test_one_image_has_a_direction_and_no_reliability() -> None:
    unit = np.eye(SIZE)[:1]
    made = template(unit)
    assert math.isnan(made.reliability)
    assert np.array_equal(made.direction, unit[0])


@pytest.mark.parametrize(("n", "strength"), [(4, 8.0), (8, 5.0), (16, 3.0)])
def test_reliability_is_unbiased(n: int, strength: float) -> None:
    """Its mean over draws is the mean squared cosine with the true direction, to be had from infinitely many images."""
    rng = np.random.default_rng(n)
    truth = np.eye(SIZE)[0]
    told, happened = [], []
    for _ in range(800):
        units = strength * truth + rng.normal(size=(n, SIZE))
        units /= np.linalg.norm(units, axis=1, keepdims=True)
        made = template(units)
        told.append(made.reliability)
        happened.append((made.direction @ truth) ** 2)
    error = np.std(np.subtract(told, happened)) / math.sqrt(len(told))
    assert abs(np.mean(told) - np.mean(happened)) < 4 * error + 0.01
    assert 0.1 < np.mean(happened) < 0.9


@few
@given(st.floats(0.03, 0.97), st.integers(2, 100), st.floats(0.05, 0.9))
def test_images_needed_undoes_spearman_brown(reliability: float, n: int, wanted: float) -> None:
    needed = images_needed(reliability, n, wanted)
    assert needed is not None
    one = reliability / (n - (n - 1) * reliability)

    def reached(k: int) -> float:
        return k * one / (1 + (k - 1) * one)

    assert needed >= n
    assert reached(needed) >= wanted - 1e-9
    assert needed == n or reached(needed - 1) < wanted + 1e-9


@pytest.mark.parametrize("reliability", [math.nan, -0.3, 0.0, 0.02])
def test_images_needed_says_nothing_where_nothing_is_known(reliability: float) -> None:
    assert images_needed(reliability, 10) is None
