"""Likeness by period: its formula, its p-values, and the lead it gives where kinship finds none."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from painting import imitation, jpeg, made, of_period, pattern
from sketching import sketch_file

import difreg
from difreg.lineage.calibration import Draws
from difreg.lineage.likeness import (
    PERIODS,
    Null,
    compared,
    cut,
    fit_nulls,
    keep,
    likeness,
    p_values,
    real_panel,
    shipped,
)
from difreg.lineage.student import tail
from difreg.registry import denoisers
from difreg.registry.background import get
from difreg.registry.fingerprints import panel_scale
from difreg.registry.profiles import Profile
from difreg.registry.whitening import basis

Array = NDArray[np.float64]
few = settings(deadline=None, max_examples=30)
numbers = st.integers(0, 10_000)


def alike(one: Array, two: Array) -> float:
    panel = real_panel(get())
    return float(likeness(cut(one[None], panel), cut(two[None], panel))[0])


@few
@given(numbers, numbers)
def test_likeness_is_the_sum_of_the_periods_kinship_each_in_its_own_spread(one: int, two: int) -> None:
    panel, a, b = real_panel(get()), pattern(one), pattern(two)
    total = 0.0
    for period in PERIODS:
        inside = basis()[1] == period
        x, y = (v[inside] / np.linalg.norm(v[inside]) for v in (a, b))
        inner = panel[:, inside] / np.linalg.norm(panel[:, inside], axis=1, keepdims=True)
        s, t = panel_scale(np.stack([x, y]), inner)
        total += float(x @ y) / 2 * (1 / s + 1 / t)
    assert alike(a, b) == pytest.approx(total / math.sqrt(3))
    assert alike(b, a) == pytest.approx(alike(a, b))


@few
@given(numbers, st.lists(st.floats(0.05, 20), min_size=3, max_size=3))
def test_how_loud_a_period_is_makes_no_difference(number: int, loudness: list[float]) -> None:
    louder = sum(f * of_period(number, p) for f, p in zip(loudness, PERIODS, strict=True))
    louder = louder / np.linalg.norm(louder)
    assert alike(louder, pattern(number + 1)) == pytest.approx(alike(pattern(number), pattern(number + 1)))


def test_grown_founders_are_no_strangers_of_it() -> None:
    names = get().panel_names
    assert 0 < len(real_panel(get())) == sum(not n.startswith("nursery-") for n in names) < len(names)


@few
@given(st.lists(st.floats(-8, 20), min_size=2, max_size=20), st.integers(1, 40))
def test_p_falls_as_likeness_rises(scores: list[float], images: int) -> None:
    ordered = np.sort(scores)
    p = p_values(ordered, np.full(len(ordered), images), shipped(denoisers.DEFAULT, get().name))
    assert (np.diff(p) <= 0).all()
    assert ((p > 0) & (p < 1)).all()


def test_p_at_a_fitted_number_of_images_is_its_null_and_between_two_it_is_between() -> None:
    nulls = (Null(2, 30, 2.0), Null(8, 30, 1.0))
    p = p_values(np.full(5, 3.0), np.array([1, 2, 4, 8, 99]), nulls)
    assert p[[0, 1]].tolist() == [float(tail(np.array(1.5), 30))] * 2
    assert p[[3, 4]].tolist() == [float(tail(np.array(3.0), 30))] * 2
    assert p[3] < p[2] < p[1]


def test_one_in_a_hundred_of_the_likest_strangers_is_below_one_in_a_hundred_and_nulls_are_read_as_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    narrow, wide = (Draws.of(rng.normal(0, s, n)) for s, n in ((1, 9000), (3, 3000)))
    (null,) = fit_nulls({8: [narrow, wide]})
    found = [float((p_values(g.kinship, np.full(len(g.kinship), 8), (null,)) < 0.01).mean()) for g in (narrow, wide)]
    assert found[1] == pytest.approx(0.01, abs=1e-3)
    assert found[0] < 0.001
    assert null.images == 8
    keep([null], "any", "background-9", tmp_path)
    monkeypatch.setattr("difreg.lineage.likeness.files", lambda _: tmp_path)
    assert shipped.__wrapped__("any", "background-9") == (null,)
    assert shipped.__wrapped__("any", "background-8") == shipped.__wrapped__("other", "background-9") == ()


@pytest.mark.parametrize("denoiser", denoisers.names())
def test_every_denoiser_ships_nulls_of_its_background(denoiser: str) -> None:
    images = [n.images for n in shipped(denoiser, get(denoiser).name)]
    assert images == sorted(set(images))
    assert images


class TestCompare:
    def told(self, one: Profile, two: Profile, kin: bool = False, confounded: bool = False) -> bool:
        found = compared(one, two, kin, confounded)
        assert found is not None
        assert ("not kin by that" in found.text) is found.found
        return found.found

    def test_an_imitation_is_found_and_a_stranger_is_not(self) -> None:
        founder = made("founder", 1, 20, seed=1)
        assert self.told(founder, made("child", imitation(1, 2), 20, seed=2))
        assert not self.told(founder, made("stranger", imitation(3, 2), 20, seed=3))

    def test_kin_are_no_lead(self) -> None:
        founder, child = made("founder", 1, 20, seed=1), made("child", 1, 20, seed=2)
        assert self.told(founder, child)
        assert not self.told(founder, child, kin=True)

    def test_what_compression_or_a_watermark_may_have_made_is_not_told(self) -> None:
        founder = made("founder", 1, 20, seed=1)
        assert jpeg("j", 2).altered
        assert compared(founder, jpeg("j", 2), kin=False, confounded=False) is None
        assert compared(jpeg("j", 2), founder, kin=False, confounded=False) is None
        assert compared(founder, founder, kin=False, confounded=True) is None

    def test_a_background_without_nulls_tells_nothing(self) -> None:
        other = replace(get(), name="background-none")
        one, two = (made("x", 1, 20, seed=k, background=other) for k in (1, 2))
        assert compared(one, two, kin=False, confounded=False) is None

    def test_the_verb_tells_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from difreg.cli.main import run

        monkeypatch.setenv("DIFREG_HOME", str(tmp_path / "home"))
        one, two = str(sketch_file(tmp_path, 1, 20)), str(sketch_file(tmp_path, 2, 20, imitated=1))
        with difreg.open(tmp_path / "home") as registry:
            answer = registry.compare(one, two)
        assert answer.verdict != "kin"
        assert answer.likeness is not None
        assert answer.likeness.found
        assert answer.likeness.yardstick == "likeness-1"
        assert run(["compare", one, two]) == 0
        assert f"likeness: {answer.likeness.text}" in capsys.readouterr().out.replace("\n", " ")
        assert run(["compare", one, two, "--format", "csv"]) == 0
        header, row, _ = capsys.readouterr().out.splitlines()
        assert dict(zip(header.split(","), row.split(","), strict=True))["likeness_found"].lower() == "true"
