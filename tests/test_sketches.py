"""A sketch is what its definition says, for any residual."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from difreg.registry.sketches import fold, pack, sketch, unpack

Array = NDArray[np.float64]
few = settings(deadline=None, max_examples=15)
multiples = st.integers(1, 5).map(lambda k: 16 * k)
seeds = st.integers(0, 2**31)


def noise(seed: int, height: int, width: int) -> Array:
    return np.random.default_rng(seed).normal(size=(3, height, width))


def defined(residual: Array) -> Array:
    """High-pass by the full transform, unit norm over the three channels, mean of the 16 x 16 tiles."""
    height, width = residual.shape[1:]
    spectrum = np.fft.fft2(residual)
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij"))
    passed = np.fft.ifft2(spectrum * (radius >= 1 / 16)).real
    unit = passed / np.sqrt((passed**2).sum())
    tiles = [unit[:, y : y + 16, x : x + 16] for y in range(0, height, 16) for x in range(0, width, 16)]
    return np.mean(tiles, axis=0)


@few
@given(seeds, multiples, multiples)
def test_definition(seed: int, height: int, width: int) -> None:
    residual = noise(seed, height, width)
    assert np.allclose(sketch(residual), defined(residual), rtol=0, atol=1e-12)


def test_definition_at_the_size_that_is_used() -> None:
    residual = noise(1, 256, 256)
    assert np.allclose(sketch(residual), defined(residual), rtol=0, atol=1e-13)


@few
@given(seeds, st.integers(-40, 40), st.integers(-40, 40))
def test_a_shifted_residual_has_the_shifted_sketch(seed: int, dy: int, dx: int) -> None:
    residual = noise(seed, 64, 48)
    expected = np.roll(sketch(residual), (dy % 16, dx % 16), (1, 2))
    assert np.allclose(sketch(np.roll(residual, (dy, dx), (1, 2))), expected, atol=1e-12)


@few
@given(seeds, st.floats(1e-3, 1e6))
def test_scale_cancels_and_sign_does_not(seed: int, factor: float) -> None:
    residual = noise(seed, 32, 32)
    assert np.allclose(sketch(factor * residual), sketch(residual), atol=1e-12)
    assert np.allclose(sketch(-factor * residual), -sketch(residual), atol=1e-12)


@few
@given(seeds)
def test_low_frequencies_leave_no_trace(seed: int) -> None:
    residual = noise(seed, 128, 128)
    y, x = np.mgrid[:128, :128]
    slow = 5 * np.cos(2 * np.pi * (3 * y + 5 * x) / 128 + seed % 7) + 100  # under 8 cycles in 128 pixels
    assert np.allclose(sketch(residual + slow), sketch(residual), atol=1e-12)


@pytest.mark.parametrize("flat", [np.zeros((3, 64, 64)), np.full((3, 64, 64), 7.0)])
def test_a_flat_residual_has_no_sketch(flat: Array) -> None:
    assert sketch(flat) is None


def test_a_gradient_below_the_cut_off_is_flat_too() -> None:
    y = np.mgrid[:64, :64][0]
    assert sketch(np.tile(np.cos(2 * np.pi * y / 64), (3, 1, 1))) is None


def test_a_periodic_residual_is_all_lattice() -> None:
    tile = noise(2, 16, 16)
    tile -= tile.mean((1, 2), keepdims=True)
    whole = sketch(np.tile(tile, (1, 4, 4)))
    assert whole is not None
    assert 16 * np.linalg.norm(whole) == pytest.approx(4, rel=1e-9)  # 16 tiles of norm 1/4
    assert np.allclose(whole, tile / np.linalg.norm(np.tile(tile, (1, 4, 4))), atol=1e-12)


@few
@given(seeds, st.sampled_from([8, 4, 2]))
def test_folding_a_sketch_folds_the_residual(seed: int, period: int) -> None:
    residual = noise(seed, 48, 64)
    made = sketch(residual)
    assert made is not None
    spectrum = np.fft.fft2(residual)
    spectrum[:, np.hypot(np.fft.fftfreq(48)[:, None], np.fft.fftfreq(64)[None]) < 1 / 16] = 0
    unit = np.fft.ifft2(spectrum).real
    unit /= np.linalg.norm(unit)
    direct = unit.reshape(3, 48 // period, period, 64 // period, period).mean((1, 3))
    assert np.allclose(fold(made, period), direct, atol=1e-12)
    assert np.allclose(fold(np.stack([made, -made]), period), [direct, -direct], atol=1e-12)


sketches = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 3), *map(st.just, (3, 16, 16))), elements=st.floats(-1, 1, width=32)
).filter(lambda a: bool((np.abs(a).max((1, 2, 3)) > 1e-20).all()))


@few
@given(sketches)
def test_packing_errs_by_half_a_unit_of_a_half_float(values: Array) -> None:
    packed, scale = pack(values)
    assert (packed.dtype, scale.dtype) == (np.float16, np.float32)
    largest = np.abs(values).max((1, 2, 3), keepdims=True)
    error = np.abs(unpack(packed, scale) - values)
    # Half floats have 11 significant bits down to 2**-14; below, steps of 2**-24. The scale is a single float.
    assert (error <= np.abs(values) * (2**-11 + 2**-22) + largest * 2**-24).all()
    assert np.abs(packed.astype(float)).max((1, 2, 3)) == pytest.approx(1, abs=2**-10)


@few
@given(sketches)
def test_packing_again_changes_nothing(values: Array) -> None:
    once = unpack(*pack(values))
    assert np.array_equal(unpack(*pack(once)), once)
