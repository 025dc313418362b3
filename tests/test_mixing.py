"""Folders of several origins: found, split, and every image asked whether it agrees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painting import contents, made, pattern, sketched

from difreg.lineage.agreement import DOUBTED, agreement, belonging
from difreg.lineage.answers import Agreement
from difreg.lineage.keeping.population import Population
from difreg.lineage.mixing import FEWEST, MOST, Part, divide, single_evidence
from difreg.lineage.tracing import OTHERS, SHOWN, trace
from difreg.registry.background import get
from difreg.registry.profiles import Profile, profile

FAMILY = {"a": "f", "b": "f", "c": "f", "d": "g", "e": "g"}
few = settings(deadline=None, max_examples=25)


@pytest.fixture(scope="module")
def registered() -> Population:
    """Two families, of the patterns 1 and 2, and strangers."""
    kin = [made(n, 1 if n < "d" else 2, seed=k) for k, n in enumerate("abcde", 1)]
    return Population.of([*kin, *(made(f"s{k}", 100 + k, seed=100 + k) for k in range(12))])


def folder(*parts: tuple[int, int], strength: float = 10.0, seed: int = 50) -> Profile:
    """So many images of each pattern, in one folder."""
    sketches = [sketched(pattern(number), n, seed + k, strength) for k, (number, n) in enumerate(parts)]
    return profile("query", contents(seed, sum(n for _, n in parts)), np.concatenate(sketches), get())


def found(parts: tuple[Part, ...]) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(p.found.verdict, p.found.family, p.rows) for p in parts]


def rows(start: int, end: int) -> tuple[int, ...]:
    return tuple(range(start, end))


def asked(query: Profile, members: Population) -> tuple[Agreement, ...]:
    parts = divide(query, members, FAMILY)
    whole = parts or (Part(rows(0, len(query)), trace(query, members, FAMILY, doubt=False)),)
    return agreement(query, [str(k) for k in range(len(query))], whole, members, FAMILY, 0.5)


class TestDivide:
    @pytest.mark.parametrize("share", [(10, 10), (15, 5), (17, 3)])
    def test_two_families(self, registered: Population, share: tuple[int, int]) -> None:
        parts = divide(folder((1, share[0]), (2, share[1])), registered, FAMILY)
        assert found(parts) == [("kin", "f", rows(0, share[0])), ("kin", "g", rows(share[0], 20))]

    def test_a_family_and_nobody_registered(self, registered: Population) -> None:
        parts = divide(folder((1, 8), (77, 12)), registered, FAMILY)
        assert [(v, r) for v, _, r in found(parts)] == [("none", rows(8, 20)), ("kin", rows(0, 8))]

    def test_nobody_beside_the_only_family_there_is(self, registered: Population) -> None:
        parts = divide(folder((1, 8), (77, 8)), registered.only([0, 1, 2]), FAMILY)
        assert {(p.found.verdict, p.rows) for p in parts} == {("kin", rows(0, 8)), ("none", rows(8, 16))}

    def test_three_origins(self, registered: Population) -> None:
        parts = divide(folder((1, 8), (2, 7), (103, 6)), registered, FAMILY)
        assert found(parts) == [("kin", "f", rows(0, 8)), ("kin", "g", rows(8, 15)), ("kin", "s3", rows(15, 21))]

    def test_never_more_parts_than_allowed(self, registered: Population) -> None:
        assert 2 <= len(divide(folder(*((100 + k, 5) for k in range(7))), registered, FAMILY)) <= MOST

    @few
    @given(st.integers(0, 10_000), st.sampled_from([1, 2, 100, 77]), st.integers(4, 24), st.sampled_from([4.0, 6, 10]))
    def test_one_origin_is_never_split(self, seed: int, number: int, n: int, strength: float) -> None:
        members = Population.of([made(x, 1, seed=k) for k, x in enumerate("abc", 1)] + [made("d", 2, seed=9)])
        assert divide(folder((number, n), strength=strength, seed=seed), members, FAMILY) == ()

    def test_members_of_one_family_are_one_origin(self, registered: Population) -> None:
        mixed = pattern(1) + 0.35 * pattern(9)
        near = profile("x", contents(3, 10), sketched(mixed / np.linalg.norm(mixed), 10, 3), get())
        query = folder((1, 10))
        both = profile("q", query.contents + near.contents, np.concatenate([query.sketches, near.sketches]), get())
        assert divide(both, registered, FAMILY) == ()

    def test_parts_that_are_kin_to_each_other_are_one_origin(self) -> None:
        """Two families near each other explain the two halves better than one; but the halves are kin."""
        near = pattern(1) + 1.5 * pattern(9)
        other = near / np.linalg.norm(near)
        members = Population.of([made("a", 1, seed=1), made("d", other, seed=2)])
        sketches = [sketched(pattern(1), 10, 60, 20.0), sketched(other, 10, 61, 20.0)]
        query = profile("q", contents(60, 20), np.concatenate(sketches), get())
        halves = [query.subset(rows(0, 10)), query.subset(rows(10, 20))]
        assert [trace(h, members, FAMILY, doubt=False).family for h in halves] == ["f", "g"]
        assert divide(query, members, FAMILY) == ()

    def test_too_few_images_are_no_part(self, registered: Population) -> None:
        assert divide(folder((1, 10), (2, FEWEST - 1)), registered, FAMILY) == ()

    def test_two_that_nobody_registered_are_not_told_apart(self, registered: Population) -> None:
        assert divide(folder((76, 10), (77, 10)), registered, FAMILY) == ()

    def test_weak_images_make_no_part(self, registered: Population) -> None:
        strong, noise = folder((1, 12)), folder((1, 8), strength=0, seed=9)
        both = profile("q", strong.contents + noise.contents, np.concatenate([strong.sketches, noise.sketches]), get())
        assert divide(both, registered, FAMILY) == ()

    def test_nobody_is_registered(self) -> None:
        assert divide(folder((1, 10), (2, 10)), Population.of([]), FAMILY) == ()

    def test_the_order_of_the_images_moves_nothing(self, registered: Population) -> None:
        query = folder((1, 9), (2, 6))
        order = np.random.default_rng(0).permutation(15)
        shuffled = profile("q", tuple(query.contents[k] for k in order), query.sketches[order], get())
        back = [sorted(int(order[r]) for r in p.rows) for p in divide(shuffled, registered, FAMILY)]
        assert back == [list(p.rows) for p in divide(query, registered, FAMILY)]


class TestAgreement:
    def test_all_agree(self, registered: Population) -> None:
        told = asked(folder((1, 12)), registered)
        assert {(row.part, row.family, row.agrees) for row in told} == {(0, "f", True)}
        assert [row.file for row in told] == [str(k) for k in range(12)]

    def test_two_of_another_origin_disagree(self, registered: Population) -> None:
        told = asked(folder((1, 12), (77, 1), (2, 1)), registered)
        assert [row.agrees for row in told] == [True] * 12 + [False] * 2
        assert max(row.probability for row in told[12:]) <= DOUBTED
        assert min(row.score for row in told[:12]) > max(row.score for row in told[12:])

    def test_under_none_a_registered_fingerprint_disagrees(self, registered: Population) -> None:
        told = asked(folder((77, 14), (1, 1)), registered)
        assert [row.agrees for row in told] == [True] * 14 + [False]

    def test_under_too_little_nothing_is_said(self, registered: Population) -> None:
        told = asked(folder((1, 8), strength=1.0), registered)
        assert {row.agrees for row in told} == {None}

    def test_each_is_asked_about_its_part(self, registered: Population) -> None:
        told = asked(folder((1, 9), (2, 6)), registered)
        assert [(row.part, row.family, row.agrees) for row in told] == [(0, "f", True)] * 9 + [(1, "g", True)] * 6

    @given(st.lists(st.floats(2, 12), min_size=4, max_size=30))
    def test_the_highest_of_all_is_not_doubted(self, z: list[float]) -> None:
        scores = np.array([*z, 14.0])
        chances = belonging(scores, folder((1, 4)))
        assert chances[-1] == max(chances)
        assert all(0 <= p <= 1 for p in chances)

    def test_three_are_too_few_for_a_norm(self) -> None:
        assert np.isnan(belonging(np.array([5.0, 6.0, 7.0]), folder((1, 4)))).all()


def test_evidence_of_a_family_is_the_mean_of_its_members(registered: Population) -> None:
    query = folder((1, 3))
    told, evidence = single_evidence(query, query.units, registered, FAMILY)
    alone = [single_evidence(query, query.units, registered.only([k]), {})[1][:, 0] for k in range(3)]
    assert evidence[:, told.index("f")] == pytest.approx(np.log(np.exp(alone).mean(0)))
    assert told == sorted({FAMILY.get(n, n) for n in registered.names})


def test_a_weak_member_gives_no_evidence(registered: Population) -> None:
    weak = made("weak", 1, 4, seed=9, strength=1.0)
    query = folder((1, 3))
    assert single_evidence(query, query.units, Population.of([weak]), {})[0] == []


def test_a_subset_is_the_profile_of_its_images() -> None:
    query = replace(folder((1, 6)), tiles=np.arange(6.0) + 1)
    part = query.subset([4, 1])
    assert part.contents == (query.contents[4], query.contents[1])
    assert part.tiles is not None
    assert part.tiles.tolist() == [5, 2]


def test_a_large_family_leaves_room_for_others(registered: Population) -> None:
    kin = [made(f"k{n}", 1, seed=300 + n) for n in range(20)]
    members = Population.of([*kin, *(registered.profile(row) for row in range(5, 17))])
    origins = trace(folder((1, 10)), members, {p.name: "f" for p in kin}, doubt=False).origins
    assert len(origins) == SHOWN
    assert sum(o.family != "f" for o in origins) == OTHERS
