"""Kinship, its scale, its likelihood ratio and its doubt, on made generators and for any calibration."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from painting import contents, jpeg, made, pattern, sketched
from scipy.stats import false_discovery_control
from scipy.stats import t as student

from difreg.lineage.calibration import (
    DEGREES,
    LIMIT,
    Draws,
    calibration_at,
    cllr,
    crossing,
    fit_calibration,
    log_likelihood_ratio,
    log_likelihood_ratios,
    p_values,
    q_values,
)
from difreg.lineage.kinship import (
    ACCEPTANCE,
    Kinship,
    attributable,
    kinships,
    pairwise,
    probability,
    score,
    threshold,
    with_doubt,
)
from difreg.registry.background import Calibration, get
from difreg.registry.fingerprints import panel_scale
from difreg.registry.profiles import from_arrays, profile, to_arrays

Array = NDArray[np.float64]
few = settings(deadline=None, max_examples=25)
seeds = st.integers(0, 2**31)


def unit(*rows: Array) -> Array:
    stacked = np.stack(rows)
    return stacked / np.linalg.norm(stacked, axis=1, keepdims=True)


def random_directions(seed: int, n: int) -> Array:
    return unit(*np.random.default_rng(seed).normal(size=(n, 192)))


calibrations = st.builds(
    Calibration,
    images=st.just(8),
    degrees=st.sampled_from(DEGREES),
    scale=st.floats(0.3, 2),
    mean=st.floats(2, 25),
    spread=st.floats(0.5, 8),
    changed_mean=st.floats(1, 15),
    changed_spread=st.floats(0.5, 8),
    least=st.just(0.0),
    limit=st.just(LIMIT),
)


class TestScore:
    @few
    @given(st.integers(0, 50), st.integers(0, 50), st.integers(3, 12), st.integers(3, 12))
    def test_symmetric(self, one: int, two: int, n: int, m: int) -> None:
        a, b = made("a", one, n, seed=1), made("b", two, m, seed=2)
        forward, back = kinships(a, [b])[0], kinships(b, [a])[0]
        assert forward.kinship == pytest.approx(back.kinship, rel=1e-12, abs=1e-12)
        assert forward.cosine == pytest.approx(back.cosine, rel=1e-12, abs=1e-12)
        assert forward.judged == back.judged

    def test_is_the_cosine_over_both_scales(self) -> None:
        a, b = made("a", 1, seed=1), made("b", 1, 5, seed=2)
        (found,) = kinships(a, [b])
        cosine = float(a.units.mean(0) @ b.units.mean(0))
        cosine /= float(np.linalg.norm(a.units.mean(0)) * np.linalg.norm(b.units.mean(0)))
        assert found.cosine == pytest.approx(cosine)
        assert found.kinship == pytest.approx((cosine / a.fingerprint.scale + cosine / b.fingerprint.scale) / 2)

    def test_others_in_the_list_move_nothing(self) -> None:
        query, one = made("q", 1, seed=1), made("a", 1, seed=2)
        others = [made(str(k), k, seed=k) for k in range(10, 16)]
        (alone,) = kinships(query, [one])
        among = kinships(query, [*others, one])[-1]
        assert among.kinship == pytest.approx(alone.kinship, rel=1e-12)
        assert kinships(query, []) == []

    @few
    @given(seeds)
    def test_pairwise_is_score_of_every_pair(self, seed: int) -> None:
        directions = random_directions(seed, 4)
        scales = np.random.default_rng(seed).uniform(0.03, 0.3, 4)
        table = pairwise(directions, scales)
        for i in range(4):
            row = score(directions[i], scales[i], directions, scales)
            assert np.allclose(table[i], row)


class TestPanelScale:
    @few
    @given(seeds)
    def test_root_mean_square_of_the_unrelated(self, seed: int) -> None:
        panel, direction = random_directions(seed, 12), random_directions(seed + 1, 1)
        cosines = panel @ direction[0]
        expected = max(math.sqrt(np.mean(cosines[np.abs(cosines) < 0.35] ** 2)), 0.03)
        assert panel_scale(direction, panel)[0] == pytest.approx(expected)

    @few
    @given(seeds, st.integers(1, 6), st.floats(0.5, 1), st.booleans())
    def test_relatives_in_the_panel_do_not_widen_it(
        self, seed: int, many: int, nearness: float, negative: bool
    ) -> None:
        panel, direction = random_directions(seed, 12), random_directions(seed + 1, 1)
        before = panel_scale(direction, panel)[0]
        away = random_directions(seed + 2, many)
        away -= (away @ direction[0])[:, None] * direction
        away = unit(*away)
        relatives = nearness * direction + math.sqrt(1 - nearness**2) * away
        after = panel_scale(direction, np.vstack([panel, -relatives if negative else relatives]))[0]
        assert after == pytest.approx(before, rel=1e-9)

    def test_where_all_are_related_the_nearest_third_does_not_vanish(self) -> None:
        direction = random_directions(0, 1)
        panel = unit(*(direction + 0.04 * np.random.default_rng(1).normal(size=(9, 192))))
        cosines = np.sort(np.abs(panel @ direction[0]))
        assert cosines[0] > 0.35
        assert panel_scale(direction, panel)[0] == pytest.approx(math.sqrt(np.mean(cosines[:3] ** 2)))

    def test_never_under_the_floor_and_the_same_one_by_one(self) -> None:
        directions, panel = random_directions(3, 5), get().panel
        together = panel_scale(directions, panel)
        assert np.allclose(together, [panel_scale(d, panel) for d in directions])
        assert panel_scale(np.eye(192)[:1], np.eye(192)[1:9])[0] == 0.03


class TestCalibration:
    @few
    @given(calibrations, st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=40))
    def test_the_ratio_stays_within_the_limit(self, c: Calibration, z: list[float]) -> None:
        ratios = log_likelihood_ratio(np.sort(z), c)
        assert np.isfinite(ratios).all()
        assert (np.abs(ratios) <= c.limit).all()

    @settings(deadline=None, max_examples=6)
    @example(0, 3.0, 3.0, 1.0, 3)  # the ratio dips just below zero, and lies lower still far below
    @given(seeds, st.floats(3, 20), st.floats(0.5, 6), st.floats(0.5, 1.5), st.integers(3, 12))
    def test_a_fitted_ratio_never_falls(self, seed: int, mean: float, spread: float, wide: float, degrees: int) -> None:
        rng = np.random.default_rng(seed)
        fitted = fit_calibration(
            8,
            Draws.of(rng.normal(mean, spread, 60)),
            Draws.of(rng.normal(mean / 2, spread / 2, 60)),
            Draws.of(wide * rng.standard_t(degrees, 200)),
        )
        ratios = log_likelihood_ratio(np.linspace(-30, 80, 3000), fitted)
        assert (np.diff(ratios) >= -1e-4).all()  # the least is sought on a grid

    @pytest.mark.parametrize("images", [1, 2, 3, 5, 8, 11, 16, 500])
    def test_the_shipped_ratio_never_falls_and_speaks_both_ways(self, images: int) -> None:
        ratios = log_likelihood_ratio(np.linspace(-50, 100, 20_000), calibration_at(get().calibrations, images))
        assert (np.diff(ratios) >= -1e-4).all()
        assert ratios[0] < -1
        assert ratios[-1] == pytest.approx(math.log(1e6))

    def test_the_fit_finds_what_made_the_data(self) -> None:
        rng = np.random.default_rng(8)
        fitted = fit_calibration(
            8,
            Draws.of(rng.normal(9, 2, 4000)),
            Draws.of(rng.normal(5, 1, 4000)),
            Draws.of(0.8 * rng.standard_t(5, 8000)),
        )
        assert (fitted.mean, fitted.spread) == pytest.approx((9, 2), rel=0.05)
        assert (fitted.changed_mean, fitted.changed_spread) == pytest.approx((5, 1), rel=0.05)
        assert fitted.scale == pytest.approx(0.8, rel=0.05)
        assert 4 <= fitted.degrees <= 7

    @few
    @given(seeds, st.integers(1, 40))
    def test_a_pair_of_weight_two_is_two_pairs(self, seed: int, n: int) -> None:
        rng = np.random.default_rng(seed)
        z, weight = rng.normal(size=(3, n + 2)), rng.integers(1, 4, size=(3, n + 2))
        weighed = [Draws(values, w.astype(float)) for values, w in zip(z, weight, strict=True)]
        repeated = [Draws.of(np.repeat(values, w)) for values, w in zip(z, weight, strict=True)]
        one, two = fit_calibration(8, *weighed), fit_calibration(8, *repeated)
        assert one.degrees == two.degrees
        for name in ("scale", "mean", "spread", "changed_mean", "changed_spread"):
            assert getattr(one, name) == pytest.approx(getattr(two, name), rel=1e-6, abs=1e-9)

    def test_groups_weigh_alike_whatever_their_sizes(self) -> None:
        groups = [Draws.of(np.zeros(1)), Draws.of(np.ones(99)), Draws.of(np.empty(0))]
        assert Draws.balanced(groups).moments() == pytest.approx((0.5, 0.5))

    @few
    @given(calibrations, calibrations, st.integers(1, 64))
    def test_between_two_numbers_of_images_lies_between_two_calibrations(
        self, one: Calibration, two: Calibration, images: int
    ) -> None:
        ends = (replace(one, images=4), replace(two, images=16))
        found = calibration_at(ends, images)
        if images <= 4 or images >= 16:
            assert found == ends[images >= 16]
            return
        for name in ("degrees", "scale", "mean", "spread", "changed_mean", "changed_spread"):
            low, high = sorted(getattr(c, name) for c in ends)
            assert low - 1e-9 <= getattr(found, name) <= high + 1e-9
        halfway = calibration_at(ends, 8)
        assert halfway.mean == pytest.approx((one.mean + two.mean) / 2)

    @few
    @given(calibrations, st.lists(st.tuples(st.floats(-9, 30), st.integers(1, 30)), min_size=1, max_size=20))
    def test_pairs_are_judged_by_their_own_number_of_images(
        self, c: Calibration, pairs: list[tuple[float, int]]
    ) -> None:
        both = (replace(c, images=2), replace(c, images=8, scale=c.scale / 2))
        z, images = (np.array(side) for side in zip(*pairs, strict=True))
        together = log_likelihood_ratios(z, images, both)
        significance = p_values(z, images, both)
        for k, (value, n) in enumerate(pairs):
            mine = calibration_at(both, n)
            assert together[k] == log_likelihood_ratio(np.array([value]), mine)[0]
            assert significance[k] == pytest.approx(student.sf(value, mine.degrees, scale=mine.scale))

    @few
    @given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
    def test_q_values_are_those_of_benjamini_and_hochberg(self, p: list[float]) -> None:
        assert q_values(np.array(p)) == pytest.approx(false_discovery_control(p))

    @few
    @given(calibrations, st.floats(-2, 8))
    def test_crossing_is_the_first_kinship_that_reaches(self, c: Calibration, wanted: float) -> None:
        found = crossing(wanted, c)
        if found <= c.least + 1e-5 or found >= 99:
            return
        assert log_likelihood_ratio(np.array(found), c) >= wanted
        assert log_likelihood_ratio(np.array(found - 2e-6), c) <= wanted + 1e-4

    def test_the_threshold_is_where_a_pair_is_accepted(self) -> None:
        calibration = get().calibrations[-1]
        edge = threshold(calibration)
        chances = probability(log_likelihood_ratio(np.array([edge - 1e-4, edge + 1e-4]), calibration))
        assert chances[0] < ACCEPTANCE <= chances[1]
        assert chances == pytest.approx([ACCEPTANCE] * 2, abs=1e-4)

    @few
    @given(st.floats(-10, 10), st.floats(0.01, 0.99))
    def test_probability_is_bayes_rule(self, log_ratio: float, prior: float) -> None:
        ratio = math.exp(log_ratio)
        expected = ratio * prior / (ratio * prior + 1 - prior)
        assert probability(np.array(log_ratio), prior) == pytest.approx(expected)

    def test_cllr(self) -> None:
        silent, sure = np.zeros(5), np.full(5, 50.0)
        assert cllr(silent, silent) == pytest.approx(1)
        assert cllr(sure, -sure) == pytest.approx(0, abs=1e-9)
        assert cllr(-sure, sure) > 50  # confidently wrong costs most
        assert cllr(np.log([2.0, 8.0]), np.log([0.5])) == pytest.approx(
            ((math.log2(1.5) + math.log2(1.125)) / 2 + math.log2(1.5)) / 2
        )


class TestDoubt:
    @pytest.mark.parametrize(("one", "two"), [(1, 1), (1, 2)])
    def test_the_interval_holds_the_point_and_shrinks_with_images(self, one: int, two: int) -> None:
        widths = []
        for n in (6, 24, 96):
            a, b = made("a", one, n, seed=1, strength=7), made("b", two, n, seed=2, strength=7)
            (known,) = kinships(a, [b])
            found = with_doubt(known, a, b)
            assert found.low < known.kinship < found.high
            widths.append(found.high - found.low)
        assert widths[0] > widths[1] > widths[2]

    def test_the_interval_is_the_jackknife(self) -> None:
        a, b = made("a", 1, 5, seed=1), made("b", 1, 4, seed=2)
        (known,) = kinships(a, [b])
        variance = 0.0
        for varied, fixed in ((a, b), (b, a)):
            z = []
            for k in range(len(varied)):
                rest = varied.without(frozenset({varied.contents[k]}))
                assert rest is not None
                z.append(kinships(rest, [fixed])[0].kinship)
            n = len(z)
            variance += (n - 1) / n * sum((x - sum(z) / n) ** 2 for x in z)
        found = with_doubt(known, a, b)
        assert found.high - known.kinship == pytest.approx(1.96 * math.sqrt(variance), rel=1e-4)
        assert known.kinship - found.low == pytest.approx(1.96 * math.sqrt(variance), rel=1e-4)

    def test_the_interval_holds_the_truth_about_as_often_as_it_says(self) -> None:
        """Strangers, whose kinship with ever more images tends to that of their patterns."""
        truth_pair = unit(pattern(3), pattern(4))
        scales = panel_scale(truth_pair, get().panel)
        truth = pairwise(truth_pair, scales)[0, 1]
        held = 0
        for seed in range(20):
            a, b = made("a", 3, 16, seed=2 * seed, strength=20), made("b", 4, 16, seed=2 * seed + 1, strength=20)
            found = with_doubt(kinships(a, [b])[0], a, b)
            held += found.low <= truth <= found.high
        assert held >= 16

    def test_too_few_images_have_no_interval(self) -> None:
        a, b = made("a", 1, 2, seed=1), made("b", 1, seed=2)
        found = with_doubt(kinships(a, [b])[0], a, b)
        assert math.isnan(found.low)
        assert math.isnan(found.high)

    def test_support(self) -> None:
        a, kin, stranger = made("a", 1, seed=1), made("b", 1, seed=2), made("c", 2, seed=3)
        assert with_doubt(kinships(a, [kin])[0], a, kin).support == 1
        assert with_doubt(kinships(a, [stranger])[0], a, stranger).support == 0

    def test_support_is_one_half_at_the_threshold(self) -> None:
        a, b = made("a", 1, seed=1, strength=7), made("b", 1, seed=2, strength=7)
        edge = replace(kinships(a, [b])[0], kinship=threshold(calibration_at(get().calibrations, len(a))))
        assert with_doubt(edge, a, b).support == pytest.approx(0.5, abs=0.1)

    def test_the_same_seed_gives_the_same_doubt_whatever_was_asked_before(self) -> None:
        a, b, c = made("a", 1, seed=1), made("b", 1, seed=2), made("c", 1, seed=3)
        first = with_doubt(kinships(a, [b])[0], a, b)
        for other in (c, b, c):
            with_doubt(kinships(a, [other])[0], a, other, seed=5)
        again, fresh = made("a", 1, seed=1), made("b", 1, seed=2)
        assert with_doubt(kinships(a, [b])[0], a, b) == first
        assert with_doubt(kinships(again, [fresh])[0], again, fresh) == first

    def test_the_bootstrap_turns_on_seed_and_images(self) -> None:
        a = made("a", 1, seed=1)
        one = a.bootstrap(50, 0)[0]
        assert np.array_equal(one, made("renamed", 1, seed=1).bootstrap(50, 0)[0])
        assert not np.array_equal(one, a.bootstrap(50, 1)[0])
        twin = profile("t", contents(9, 12), a.sketches, get())
        assert not np.array_equal(one, twin.bootstrap(50, 0)[0])
        assert np.allclose(np.linalg.norm(one, axis=1), 1)


class TestJudgement:
    def test_two_jpeg_sets_are_never_judged(self) -> None:
        a, b = jpeg("a", 1), jpeg("b", 2)
        assert a.fingerprint.flagged
        (found,) = kinships(a, [b])
        assert found.probability > 0.99
        assert not found.judged
        assert not found.accepted
        assert math.isnan(with_doubt(found, a, b).support)

    def test_one_jpeg_set_of_two_is_judged(self) -> None:
        a, b = jpeg("a", 1, share=0.5), made("b", 7, seed=2)
        assert a.fingerprint.flagged
        assert not b.fingerprint.flagged
        assert kinships(a, [b])[0].accepted

    def test_weak_sets_are_never_judged(self) -> None:
        strong, weak = made("s", 1, seed=1), made("w", 1, 4, seed=2, strength=2)
        assert weak.reliability < 0.5 <= strong.reliability
        assert not kinships(strong, [weak])[0].judged
        assert not kinships(weak, [strong])[0].judged

    def test_one_image_is_never_judged(self) -> None:
        one = profile("one", contents(1, 1), sketched(pattern(1), 1, 1), get())
        assert not kinships(one, [made("b", 1, seed=2)])[0].judged

    def test_single_images_are_attributed_to_strong_lossless_sets_alone(self) -> None:
        assert attributable(made("s", 1))
        assert not attributable(jpeg("j", 1))
        assert not attributable(made("w", 1, 4, strength=2))

    @pytest.mark.parametrize(
        ("judged", "chance", "accepted"), [(True, 0.99, True), (True, 0.9899, False), (False, 1, False)]
    )
    def test_acceptance(self, judged: bool, chance: float, accepted: bool) -> None:
        assert Kinship(0.5, 5, 5, chance, judged).accepted is accepted


class TestProfiles:
    def test_a_stored_profile_is_the_same_to_half_floats(self) -> None:
        before = made("a", 1)
        after = from_arrays("a", 3, to_arrays(before), get())
        assert (after.name, after.version, after.contents) == ("a", 3, before.contents)
        assert after.direction == pytest.approx(before.direction, abs=2e-3)
        assert float(after.direction @ before.direction) > 0.9999
        again = from_arrays("a", 3, to_arrays(after), get())
        assert np.array_equal(again.sketches, after.sketches)

    def test_taking_images_out(self) -> None:
        whole = made("a", 1, 6)
        assert whole.without(frozenset({"0" * 64})) is whole
        some = whole.without(frozenset(whole.contents[1:3]))
        assert some is not None
        kept = [0, 3, 4, 5]
        assert some.contents == tuple(whole.contents[k] for k in kept)
        assert np.array_equal(some.sketches, whole.sketches[kept])
        assert np.allclose(some.direction, profile("x", some.contents, whole.sketches[kept], get()).direction)
        assert whole.without(frozenset(whole.contents[:5])) is None
