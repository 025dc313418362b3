"""Searching the phase: right at every phase, paid for, and silent where it is not asked for."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from painting import contents, jpeg, made, pattern, sketched
from PIL import Image

import difreg
from difreg.lineage.calibration import LIMIT, calibration_at, log_likelihood_ratio
from difreg.lineage.detecting import detect, measure
from difreg.lineage.keeping.population import Population
from difreg.lineage.kinship import kinships, threshold, with_doubt
from difreg.lineage.phases import aligned, directions, search_set
from difreg.lineage.tracing import trace
from difreg.registry.background import get
from difreg.registry.detection import correlations
from difreg.registry.fingerprints import panel_scale
from difreg.registry.phases import Phase, best_correlations, phases
from difreg.registry.profiles import Profile, profile
from difreg.registry.sketches import sketch

Array = NDArray[np.float64]
ONE = np.ones(1, bool)
few = settings(deadline=None, max_examples=20)
seeds = st.integers(0, 2**31)
anywhere = st.builds(Phase, st.integers(0, 7), st.integers(0, 7), st.booleans())
FAMILY = {"a": "f", "b": "f"}


def moved(tiles: Array, phase: Phase) -> Array:
    """What ``phase`` leaves of tiles that lie on the grid."""
    rolled = np.roll(tiles, (-phase.dy, -phase.dx), (-2, -1))
    return rolled[..., ::-1].copy() if phase.mirrored else rolled


def elsewhere(asked: Profile, phase: Phase) -> Profile:
    return profile(asked.name, asked.contents, moved(asked.sketches, phase), asked.background)


@pytest.fixture(scope="module")
def members() -> list[Profile]:
    strangers = [made(f"s{k}", 100 + k, seed=100 + k) for k in range(8)]
    return [made("a", 1, seed=1, strength=30), made("b", 1, seed=2, strength=30), *strangers]


class TestPhase:
    @few
    @given(seeds, anywhere)
    def test_a_crop_is_brought_back(self, seed: int, phase: Phase) -> None:
        """Of pixels: the sketch of a crop, or of the mirror image of one, is the sketch of the whole, moved."""
        tile = np.random.default_rng(seed).normal(size=(3, 16, 16))
        whole = np.tile(tile, (1, 4, 4))
        part = whole[:, phase.dy : phase.dy + 48, phase.dx : phase.dx + 48]
        found, expected = sketch(part[:, :, ::-1] if phase.mirrored else part), sketch(whole[:, :48, :48])
        assert found is not None
        assert expected is not None
        assert np.allclose(phase.aligned(found), expected)

    def test_every_phase_is_there_once(self) -> None:
        assert phases()[0] == Phase(0, 0)
        assert len(set(phases())) == len(phases()) == 128
        tile = np.arange(64.0).reshape(8, 8)
        assert len({phase.aligned(tile).tobytes() for phase in phases()}) == 128

    @few
    @given(seeds)
    def test_the_highest_correlation_is_that_of_trying_them_all(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        filters, images = rng.normal(size=(2, 3, 16, 16)), rng.normal(size=(3, 3, 16, 16))
        tried = [correlations(filters, phase.aligned(images)) for phase in phases(16)]
        assert np.allclose(best_correlations(filters, images), np.max(tried, 0))


class TestSearch:
    @few
    @given(anywhere)
    def test_a_moved_set_is_found_and_scores_as_it_did(self, phase: Phase) -> None:
        everyone = Population.of([made("a", 1, seed=1), made("s", 2, seed=2)])
        asked = made("query", 1, 12, 50)
        still, found = search_set(asked, everyone, {}), search_set(elsewhere(asked, phase), everyone, {})
        assert found.phase == phase
        assert found.kinship == pytest.approx(still.kinship)
        if phase == Phase(0, 0, mirrored=True):  # the likeliest before looking
            assert found.probability > still.probability
            assert found.log_ratios[0] == pytest.approx(still.log_ratios[0] + math.log(127 / 3), abs=1e-3)
        else:
            assert found.probability == pytest.approx(still.probability, abs=1e-3)
            assert found.log_ratios[0] == pytest.approx(still.log_ratios[0], abs=1e-3)
        unsearched = [k.kinship for k in kinships(asked, everyone)]
        assert found.kinship == pytest.approx(unsearched)

    @few
    @given(seeds, st.floats(0, 12), anywhere)
    def test_no_search_makes_more_of_kinship_than_the_best_phase_tells(
        self, seed: int, strength: float, phase: Phase
    ) -> None:
        asked = elsewhere(made("query", 1, 8, seed, strength), phase)
        everyone = Population.of([made("a", 1, seed=1), made("s", 2, seed=2)])
        found = search_set(asked, everyone, {})
        turned = directions(asked.sketches, get())
        inverse = 1 / panel_scale(turned, get().panel)[:, None] + 1 / everyone.scales
        ruler = calibration_at(get().calibrations, 8)
        each = log_likelihood_ratio(turned @ everyone.directions.T / 2 * inverse, ruler)
        assert (found.log_ratios <= each.max(0) + 1e-9).all()
        priced = found.priced(kinships(aligned(asked, found.phase), everyone))
        assert all(k.price >= 0 for k in priced)
        # The price is at most what the least likely phase pays.
        most = log_likelihood_ratio(np.stack([k.kinship for k in priced]), ruler)
        assert (found.log_ratios >= most - math.log(127 / 0.75) - 1e-9).all()

    def test_phases_at_which_both_sides_look_compressed_do_not_count(self) -> None:
        asked, other = jpeg("q", 1), jpeg("other", 2)
        assert asked.fingerprint.flagged
        assert other.fingerprint.flagged
        found = search_set(asked, Population.of([other]), {})
        flags = (directions(asked.sketches, get()) @ get().jpeg.T).max(1) > 0.3
        assert not flags[phases().index(found.phase)]


class TestTrace:
    @pytest.mark.parametrize("phase", [Phase(3, 5), Phase(0, 0), Phase(6, 1, mirrored=True)], ids=str)
    def test_cropped_images_find_their_family(self, members: list[Profile], phase: Phase) -> None:
        asked = elsewhere(made("query", 1, 12, 50, 30), phase)
        blind, found = trace(asked, members, FAMILY), trace(asked, members, FAMILY, search_phase=True)
        assert blind.search is None
        assert blind.verdict == ("kin" if phase == Phase(0, 0) else "insufficient")
        assert ("displaced" in {c.code for c in blind.caveats}) == (phase != Phase(0, 0))
        assert (found.verdict, found.family, found.indistinguishable) == ("kin", "f", ("a", "b"))
        assert found.search is not None
        assert found.search.phase == phase
        assert found.search.probability > 0.99
        assert found.likelihood_ratio <= math.exp(LIMIT) / 100
        straight = trace(made("query", 1, 12, 50, 30), members, FAMILY)
        assert found.likelihood_ratio < straight.likelihood_ratio
        assert {o.member.name: o.kinship.kinship for o in found.origins[:2]} == pytest.approx(
            {o.member.name: o.kinship.kinship for o in straight.origins[:2]}
        )

    def test_strangers_stay_strangers(self, members: list[Profile]) -> None:
        for number in range(200, 210):
            found = trace(made("query", number, 12, number), members, FAMILY, doubt=False, search_phase=True)
            assert found.verdict == "none", number

    def test_nobody_registered(self) -> None:
        found = trace(made("query", 1), [], {}, search_phase=True)
        assert (found.verdict, found.search) == ("insufficient", None)

    def test_images_compressed_as_they_are_given_are_never_told_to_be_of_nobody(self, members: list[Profile]) -> None:
        found = trace(jpeg("query", 1), members, FAMILY, doubt=False, search_phase=True)
        assert found.verdict == "insufficient"
        assert "jpeg" in {c.code for c in found.caveats}

    def test_the_price_counts_in_the_support(self) -> None:
        """A pair just above the limit without a search is below it with one, in every replicate's eyes."""
        a, b = made("a", 1, seed=1, strength=7), made("b", 1, seed=2, strength=7)
        edge = threshold(calibration_at(get().calibrations, len(a)))
        above = replace(kinships(a, [b])[0], kinship=edge + 1)
        free, paid = with_doubt(above, a, b), with_doubt(above.paid(math.log(128)), a, b)
        assert paid.support < 0.5 < free.support
        assert paid.probability < free.probability


