"""Tracing made image sets among made generators: the right family, none, or too little."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painting import contents, jpeg, made, pattern, sketched

from difreg.lineage.ancestry import Facts, ancestor_name
from difreg.lineage.kinship import log_likelihood_ratios
from difreg.lineage.tracing import DECIDED, SHOWN, Trace, place, posterior, trace
from difreg.registry.background import get
from difreg.registry.profiles import Profile, profile

ratios = st.dictionaries(st.text(min_size=1, max_size=3), st.floats(1e-6, 1e6), max_size=8)
few = settings(deadline=None, max_examples=50)
FAMILY = {"a": "f", "b": "f", "c": "f"}


@pytest.fixture(scope="module")
def family() -> list[Profile]:
    return [made(n, 1, seed=k) for k, n in enumerate("abc", 1)]


@pytest.fixture(scope="module")
def strangers() -> list[Profile]:
    return [made(f"s{k}", 100 + k, seed=100 + k) for k in range(20)]


def query(number: int = 1, n: int = 12, seed: int = 50, strength: float = 10.0) -> Profile:
    return made("query", number, n, seed, strength)


def codes(found: Trace) -> set[str]:
    return {c.code for c in found.caveats}


def text(found: Trace, code: str) -> str:
    return next(c.text for c in found.caveats if c.code == code)


class TestPosterior:
    @few
    @given(ratios, st.floats(0.01, 0.99))
    def test_sums_to_one(self, given_ratios: Mapping[str, float], prior: float) -> None:
        none, shares = posterior(given_ratios, prior)
        assert none + sum(shares.values()) == pytest.approx(1 if given_ratios else prior)
        assert set(shares) == set(given_ratios)

    @few
    @given(ratios.filter(bool), st.floats(0.01, 0.98), st.floats(1e-3, 0.01))
    def test_a_higher_prior_of_none_raises_none_and_lowers_all(
        self, given_ratios: Mapping[str, float], prior: float, step: float
    ) -> None:
        none, shares = posterior(given_ratios, prior)
        more, less = posterior(given_ratios, prior + step)
        assert more >= none
        assert all(less[f] <= shares[f] for f in shares)

    @few
    @given(ratios.filter(bool), st.floats(1e-6, 1))
    def test_a_stranger_more_lowers_every_other_family(self, given_ratios: Mapping[str, float], weak: float) -> None:
        _, shares = posterior(given_ratios, 0.5)
        best = max(shares, key=lambda f: shares[f])
        if given_ratios[best] < 1:  # with nobody alike a further candidate is one more chance
            return
        _, more = posterior({**given_ratios, "stranger": min(weak, 1.0)}, 0.5)
        assert more[best] <= shares[best] + 1e-12

    def test_by_hand(self) -> None:
        none, shares = posterior({"x": 30.0, "y": 0.5, "z": 2.0}, 0.4)
        total = 0.4 + 0.2 * 32.5
        assert none == pytest.approx(0.4 / total)
        assert shares == pytest.approx({"x": 6 / total, "y": 0.1 / total, "z": 0.4 / total})

    def test_many_that_say_nothing_leave_the_prior(self) -> None:
        for count in (1, 10, 1000):
            assert posterior({str(k): 1.0 for k in range(count)}, 0.5)[0] == pytest.approx(0.5)


class TestVerdict:
    def test_kin(self, family: list[Profile], strangers: list[Profile]) -> None:
        found = trace(query(), [*strangers, *family], FAMILY)
        assert (found.verdict, found.family) == ("kin", "f")
        assert found.probability > 0.999
        assert found.indistinguishable == ("a", "b", "c")
        assert found.needed_images is None
        assert {o.member.name for o in found.origins[:3]} == {"a", "b", "c"}
        assert found.caveats == ()

    def test_none(self, family: list[Profile], strangers: list[Profile]) -> None:
        found = trace(query(2), [*strangers, *family], FAMILY)
        assert found.verdict == "none"
        assert found.none_probability > 0.5
        assert found.indistinguishable == ()

    def test_nobody_is_registered(self) -> None:
        found = trace(query(), [], {})
        assert (found.verdict, found.family, found.origins) == ("insufficient", "", ())
        assert found.none_probability == 0.5
        assert math.isnan(found.likelihood_ratio)

    def test_a_familys_ratio_is_the_mean_of_its_members(self, family: list[Profile], strangers: list[Profile]) -> None:
        odd = replace(strangers[0], name="c")
        asked = query()
        found = trace(asked, [family[0], family[1], odd], FAMILY)
        each = [o.kinship.log_likelihood_ratio for o in found.origins]
        z = np.array([o.kinship.kinship for o in found.origins])
        sizes = {m.name: len(m) for m in (family[0], family[1], odd)}
        images = np.array([min(len(asked), sizes[o.member.name]) for o in found.origins])
        assert each == pytest.approx(log_likelihood_ratios(z, images, get().calibrations).tolist())
        assert found.likelihood_ratio == pytest.approx(np.exp(each).mean())
        assert found.indistinguishable == ("a", "b")

    def test_strangers_do_not_inflate(self, family: list[Profile], strangers: list[Profile]) -> None:
        asked = query()
        chances = [trace(asked, [*family, *strangers[:k]], FAMILY, doubt=False).probability for k in (0, 5, 20)]
        assert chances[0] >= chances[1] >= chances[2] > 0.99

    def test_strangers_never_make_kin_of_a_stranger(self, strangers: list[Profile]) -> None:
        for number in range(200, 210):
            found = trace(query(number), strangers, {}, doubt=False)
            assert found.verdict != "kin"
            assert found.none_probability > 0.3

    def test_clones_of_one_relative_count_as_one(self, family: list[Profile], strangers: list[Profile]) -> None:
        """A family has one share of the prior however many its members."""
        asked = query(strength=7)
        one = trace(asked, [family[0], *strangers], {"a": "f"}, doubt=False)
        clones = [replace(family[0], name=f"a{k}") for k in range(9)]
        nine = trace(asked, [*clones, *strangers], {f"a{k}": "f" for k in range(9)}, doubt=False)
        assert nine.probability == pytest.approx(one.probability)
        assert nine.likelihood_ratio == pytest.approx(one.likelihood_ratio)

    def test_the_prior_moves_it(self, family: list[Profile]) -> None:
        asked = query()
        chances = [trace(asked, family, FAMILY, prior=p, doubt=False).probability for p in (0.01, 0.5, 0.999999)]
        assert chances[0] > chances[1] > chances[2]
        assert trace(asked, family, FAMILY, prior=0.999999, doubt=False).verdict != "kin"

    def test_decided_takes_the_posterior(self, family: list[Profile]) -> None:
        asked = query()
        ratio = trace(asked, family, FAMILY, doubt=False).likelihood_ratio
        edge = ratio * (1 - DECIDED) / (DECIDED + ratio * (1 - DECIDED))  # the prior at which the posterior is DECIDED
        assert trace(asked, family, FAMILY, prior=edge - 1e-7, doubt=False).verdict == "kin"
        open_ = trace(asked, family, FAMILY, prior=edge + 1e-7, doubt=False)
        assert open_.verdict == "insufficient"
        assert "undecided" in {c.code for c in open_.caveats}

    def test_order_of_members_moves_nothing(self, family: list[Profile], strangers: list[Profile]) -> None:
        asked = query()
        one, two = trace(asked, [*family, *strangers], FAMILY), trace(asked, [*strangers, *family[::-1]], FAMILY)
        assert [o.member.name for o in one.origins] == [o.member.name for o in two.origins]
        assert one.probability == pytest.approx(two.probability)
        for p, q in zip(one.origins, two.origins, strict=True):
            assert p.kinship.kinship == pytest.approx(q.kinship.kinship)
            assert p.kinship.support == q.kinship.support

    def test_at_most_so_many_are_shown_nearest_first(self, family: list[Profile], strangers: list[Profile]) -> None:
        found = trace(query(), [*strangers, *family], FAMILY)
        scores = [o.kinship.kinship for o in found.origins]
        assert len(scores) == SHOWN
        assert scores == sorted(scores, reverse=True)


class TestTooLittle:
    def test_weak_images_whatever_the_kinship(self) -> None:
        # Two images of a strong pattern and ten of noise: unreliable, yet their mean may lie near a relative.
        direction = pattern(1)
        weak = profile("q", contents(1, 4), sketched(direction, 4, 1, strength=2.5), get())
        assert weak.reliability < 0.5
        twin = profile("a", contents(2, 4), weak.sketches, get())
        strong = replace(
            twin, fingerprint=replace(twin.fingerprint, template=replace(twin.fingerprint.template, reliability=0.9))
        )
        found = trace(weak, [strong], {})
        assert found.origins[0].kinship.kinship > 8
        assert found.verdict == "insufficient"
        assert found.needed_images is not None
        assert found.needed_images >= 1
        assert found.indistinguishable == ()
        assert "weak" in codes(found)

    def test_one_image(self, family: list[Profile]) -> None:
        one = profile("q", contents(1, 1), sketched(pattern(1), 1, 1, strength=30), get())
        found = trace(one, family, FAMILY)
        assert found.verdict == "insufficient"
        assert found.needed_images == 3
        assert math.isnan(found.origins[0].kinship.low)

    def test_the_number_of_needed_images_would_do(self, family: list[Profile]) -> None:
        """Spearman-Brown on average: of many weak sets the enlarged ones reach about the reliability."""
        reached = []
        for seed in range(300, 340):
            asked = query(1, 5, seed, strength=4.5)
            found = trace(asked, family, FAMILY, doubt=False)
            if found.verdict == "insufficient" and found.needed_images:
                assert found.needed_images > 0
                reached.append(query(1, 5 + found.needed_images, seed, strength=4.5).reliability)
        assert len(reached) > 5
        assert np.median(reached) > 0.4

    def test_weak_generators_are_listed_and_not_judged(self, family: list[Profile]) -> None:
        weak = made("weak <b>", 1, 4, seed=9, strength=2.5)
        assert weak.reliability < 0.5
        asked = query()
        found = trace(asked, [*family, weak], {**FAMILY, "weak <b>": "f"})
        without = trace(asked, family, FAMILY)
        assert found.probability == without.probability
        assert "weak <b>" not in found.indistinguishable
        assert "weak <b>" in text(found, "weak_generators")
        alone = trace(asked, [weak], {})
        assert (alone.verdict, alone.family) == ("insufficient", "")
        assert alone.origins[0].member.name == "weak <b>"

    def test_jpeg_generators_are_not_judged_by_jpeg_images(self, family: list[Profile]) -> None:
        asked, other = jpeg("q", 1), jpeg("other", 2)
        found = trace(asked, [*family, other], FAMILY)
        assert found.family != "other"
        assert found.verdict != "kin"
        assert "other" in text(found, "jpeg_pair")
        assert "jpeg" in codes(found)
        alone = trace(asked, [other], {})
        assert alone.verdict == "insufficient"

    def test_jpeg_generators_are_judged_by_lossless_images(self) -> None:
        found = trace(query(7), [jpeg("other", 2, share=0.5)], {})
        assert (found.verdict, found.family) == ("kin", "other")
        assert found.caveats == ()


class TestOwnImages:
    def test_the_very_same_images_are_no_kin(self, family: list[Profile]) -> None:
        found = trace(replace(family[0], name="query"), [family[0]], {})
        assert found.verdict == "insufficient"
        assert found.origins == ()
        assert "a" in text(found, "registered_images")

    def test_they_do_not_testify_among_relatives(self, family: list[Profile], strangers: list[Profile]) -> None:
        asked = replace(family[0], name="query")
        found = trace(asked, [*family, *strangers], FAMILY)
        without = trace(asked, [*family[1:], *strangers], FAMILY)
        assert found.verdict == "kin"
        assert (found.probability, found.indistinguishable) == (without.probability, ("b", "c"))

    def test_half_of_a_set_is_judged_by_the_other_half(self) -> None:
        whole = made("a", 1, 24, seed=1)
        half = whole.without(frozenset(whole.contents[12:]))
        rest = whole.without(frozenset(whole.contents[:12]))
        assert half is not None
        assert rest is not None
        found, expected = trace(half, [whole], {}), trace(half, [rest], {})
        assert found.origins[0].kinship == expected.origins[0].kinship
        assert found.verdict == "kin"
        assert codes(found) == {"registered_images"}

    def test_noise_is_not_kin_of_itself(self) -> None:
        noise = made("n", 1, 12, strength=0)
        assert trace(replace(noise, name="query"), [noise], {}).verdict != "kin"


class TestPlacement:
    def facts(self, name: str, base: bool = False) -> Facts:
        return Facts(name, observed=True, base=base, parents=(), family="f")

    def test_only_kin_are_placed(self, family: list[Profile]) -> None:
        found = trace(query(2), family, FAMILY)
        assert place(found, [self.facts("a", base=True)]) is None

    def test_under_the_one_declared_member(self, family: list[Profile]) -> None:
        found = trace(query(), family, FAMILY)
        placed = place(found, [self.facts("a"), self.facts("b", base=True), self.facts("c")])
        assert placed is not None
        assert (placed.parent, placed.kind, placed.direction) == ("b", "generator", "declared")

    def test_under_the_ancestor_where_nothing_is_declared(self, family: list[Profile]) -> None:
        found = trace(query(), family, FAMILY)
        placed = place(found, [self.facts(n) for n in "abc"])
        assert placed is not None
        assert (placed.parent, placed.kind, placed.direction) == (ancestor_name("f"), "ancestor", None)

    def test_beside_a_generator_without_family(self, family: list[Profile]) -> None:
        found = trace(query(), family[:1], {})
        placed = place(found, [Facts("a", observed=True, base=False, parents=())])
        assert placed is not None
        assert (placed.parent, placed.kind, placed.direction) == ("a", "generator", None)
