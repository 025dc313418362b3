"""Drift: what one source gives, what a change gives, and when nothing may be said."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import painting
import pytest
from sketching import sketch_file

import difreg
from difreg import Registry
from difreg.cli.main import run
from difreg.errors import InputError, NotFoundError
from difreg.lineage import drift
from difreg.lineage.answers import DriftStep
from difreg.registry import denoisers
from difreg.registry.background import get
from difreg.registry.extraction import ImageSet, extract, write_sketch

DEMO = Path(__file__).parent.parent / "demo"


@pytest.fixture(scope="module")
def demo() -> dict[str, ImageSet]:
    return {name: extract([DEMO / name], denoiser=denoisers.DEFAULT) for name in ("noise0", "noise1", "anime")}


@pytest.fixture(scope="module")
def units(demo: dict[str, ImageSet]) -> dict[str, painting.Array]:
    return {name: get().whitening(images.sketches) for name, images in demo.items()}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with difreg.open(tmp_path / "home") as opened:
        yield opened


def add(registry: Registry, name: str, images: ImageSet, keep: slice = slice(None)) -> None:
    path = registry.settings.home.parent / "x.sketch"
    write_sketch(ImageSet(images.denoiser, images.images[keep], images.sketches[keep]), path)
    registry.add(name, [path])


def halves(units: painting.Array, seed: int) -> tuple[painting.Array, painting.Array]:
    order = np.random.default_rng(seed).permutation(len(units))
    return units[order[: len(units) // 2]], units[order[len(units) // 2 :]]


class TestNull:
    """Random halves of one set come from one source."""

    def test_p_values_are_uniform(self, units: dict[str, painting.Array], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(drift, "PERMUTATIONS", 199)
        found = np.sort([drift.permutation_test(*halves(u, k), k) for u in units.values() for k in range(70)])
        expected = (np.arange(len(found)) + 0.5) / len(found)
        assert np.abs(found - expected).max() < 1.63 / math.sqrt(len(found))  # Kolmogorov and Smirnov at 1 %

    def test_no_half_is_called_changed(self, units: dict[str, painting.Array]) -> None:
        found = [drift.agreement(*halves(u, k)) for u in units.values() for k in range(70)]
        assert max(f.probability for f in found) < 0.5
        assert 0.95 < np.mean([f.value for f in found]) < 1.05
        assert np.mean([abs(f.value - 1) < 1.96 * f.error for f in found]) > 0.9

    def test_smallest_p_value(self, units: dict[str, painting.Array]) -> None:
        p = drift.permutation_test(units["noise0"], units["anime"], 0)
        assert p == 1 / (1 + drift.PERMUTATIONS)
        assert drift.permutation_test(units["anime"], units["noise0"], 0) == p

    def test_the_same_seed_gives_the_same(self, units: dict[str, painting.Array]) -> None:
        one, two = halves(units["noise0"], 0)
        assert drift.permutation_test(one, two, 1) == drift.permutation_test(one, two, 1)


class TestAgreement:
    @pytest.mark.parametrize("wanted", [0.0, 0.4, 0.8, 1.0])
    def test_it_is_that_of_the_sources_whatever_the_noise(self, wanted: float) -> None:
        rng = np.random.default_rng(0)
        one, two = np.eye(192)[0], wanted * np.eye(192)[0] + math.sqrt(1 - wanted**2) * np.eye(192)[1]
        found = []
        for _ in range(40):
            sets = [source * 8 + rng.normal(size=(20, 192)) for source in (one, two)]
            found.append(drift.agreement(*(s / np.linalg.norm(s, axis=1, keepdims=True) for s in sets)))
        assert np.mean([f.value for f in found]) == pytest.approx(wanted, abs=0.03)
        assert np.mean([f.error for f in found]) == pytest.approx(np.std([f.value for f in found]), abs=0.03)
        assert all((f.probability > 0.95) == (wanted < 0.5) for f in found if wanted != 0.8)

    def test_opposite_and_equal_sets_are_decided(self) -> None:
        units = np.eye(192)[:1].repeat(8, 0)
        assert drift.agreement(units, -units).probability > 0.95
        assert drift.agreement(units, units).probability < 0.1


def only(registry: Registry, name: str = "a") -> DriftStep:
    answer = registry.drift(name)
    assert answer.overall is None
    assert answer.verdict == answer.steps[0].verdict
    return answer.steps[0]


class TestVerdicts:
    def test_two_halves_are_unchanged(self, registry: Registry, demo: dict[str, ImageSet]) -> None:
        add(registry, "a", demo["noise0"], slice(0, 12))
        add(registry, "a", demo["noise0"], slice(12, 24))
        step = only(registry)
        assert step.verdict == "unchanged"
        assert step.probability < 0.5
        assert step.p_value > 0.05
        assert step.low < 1 < step.high

    def test_a_sibling_is_a_change_though_kin(self, registry: Registry, demo: dict[str, ImageSet]) -> None:
        add(registry, "a", demo["noise0"])
        add(registry, "a", demo["noise1"])
        step = only(registry)
        assert (step.verdict, step.before, step.after) == ("changed", 1, 2)
        assert step.probability > 0.95
        assert step.kinship is not None
        assert step.kinship.probability >= 0.99
        assert "content" in {w.code for w in step.warnings}

    def test_a_stranger_is_another_lineage(self, registry: Registry, demo: dict[str, ImageSet]) -> None:
        add(registry, "a", demo["noise0"])
        add(registry, "a", demo["anime"])
        step = only(registry)
        assert step.verdict == "changed"
        assert step.kinship is not None
        assert step.kinship.probability < 0.5

    def test_first_against_latest(self, registry: Registry, demo: dict[str, ImageSet]) -> None:
        for images, keep in (("noise0", slice(0, 12)), ("anime", slice(None)), ("noise0", slice(12, 24))):
            add(registry, "a", demo[images], keep)
        answer = registry.drift("a")
        assert [(s.before, s.after, s.verdict) for s in answer.steps] == [(1, 2, "changed"), (2, 3, "changed")]
        assert answer.overall is not None
        assert (answer.overall.before, answer.overall.after, answer.overall.verdict) == (1, 3, "unchanged")
        assert answer.verdict == "changed"

    def test_images_of_both_count_once(self, registry: Registry, demo: dict[str, ImageSet]) -> None:
        add(registry, "a", demo["noise0"], slice(0, 12))
        add(registry, "a", demo["noise0"], slice(0, 22))
        step = only(registry)
        assert (step.images_before, step.images_after, step.verdict) == (12, 10, "unchanged")

    @pytest.mark.parametrize(("keep", "left"), [(slice(12, 16), 4), (slice(2, 12), 0), (slice(8, 13), 1)])
    def test_too_few(self, registry: Registry, demo: dict[str, ImageSet], keep: slice, left: int) -> None:
        add(registry, "a", demo["noise0"], slice(0, 12))
        with pytest.raises(InputError, match="one version"):
            registry.drift("a")
        add(registry, "a", demo["noise0"], keep)
        step = only(registry)
        assert (step.verdict, step.images_after, step.kinship) == ("insufficient", left, None)
        assert math.isnan(step.probability)
        assert {w.code for w in step.warnings} == {"few_images"}

    def test_weak_fingerprints_say_nothing(self) -> None:
        weak, strong = painting.made("a", 1, 8, 0, 0.0), painting.made("a", 2, 8, 1)
        step = drift.step(weak, strong)
        assert step.verdict == "insufficient"
        assert "weak" in {w.code for w in step.warnings}

    def test_jpeg_says_nothing(self) -> None:
        step = drift.step(painting.jpeg("a", 1), painting.made("a", 2, 24, 2))
        assert (step.verdict, {w.code for w in step.warnings} >= {"jpeg"}) == ("insufficient", True)

    def test_an_agreement_that_is_hardly_known_is_not_called_unchanged(self, monkeypatch: pytest.MonkeyPatch) -> None:
        one, two = painting.made("a", 1, 12, 0), painting.made("a", 1, 12, 1)
        assert drift.step(one, two).verdict == "unchanged"
        monkeypatch.setattr(drift, "WIDEST", 1e-6)
        step = drift.step(one, two)
        assert (step.verdict, {w.code for w in step.warnings}) == ("insufficient", {"uncertain"})

    def test_no_such_generator_and_no_version(self, registry: Registry) -> None:
        with pytest.raises(NotFoundError):
            registry.drift("a")
        registry.add("a", [sketch_file(registry.settings.home.parent, 1)])
        with pytest.raises(InputError, match="as a whole"):
            registry.drift("a:1")


def test_the_command_line(home: Path, demo: dict[str, ImageSet], capsys: pytest.CaptureFixture[str]) -> None:
    with difreg.open() as registry:
        add(registry, "a", demo["noise0"])
        add(registry, "a", demo["noise1"])
        add(registry, "b", demo["noise0"], slice(0, 12))
        add(registry, "b", demo["noise0"], slice(12, 24))
    assert run(["drift", "a"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("a changed: version 2 is kin of version 1\nwarning: versions 1 and 2: ")
    assert "1 -> 2" in out
    assert run(["drift", "a", "--fail-on", "changed", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["verdict"], document["overall"]) == ("difreg/drift", "changed", None)
    assert run(["drift", "b", "--fail-on", "changed", "--format", "csv"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["verdict"] == "unchanged"
