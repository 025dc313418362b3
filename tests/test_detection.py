"""Scores of single images and how well they stand apart, against slow and independent ways to get them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from painting import made, pattern, sketched
from scipy.stats import mannwhitneyu

from difreg.lineage.crossdetection import cross_detect, cross_detect_all
from difreg.registry.background import get
from difreg.registry.detection import Noise, correlations, detection, leave_one_out
from difreg.registry.fingerprints import solve_lattice
from difreg.registry.sketches import sketch

Array = NDArray[np.float64]
few = settings(deadline=None, max_examples=30)
seeds = st.integers(0, 2**31)
# Few distinct values, so that ties are common.
tied = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=25)


def arrays(scores: list[float]) -> Array:
    return np.array([scores])


@few
@given(tied, tied)
def test_auc_counts_pairs_and_half_of_ties(images: list[float], photographs: list[float]) -> None:
    wins = [1.0 if i > p else 0.5 if i == p else 0.0 for i in images for p in photographs]
    found = detection(arrays(images), arrays(photographs), np.zeros(1))
    assert found.auc[0] == pytest.approx(sum(wins) / len(wins))


@few
@given(seeds, st.integers(1, 30), st.integers(1, 40), st.floats(-2, 2))
def test_p_value_is_mann_whitneys(seed: int, n: int, m: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    images, photographs = rng.normal(shift, 1, n), rng.normal(size=m)
    expected = mannwhitneyu(images, photographs, alternative="greater", method="asymptotic", use_continuity=False)
    found = detection(images[None], photographs[None], np.zeros(1))
    assert found.p_value[0] == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-300)


@few
@given(tied, tied, st.integers(-3, 3))
def test_accuracy_is_the_mean_of_both_rates(images: list[float], photographs: list[float], threshold: int) -> None:
    hits = sum(i > threshold for i in images) / len(images)
    rejections = sum(p <= threshold for p in photographs) / len(photographs)
    found = detection(arrays(images), arrays(photographs), np.array([float(threshold)]))
    assert found.accuracy[0] == pytest.approx((hits + rejections) / 2)


@few
@given(seeds)
def test_fingerprints_are_judged_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, photographs, thresholds = rng.normal(size=(3, 7)), rng.normal(size=(3, 9)), rng.normal(size=3)
    together = detection(scores, photographs, thresholds)
    for k in range(3):
        alone = detection(scores[[k]], photographs[[k]], thresholds[[k]])
        for name in ("auc", "accuracy", "p_value"):
            assert getattr(alone, name)[0] == getattr(together, name)[k]


@few
@given(seeds, st.sampled_from([(64, 64), (48, 80), (256, 256)]), st.floats(1e-4, 1e4))
def test_correlation_is_that_of_the_whole_residual_with_the_tiled_fingerprint(
    seed: int, size: tuple[int, int], scale: float
) -> None:
    rng = np.random.default_rng(seed)
    height, width = size
    fingerprint = rng.normal(size=(3, 16, 16)) * scale
    tiled = np.tile(fingerprint, (1, height // 16, width // 16))
    residual = rng.normal(size=(3, height, width)) + 0.3 * tiled / scale
    spectrum = np.fft.fft2(residual)
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    passed = np.fft.ifft2(spectrum * (radius >= 1 / 16)).real
    expected = (passed * tiled).sum() / np.linalg.norm(passed) / np.linalg.norm(tiled)
    made = sketch(residual)
    assert made is not None
    # The sketch is a mean over all tiles of a unit residual; 16 is the root of the number of tiles in 256 x 256.
    tiles = np.sqrt(height * width) / 16
    found = correlations(fingerprint[None], made[None])[0, 0] / 16 * tiles
    assert found == pytest.approx(expected, abs=1e-12)


def test_correlations_lie_between_minus_one_and_one() -> None:
    tile = np.random.default_rng(5).normal(size=(3, 16, 16))
    tile -= tile.mean((1, 2), keepdims=True)
    whole = sketch(np.tile(tile, (1, 16, 16)))
    assert whole is not None
    assert correlations(tile[None], np.stack([whole, -whole]))[0] == pytest.approx([1, -1])


def test_correlations_with_nothing_are_zero() -> None:
    assert np.array_equal(correlations(np.zeros((1, 3, 16, 16)), np.ones((2, 3, 16, 16))), np.zeros((1, 2)))


@few
@given(seeds, st.integers(2, 9))
def test_leaving_an_image_out_is_solving_without_it(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    sketches, photo_mean = rng.normal(size=(n, 3, 16, 16)), rng.normal(size=(3, 16, 16))
    noise = Noise.of(rng.normal(size=(4, 3, 16, 16)))
    found = leave_one_out(sketches, photo_mean, noise)
    for k in range(n):
        others = noise.matched(np.delete(sketches, k, axis=0).mean(0) - photo_mean)
        assert found[k] == pytest.approx(correlations(others[None], sketches[[k]])[0, 0])


@few
@given(seeds, st.integers(2, 9))
def test_a_matched_filter_is_the_inverse_of_the_shrunk_covariance(seed: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    photographs, array = rng.normal(size=(m, 3, 16, 16)), rng.normal(size=(2, 3, 16, 16))
    covariance = np.cov(photographs.reshape(m, -1).T)
    shrunk = covariance + np.trace(covariance) / 768 * np.eye(768)
    expected = np.linalg.solve(shrunk, array.reshape(2, -1).T).T * np.trace(covariance) / 768
    assert np.allclose(Noise.of(photographs).matched(array).reshape(2, -1), expected)


def test_noise_of_equal_photographs_turns_nothing_down() -> None:
    array = np.ones((3, 16, 16))
    assert np.array_equal(Noise.of(np.ones((4, 3, 16, 16))).matched(array), array)


def test_a_single_image_cannot_be_left_out() -> None:
    assert np.isnan(leave_one_out(np.ones((1, 3, 16, 16)), np.zeros((3, 16, 16)), get().noise)).all()


def test_the_threshold_lies_midway_between_its_images_and_photographs() -> None:
    background = get()
    images = sketched(pattern(1), 10, 0)
    solved = solve_lattice(images, background)
    array = images.mean(0) - background.photo_mean
    assert np.allclose(solved.array, array)
    own = np.mean(leave_one_out(images, background.photo_mean, background.noise))
    matched = background.noise.matched(array)
    assert np.array_equal(solved.detector, matched)
    # Correlation is linear in the image: that of the mean photograph is the photographs' mean.
    photographs = 16 * (matched * background.photo_mean).sum() / np.linalg.norm(matched)
    assert solved.threshold == pytest.approx((own + photographs) / 2)
    assert own > solved.threshold > photographs


def test_separation_is_the_auc_of_images_left_out() -> None:
    background = get()
    images = sketched(pattern(1), 10, 0, strength=3.0)
    solved = solve_lattice(images, background)
    own = leave_one_out(images, background.photo_mean, background.noise)
    photographs = correlations(solved.detector[None], background.negatives)[0]
    assert solved.separation == pytest.approx(np.mean([float(o > p) for o in own for p in photographs]))


def test_cross_detection_both_ways() -> None:
    one, two, other = made("one", 1), made("two", 1, seed=1), made("other", 2, seed=2)
    found = cross_detect(one, two)
    assert found is not None
    assert (found.fingerprint, found.images, found.n) == ("one", "two", 12)
    assert found.score == pytest.approx(float(one.direction @ two.direction))
    assert found.auc > 0.95
    assert found.p_value < 1e-4
    scores = correlations(one.fingerprint.detector[None], two.sketches)[0]
    assert found.accuracy == pytest.approx(
        (
            np.mean(scores > one.fingerprint.threshold)
            + np.mean(correlations(one.fingerprint.detector[None], get().negatives)[0] <= one.fingerprint.threshold)
        )
        / 2
    )
    stranger = cross_detect(one, other)
    assert stranger is not None
    assert stranger.score < 0.4


def test_images_that_trained_a_fingerprint_never_score_it() -> None:
    profile = made("one", 1)
    assert cross_detect(profile, profile) is None
    both = made("both", 1)  # the same images under another name
    assert cross_detect(profile, both) is None


def test_only_the_fresh_images_are_scored() -> None:
    whole = made("whole", 1, n=12)
    first = whole.without(frozenset(whole.contents[8:]))
    assert first is not None
    found = cross_detect(first, whole)
    assert found is not None
    assert found.n == 4
    fresh = whole.without(frozenset(whole.contents[:8]))
    assert fresh is not None
    assert found == cross_detect_all([first], fresh)[0]
