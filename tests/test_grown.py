"""What a nursery's pairs teach: kinship in bins, what a kinship means, and significance over a registry."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sketching import sketch_file

import difreg
from benchmarks.nursery.rulers import KINDS
from difreg.lineage.calibration import calibration_at, p_values
from difreg.lineage.grown import (
    CHANGED,
    EDGES,
    KEPT,
    STRANGERS,
    Grown,
    binned,
    dump,
    founders,
    keep_founders,
    parse,
    shipped,
)
from difreg.lineage.meanings import meaning
from difreg.registry import denoisers
from difreg.registry.background import get
from difreg.registry.whitening import template

Array = NDArray[np.float64]
few = settings(deadline=None, max_examples=20)
values = st.lists(st.floats(-50, 50), min_size=1, max_size=60)


@few
@given(values, values)
def test_bins_keep_the_mean_and_what_was_written_is_read(kept: list[float], changed: list[float]) -> None:
    shares = {(8, k): binned(np.array(z)) / len(z) for k, z in ((KEPT, kept), (CHANGED, changed))}
    grown = Grown(shares, {8: ({"z": [None, 1], "of_bin": {KEPT: 1.0}},)})
    again = parse(dump(grown, "any"))
    assert again.meaning == grown.meaning
    for (n, kind), share in shares.items():
        assert share.sum() == pytest.approx(1)
        told = again.draws(n, kind)
        assert told.weight.sum() == pytest.approx(1)
        within = np.clip(kept if kind == KEPT else changed, EDGES[0], EDGES[-1])
        assert told.moments()[0] == pytest.approx(float(within.mean()), abs=0.06)
    assert again.unrelated(8) == []


def test_founders_are_kept_up_to_a_factor_an_image(tmp_path: Path) -> None:
    images = np.random.default_rng(0).normal(size=(5, 192)) * [[1e-6], [1.0], [7.0], [1e3], [1e5]]
    keep_founders({"T1": images}, tmp_path / "x.safetensors")
    from safetensors.numpy import load

    back = load((tmp_path / "x.safetensors").read_bytes())["T1"].astype(float)
    turned = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(images, back, strict=True)]
    assert turned == pytest.approx([1] * 5, abs=1e-5)


@pytest.mark.parametrize("denoiser", denoisers.names())
def test_founders_are_in_the_panel_of_what_ships(denoiser: str) -> None:
    background = get(denoiser)
    kept = founders(denoiser)
    assert len(kept) == 18
    for name, images in kept.items():
        row = background.panel_names.index(f"nursery-{name}")
        direction = template(background.whitening.unit(images)).direction
        assert direction @ background.panel[row] == pytest.approx(1, abs=1e-5)
    grown = shipped(denoiser)
    assert {k for _, k in grown.shares} == {KEPT, CHANGED, *STRANGERS} == set(KINDS)
    assert sorted({n for n, _ in grown.shares}) == [c.images for c in background.calibrations]


def test_a_denoiser_without_a_nursery_has_no_founders() -> None:
    assert founders("nobody") == {}


@pytest.mark.parametrize("images", [2, 3, 8, 20])
def test_a_higher_kinship_means_a_nearer_kind(images: int) -> None:
    far, near = (meaning(z, images, get()) for z in (0.0, 30.0))
    assert far
    assert near
    assert far.images == near.images <= images
    assert far.shares["strangers"] > 0.4 > near.shares["strangers"] == 0
    assert (far.low, near.high) == (None, None)
    assert "below 1 " in far.text
    assert "strangers ." in far.text
    assert "same decoder" in near.text


def test_one_image_has_no_meaning() -> None:
    assert meaning(5.0, 1, get()) is None


def test_compare_tells_significance_and_meaning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from difreg.cli.main import run

    monkeypatch.setenv("DIFREG_HOME", str(tmp_path / "home"))
    one, two = (str(sketch_file(tmp_path, 1, seed=k)) for k in (0, 1))
    with difreg.open(tmp_path / "home") as registry:
        compared = registry.compare(one, two)
        kin = compared.kinship
        c = calibration_at(get().calibrations, 12)
        assert kin.p_value == kin.q_value == p_values(np.array([kin.kinship]), np.array([12]), get().calibrations)[0]
        assert c.images == 12
        assert compared.meaning
        assert kin.kinship >= (compared.meaning.low or -math.inf)
        weak = str(sketch_file(tmp_path, 2, n=2))
        assert registry.compare(one, weak).kinship.reliability > 0.5 or registry.compare(one, weak).meaning is None
    assert run(["compare", one, two]) == 0
    told = capsys.readouterr().out
    assert "significance: p <.001, one-sided" in told
    assert "meaning: of grown pairs with a kinship of " in told


def test_q_values_of_kin_count_the_whole_registry(tmp_path: Path) -> None:
    with difreg.open(tmp_path / "home") as registry:
        registry.add("a", [sketch_file(tmp_path, 1)])
        (kin,) = registry.add("b", [sketch_file(tmp_path, 1, seed=1)]).kin
        assert kin.q_value == kin.p_value > 0
        for number in (2, 3, 4):
            registry.add(f"other{number}", [sketch_file(tmp_path, number)])
        (later,) = registry.add("c", [sketch_file(tmp_path, 9)]).kin or (None,)
        assert later is None
        found = next(c for c in registry.trace([sketch_file(tmp_path, 1, seed=2)]).candidates if c.generator == "a")
        everyone = [c.p_value for c in registry.trace([sketch_file(tmp_path, 1, seed=2)]).candidates]
        assert len(everyone) == 6
        assert found.p_value <= found.q_value <= found.p_value * 6