class TestDetect:
    def test_each_image_has_a_phase_of_its_own(self, members: list[Profile]) -> None:
        where = [Phase(3, 5), Phase(0, 0), Phase(1, 7, mirrored=True)]
        images = sketched(pattern(1), 3, 60, strength=40)
        mixed = np.stack([moved(one, phase) for one, phase in zip(images, where, strict=True)])
        asked = profile("query", contents(60, 3), mixed, get())
        rows = detect(asked, ["x", "y", "z"], members, FAMILY, 0.5, search_phase=True)
        told = [row.phase for row in rows]
        assert [(p.dy, p.dx, p.mirrored) for p in told if p] == [(p.dy, p.dx, p.mirrored) for p in where]
        assert [row.family for row in rows] == ["f"] * 3
        blind = detect(asked, ["x", "y", "z"], members, FAMILY, 0.5)
        assert [row.family for row in blind] == [None, "f", None]
        assert [row.phase for row in blind] == [None] * 3

    def test_an_image_never_testifies_for_itself(self) -> None:
        whole = made("a", 1, 12, seed=1, strength=20)
        rest = whole.without({whole.contents[0]})
        assert rest is not None
        asked = profile("query", whole.contents[:1], whole.sketches[:1], get())
        found, expected = measure(asked, [whole], ["a"], ONE, True), measure(asked, [rest], ["a"], ONE, True)
        for field in ("correlation", "p_value", "kinship", "log_ratio"):
            assert getattr(found, field) == pytest.approx(getattr(expected, field))

    def test_the_p_value_pays_for_the_search(self) -> None:
        """Photographs searched as an image is have p-values as those of no search have: few are small."""
        photographs = profile("query", contents(1, 71), get().negatives, get())
        members = [made(str(k), k, seed=k) for k in range(1, 6)]
        p = measure(photographs, members, [m.name for m in members], np.ones(len(members), bool), True).p_value
        assert (p < 0.01).mean() <= 0.04
        assert (p < 0.05).mean() <= 0.08


