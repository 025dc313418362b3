"""Families: who is put together, and what a family is called as it grows, shrinks, splits and merges."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from difreg.lineage.families import Community, Edge, communities, support

few = settings(deadline=None, max_examples=30)


def clique(*names: str, probability: float = 1.0, support: float = 1.0) -> list[Edge]:
    return [Edge(a, b, probability, support) for a, b in combinations(names, 2)]


def named(prefix: str, size: int) -> list[str]:
    return [f"{prefix}{k}" for k in range(size)]


def members(found: list[Community]) -> list[set[str]]:
    return [set(c.members) for c in found]


@few
@given(st.integers(2, 9), st.integers(2, 9), st.floats(0.99, 0.999999), st.integers(0, 8), st.integers(0, 8))
def test_one_false_edge_never_glues_two_families(n: int, m: int, p: float, i: int, j: int) -> None:
    one, two = named("a", n), named("b", m)
    false = Edge(one[i % n], two[j % m], p, 1.0)
    found = communities([*clique(*one, probability=p), *clique(*two, probability=p), false])
    assert sorted(map(sorted, members(found))) == [one, two]


@few
@given(st.data())
def test_the_bridge_rule(data: st.DataObject) -> None:
    """What is found could not gain by a merger, and no member is kin to less than half of the others."""
    names = named("g", data.draw(st.integers(2, 9)))
    kin = {p: data.draw(st.sampled_from([0, 0, 0.99, 0.9999])) for p in combinations(names, 2)}
    found = members(communities([Edge(a, b, p, 1.0) for (a, b), p in kin.items() if p]))
    alone = [{name} for name in names if not any(name in f for f in found)]
    for one, two in combinations([*found, *alone], 2):
        assert sum(kin[min(a, b), max(a, b)] for a in one for b in two) <= len(one) * len(two) / 2 + 1e-9
    for family in found:
        for a in family:
            assert sum(kin[min(a, b), max(a, b)] for b in family - {a}) >= (len(family) - 1) / 2 - 1e-9


def test_two_groups_with_more_than_half_of_their_pairs_kin_are_one() -> None:
    # Leiden alone stops short of it.
    pairs = ["01", "02", "03", "04", "12", "13", "15", "25", "34", "35", "45"]
    kin = {frozenset(p) for p in pairs}
    groups = members(communities([Edge(a, b, 0.99, 1.0) for a, b in pairs]))
    groups += [{name} for name in "012345" if not any(name in group for group in groups)]
    for one, two in combinations(groups, 2):
        assert sum(frozenset((a, b)) in kin for a in one for b in two) * 0.99 <= len(one) * len(two) / 2


def test_a_pair_hanging_on_a_family_by_one_edge_stays_outside() -> None:
    found = communities([*clique(*named("a", 5)), Edge("a0", "x", 0.99, 0.7)])
    assert members(found) == [set(named("a", 5))]


@few
@given(st.integers(3, 9))
def test_a_whole_clique_is_one_family(n: int) -> None:
    assert members(communities(clique(*named("a", n), probability=0.99))) == [set(named("a", n))]


def test_a_family_that_misses_an_edge_stays_whole() -> None:
    edges = clique(*named("a", 6))[1:]  # a0 and a1 are not kin
    assert members(communities(edges)) == [set(named("a", 6))]


def test_a_chain_does_not_become_one_family() -> None:
    names = named("a", 6)
    found = communities([Edge(a, b, 0.99, 1.0) for a, b in pairwise(names)])
    assert max(map(len, members(found))) <= 3
    assert all(len(m) >= 2 for m in members(found))
    # Each is a stretch of the chain: neighbours in it are kin.
    for family in found:
        numbers = sorted(int(m[1:]) for m in family.members)
        assert numbers == list(range(numbers[0], numbers[-1] + 1))


def test_a_pair_is_a_family_and_nobody_is_none() -> None:
    (found,) = communities([Edge("b", "a", 0.991, 0.8)])
    assert found == Community("family-1", ("a", "b"), 0.8)
    assert communities([]) == []


@few
@given(st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_edges_moves_nothing(random: object, turned: bool) -> None:
    names = [named("a", 4), named("b", 3), named("c", 5)]
    edges = [e for group in names for e in clique(*group, probability=0.995, support=0.9)]
    edges += [Edge("a0", "b0", 0.99, 0.5), Edge("c1", "b0", 0.992, 0.6), Edge("x", "y", 0.99, 0.4)]
    expected = communities(edges)
    random.shuffle(edges)  # type: ignore[attr-defined]
    mixed = [Edge(e.b, e.a, e.probability, e.support) for e in edges] if turned else edges
    assert communities(mixed) == expected


def test_the_largest_comes_first_and_numbers_follow() -> None:
    found = communities([*clique("x", "y"), *clique(*named("a", 4)), *clique("p", "q", "r")])
    assert [(c.name, len(c.members)) for c in found] == [("family-1", 4), ("family-2", 3), ("family-3", 2)]


def bits(*held: bool) -> bytes:
    """200 replicates, of which the first are these and the others accept."""
    return np.packbits([*held, *[True] * (200 - len(held))]).tobytes()


def test_the_support_of_a_pair_is_its_edges() -> None:
    assert support(("a", "b"), [Edge("a", "b", 1, 0.545)]) == 0.545
    assert support(("a", "b"), [Edge("a", "b", 1, 0.99, bits(False, True, False))]) == 0.99


def test_support_is_the_mean_share_that_comes_back() -> None:
    lost = bits(False, False, True, False)
    edges = [Edge(a, b, 1, 0.985, lost if "d" in (a, b) else bits()) for a, b in combinations("abcd", 2)]
    assert support(tuple("abcd"), edges) == pytest.approx((197 + 3 * 3 / 4) / 200)  # d is lost in three of 200
    # Edges that are lost together cost a member; the same losses spread over replicates cost nothing.
    spread = [bits(*(j != k for j in range(3))) for k in range(3)]
    apart = [Edge(a, b, 1, 0.985, spread.pop() if "d" in (a, b) else bits()) for a, b in combinations("abcd", 2)]
    assert support(tuple("abcd"), apart) == 1.0


@few
@given(st.integers(2, 7), st.data())
def test_support_by_its_definition(n: int, data: st.DataObject) -> None:
    names, pairs = named("g", n), list(combinations(range(n), 2))
    drawn = data.draw(
        st.lists(st.lists(st.booleans(), min_size=8, max_size=8), min_size=len(pairs), max_size=len(pairs))
    )
    edges = [
        Edge(names[i], names[j], 1, 0, np.packbits(held).tobytes()) for (i, j), held in zip(pairs, drawn, strict=True)
    ]
    shares = []
    for r in range(8):
        left = set(range(n))
        kin = {frozenset(p) for p, held in zip(pairs, drawn, strict=True) if held[r]}
        while len(left) > 1:
            count = {i: sum(frozenset((i, j)) in kin for j in left - {i}) for i in left}
            worst = min(sorted(left), key=lambda i: count[i])
            if 2 * count[worst] >= len(left) - 1:
                break
            left.remove(worst)
        shares.append(len(left) / n if len(left) > 1 else 0)
    assert support(names, edges) == pytest.approx(np.mean(shares))


def test_support_counts_what_is_inside_alone() -> None:
    found = communities([*clique("a", "b", "c"), Edge("a", "z", 0.99, 0.3), *clique("z", "y", "w", support=0.95)])
    assert {c.members: c.support for c in found} == {("a", "b", "c"): 1.0, ("w", "y", "z"): 0.95}


class TestNames:
    @pytest.fixture
    def known(self) -> list[Community]:
        found = communities([*clique(*named("a", 4)), *clique(*named("b", 3))])
        return [Community("family-7", found[0].members, 1.0), Community("family-3", found[1].members, 1.0)]

    def names(self, edges: list[Edge], known: list[Community]) -> dict[str, str]:
        return {m: c.name for c in communities(edges, known) for m in c.members}

    def test_growing(self, known: list[Community]) -> None:
        found = self.names([*clique(*named("a", 4)), *clique(*named("b", 9))], known)
        assert (found["a0"], found["b0"], found["b8"]) == ("family-7", "family-3", "family-3")

    def test_shrinking(self, known: list[Community]) -> None:
        found = self.names([*clique("a2", "a3"), *clique(*named("b", 3))], known)
        assert found == {"a2": "family-7", "a3": "family-7", **dict.fromkeys(named("b", 3), "family-3")}

    def test_splitting_the_larger_part_keeps_the_name(self, known: list[Community]) -> None:
        known = [*known, Community("family-9", tuple(named("c", 5)), 1.0)]
        found = self.names([*clique("c0", "c1", "c2"), *clique("c3", "c4")], known)
        assert found["c0"] == "family-9"
        assert found["c3"] == "family-10"  # a number that no known family has

    def test_merging_takes_the_name_of_the_larger_part(self, known: list[Community]) -> None:
        found = self.names(clique(*named("a", 4), *named("b", 3)), known)
        assert set(found.values()) == {"family-7"}

    def test_a_new_family_never_takes_a_known_name(self, known: list[Community]) -> None:
        found = self.names([*clique(*named("a", 4)), *clique(*named("n", 6))], known)
        assert (found["a0"], found["n0"]) == ("family-7", "family-8")

    def test_a_number_that_is_gone_does_not_come_back(self) -> None:
        assert [c.name for c in communities(clique("a", "b"), [], last=12)] == ["family-13"]

    def test_a_title_for_a_name_is_kept_like_any_other(self) -> None:
        known = [Community("Stable Diffusion", ("a", "b"), 1.0)]
        found = self.names([*clique("a", "b", "c"), *clique("x", "y")], known)
        assert (found["a"], found["x"]) == ("Stable Diffusion", "family-1")

    @few
    @given(st.lists(st.sets(st.integers(0, 11), min_size=2, max_size=6), max_size=5))
    def test_every_family_has_a_name_of_its_own(self, groups: list[set[int]]) -> None:
        known = [Community(f"family-{9 - k}", tuple(f"g{i}" for i in sorted(g)), 1.0) for k, g in enumerate(groups)]
        edges = [*clique("g0", "g1", "g2"), *clique("g3", "g4", "g5"), *clique("g6", "g7"), *clique("g8", "g9")]
        found = communities(edges, known)
        assert len({c.name for c in found}) == len(found) == 4
        assert communities(edges, found) == found  # naming them again by themselves changes nothing
