"""The residual against the published formula written down again, and against numbers of another program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pywt
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from painting import paint
from scipy.ndimage import uniform_filter

from difreg.errors import IncompatibleError
from difreg.registry import denoisers
from difreg.registry.denoisers.wavelet import WINDOWS, least_mean
from difreg.registry.images import open_crop
from difreg.registry.sketches import sketch

Array = NDArray[np.float64]
# research/golden.json of the collection, made by a program that shares nothing with difreg.
GOLDEN = "00021-2100212702-a_photo_of_a_cat.webp"
GOLDEN_NORM = 0.004198826861176825
GOLDEN_HEAD = np.array([-49.641, 47.723, -126.025, -22.647]) * 1e-6


def box_mean(values: Array, size: int) -> Array:
    """Mean over a centred square window, borders mirrored with the outer value repeated, by direct summation."""
    half = size // 2
    wide = np.pad(values, half, mode="symmetric")
    return np.lib.stride_tricks.sliding_window_view(wide, (size, size)).mean((-2, -1))


def published(channel: Array, sigma: float = 1.0) -> Array:
    """Adaptive Wiener noise of one channel, band by band."""
    bands = pywt.wavedec2(channel, "db8", mode="symmetric", level=4)
    noise: list[object] = [bands[0] * 0]
    for triple in bands[1:]:
        shrunk = []
        for band in triple:
            floored = [np.maximum(box_mean(band**2, k) - sigma**2, 0) for k in (3, 5, 7, 9)]
            variance = np.min(floored, axis=0)
            shrunk.append(band - band * variance / (variance + sigma**2))
        noise.append(tuple(shrunk))
    return pywt.waverec2(noise, "db8", mode="symmetric")[: channel.shape[0], : channel.shape[1]]


@pytest.mark.parametrize(("seed", "size"), [(0, (256, 256)), (1, (272, 256)), (2, (240, 288))])
def test_residual_is_the_published_formula(seed: int, size: tuple[int, int]) -> None:
    image = paint(seed, 1, size, strength=2.0)
    residual = denoisers.get().residual(image)
    assert residual.shape == (3, size[1], size[0])
    for channel in range(3):
        assert np.allclose(residual[channel], published(image[..., channel].astype(float)), rtol=0, atol=1e-9)


@given(st.integers(0, 2**31), st.integers(4, 40), st.integers(4, 40), st.floats(0, 12))
def test_the_least_mean_is_that_of_box_filters(seed: int, height: int, width: int, decades: float) -> None:
    values = 10 ** np.random.default_rng(seed).uniform(-decades, 0, (2, height, width))
    boxes = [[uniform_filter(channel, size) for channel in values] for size in WINDOWS]
    # The other program adds and takes away along a row, so that its error is in proportion to the largest.
    assert np.allclose(least_mean(values), np.min(boxes, 0), rtol=1e-9, atol=1e-13)


@settings(deadline=None, max_examples=4)
@given(st.integers(0, 2**31), st.permutations([0, 1, 2]))
def test_channels_do_not_touch_one_another(seed: int, order: list[int]) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (240, 256, 3)).astype(np.uint8)
    residual = denoisers.get().residual
    assert np.allclose(residual(image[..., order]), residual(image)[order], atol=1e-9)


def test_a_uniform_shift_of_grey_level_is_no_noise() -> None:
    image = np.random.default_rng(3).integers(20, 200, (240, 240, 3)).astype(np.uint8)
    residual = denoisers.get().residual
    assert np.allclose(residual(image + np.uint8(40)), residual(image), atol=1e-8)


def test_weak_noise_is_all_residual_and_strong_texture_is_not() -> None:
    rng = np.random.default_rng(4)
    loud = rng.choice([0, 255], (240, 240, 3)).astype(np.uint8)
    quiet = (128 + (rng.random((240, 240, 3)) < 0.2)).astype(np.uint8)
    residual = denoisers.get().residual
    assert residual(loud).std() < 0.05 * loud.std()
    assert residual(quiet).std() > 0.9 * quiet.std()


def test_an_unknown_denoiser_names_those_there_are() -> None:
    with pytest.raises(IncompatibleError) as caught:
        denoisers.get("wavelet-0")
    assert "wavelet-1" in caught.value.hint


@pytest.mark.zoo
def test_numbers_of_another_program(collection: Path) -> None:
    crop = open_crop(collection / "generators" / "sd14-chenke-reg" / GOLDEN)
    made = sketch(denoisers.get("wavelet-1").residual(crop.pixels))
    assert made is not None
    assert np.linalg.norm(made) == pytest.approx(GOLDEN_NORM, rel=1e-6)
    # The reference is written with three decimals of a millionth.
    assert made.ravel()[:4] == pytest.approx(GOLDEN_HEAD, rel=1e-6, abs=0.5001e-9)