@pytest.mark.zoo
def test_crops_of_stable_diffusion_find_their_family(collection: Path, tmp_path: Path) -> None:
    """Eight images of Stable Diffusion v1.4 from row 3 and column 5, and of a stranger the same way."""
    files = sorted((collection / "dif-samples" / "sd14" / "1_fake").iterdir())[:8]
    (tmp_path / "crop").mkdir()
    for file in files:
        with Image.open(file) as image:
            image.crop((5, 3, image.width, image.height)).save(tmp_path / "crop" / f"{file.stem}.png")
    with difreg.open(tmp_path / "home") as registry:
        for name in ("ldm-libreai", "db-szu-dog", "cyclegan-monet2face-GA"):
            registry.add(name, sorted((collection / "generators" / name).iterdir())[:10])
        blind = registry.trace([tmp_path / "crop"])
        found = registry.trace([tmp_path / "crop"], search_phase=True)
        stranger = registry.trace(
            sorted((collection / "generators" / "p2p-edges2shoes-pretrained").iterdir())[:8], search_phase=True
        )
    assert blind.verdict == "insufficient"
    assert blind.phase is None
    assert (found.verdict, found.family) == ("kin", "family-1")
    assert found.phase is not None
    assert (found.phase.dy, found.phase.dx, found.phase.mirrored) == (3, 5, False)
    assert f"searched {found.phase.searched} phases" in found.phase.text
    assert stranger.verdict == "none"
