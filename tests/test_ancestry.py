"""Ancestry follows declarations and dates, and never invents a direction."""

from __future__ import annotations

from datetime import date, timedelta
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difreg.lineage.ancestry import Descent, Facts, Pair, ancestor_name, forbidden, hang, infer

STRONG = Pair(1e6, 0.999999, 1.0)
WEAK = Pair(1e-3, 0.001, 0.0)


def facts(name: str, family: str | None = "f", **more: object) -> Facts:
    kind: dict[str, object] = {"observed": True, "base": False, "parents": (), **more}
    return Facts(name, family=family, **kind)  # type: ignore[arg-type]


def kin(*names: str, pair: Pair = STRONG) -> dict[frozenset[str], Pair]:
    return {frozenset((a, b)): pair for a in names for b in names if a < b}


def steps(found: list[Descent]) -> set[tuple[str, str, str]]:
    return {(d.child, d.parent, d.direction) for d in found}


def test_an_undeclared_member_hangs_under_the_one_declared() -> None:
    sd14 = facts("sd14", base=True, released=date(2022, 8, 22))
    mj = facts("mj", released=date(2022, 7, 31))
    (found,) = infer([sd14, mj], kin("mj", "sd14"))
    assert (found.child, found.parent, found.parent_kind, found.direction) == ("mj", "sd14", "generator", "declared")
    assert found.probability == STRONG.probability
    assert "declared as trained from scratch" in found.reason
    assert "forbids nothing" in found.reason


def test_several_declared_members_share_an_ancestor_that_hangs_under_the_base() -> None:
    base, tuned, unknown = facts("base", base=True), facts("tuned", parents=(("base", "fine-tune"),)), facts("x")
    found = infer([base, tuned, unknown], kin("base", "tuned", "x"))
    assert steps(found) == {
        ("tuned", "base", "declared"),
        ("x", ancestor_name("f"), "declared"),
        (ancestor_name("f"), "base", "declared"),
    }
    hung = next(d for d in found if d.child == "x")
    assert hung.parent_kind == "ancestor"
    assert "cannot be told apart" in hung.reason
    assert hung.probability > 0.99


def test_with_nothing_declared_nothing_is_directed() -> None:
    assert infer([facts("a"), facts("b"), facts("c")], kin("a", "b", "c")) == []


def test_release_order_alone_directs_nothing() -> None:
    early, late = facts("a", released=date(2021, 1, 1)), facts("b", released=date(2024, 1, 1))
    assert infer([early, late], kin("a", "b")) == []


def test_a_date_that_excludes_the_reverse_directs_weakly() -> None:
    early, late = facts("a", released=date(2021, 1, 1)), facts("b", not_before=date(2022, 1, 1))
    (found,) = infer([early, late], kin("a", "b"))
    assert (found.child, found.parent, found.direction) == ("b", "a", "dates")
    assert found.probability <= 0.5
    assert "sibling" in found.reason


def test_a_member_with_a_declared_origin_is_no_child_of_one_without() -> None:
    declared, other = facts("declared", parents=(("stub", "unknown"),)), facts("other", released=date(2020, 1, 1))
    stub = facts("stub", family=None, observed=False)
    found = infer([declared, other, stub], kin("declared", "other"))
    assert ("declared", "other", "declared") not in steps(found)
    assert ("other", ancestor_name("f"), "declared") in steps(found)
    assert "or, as that does, from stub" in next(d.reason for d in found if d.child == "other")


def test_a_parent_that_cannot_have_been_there_is_forbidden() -> None:
    late = facts("late", base=True, not_before=date(2023, 7, 1))
    early = facts("early", released=date(2022, 8, 1))
    assert forbidden(late, early)
    assert infer([late, early], kin("early", "late")) == []
    assert infer([late, facts("child", parents=(("late", "fine-tune"),), released=date(2022, 8, 1))], {}) == []


def test_a_declared_parent_that_images_contradict_is_not_followed() -> None:
    parent, child = facts("parent", family=None, base=True), facts("child", family=None, parents=(("parent", "merge"),))
    assert infer([parent, child], kin("child", "parent", pair=WEAK)) == []
    unsure = Pair(WEAK.likelihood_ratio, WEAK.probability, 0.0, clean=False)
    (kept,) = infer([parent, child], kin("child", "parent", pair=unsure))
    assert kept.parent == "parent"


def test_a_merge_keeps_both_parents() -> None:
    one, two = facts("one", base=True), facts("two", family="g", base=True)
    merged = facts("m", parents=(("one", "merge"), ("two", "merge")))
    assert steps(infer([one, two, merged], kin("m", "one"))) >= {("m", "one", "declared"), ("m", "two", "declared")}


def test_a_stub_leads_its_children_to_their_ancestor() -> None:
    base, stub = facts("base", base=True), facts("stub", family=None, observed=False)
    child = facts("child", parents=(("stub", "fine-tune"),))
    found = infer([base, stub, child], kin("base", "child"))
    assert steps(found) == {
        ("child", "stub", "declared"),
        ("stub", ancestor_name("f"), "declared"),
        (ancestor_name("f"), "base", "declared"),
    }
    assert isnan(next(d for d in found if d.child == "child").probability)


def test_a_member_is_never_hung_under_its_own_descendant() -> None:
    parent, child = facts("parent"), facts("child", parents=(("parent", "fine-tune"),))
    assert steps(infer([parent, child], kin("child", "parent"))) == {("child", "parent", "declared")}


def test_of_a_ring_of_declarations_none_is_followed() -> None:
    ring = [facts(n, None, parents=((p, "fine-tune"),)) for n, p in (("a", "b"), ("b", "c"), ("c", "a"))]
    assert infer(ring, {}) == []


def test_a_ring_that_a_date_breaks_is_followed() -> None:
    one = facts("a", None, parents=(("b", "fine-tune"),), not_before=date(2023, 1, 1))
    two = facts("b", None, parents=(("a", "fine-tune"),), released=date(2022, 1, 1))
    assert steps(infer([one, two], {})) == {("a", "b", "declared")}


def test_dates_leave_one_of_several_declared() -> None:
    base = facts("base", base=True)
    late = facts("late", parents=(("base", "fine-tune"),), not_before=date(2024, 1, 1))
    found = infer([base, late, facts("x", released=date(2023, 1, 1))], kin("base", "late", "x"))
    assert steps(found) == {("late", "base", "declared"), ("x", "base", "declared")}
    assert "no other member with a declared origin can have been before it" in next(
        d.reason for d in found if d.child == "x"
    )


def test_a_group_is_named_nearest_first_and_the_nearest_is_not_taken_for_the_parent() -> None:
    known = [facts("base", base=True), *(facts(f"t{k}", parents=(("base", "fine-tune"),)) for k in range(3))]
    pairs = kin("base", "t0", "t1", "t2", "x")
    pairs[frozenset(("t1", "x"))] = Pair(1e6, 0.999999, 1.0, kinship=30.0)
    pairs |= {frozenset((n, "x")): Pair(1e6, 0.999999, 1.0, kinship=8.0) for n in ("base", "t0", "t2")}
    hung = next(d for d in infer([*known, facts("x")], pairs) if d.child == "x")
    assert (hung.parent, hung.parent_kind) == (ancestor_name("f"), "ancestor")
    assert hung.among == ("base", "t1", "t0", "t2")  # what has three declared children before the nearest


def test_a_parent_of_many_is_named_where_dates_leave_no_other() -> None:
    parent, early = facts("parent"), facts("x", released=date(2022, 1, 1))
    late = [facts(f"t{k:02}", parents=(("parent", "merge"),), not_before=date(2023, 1, 1)) for k in range(20)]
    found = infer([parent, early, *late], kin("parent", "x", *(g.name for g in late)))
    hung = next(d for d in found if d.child == "x")
    assert (hung.parent, hung.direction) == ("parent", "declared")
    assert "parent is declared the parent of 20 others" in hung.reason
    assert hung.probability < 0.95  # it may as well come from something nobody registered


def test_dates_share_a_step_with_all_that_is_as_likely() -> None:
    early, late = facts("a", released=date(2021, 1, 1)), facts("b", not_before=date(2022, 1, 1))
    two = next(d for d in infer([early, late], kin("a", "b")))
    three = next(d for d in infer([early, late, facts("c")], kin("a", "b", "c")) if d.child == "b")
    assert three.parent == two.parent == "a"
    assert three.probability < two.probability == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_hanging_names_a_generator_only_where_there_is_one(count: int) -> None:
    family = [facts(f"d{k}", base=True) for k in range(count)]
    place = hang(facts("x"), [*family, facts("x")])
    assert place.kind == ("generator" if count == 1 else "ancestor")


days = st.none() | st.dates(date(2020, 1, 1), date(2025, 1, 1))


@st.composite
def registries(draw: st.DrawFn) -> list[Facts]:
    count = draw(st.integers(2, 7))
    out = []
    for k in range(count):
        base = draw(st.booleans())
        # Any other may be declared a parent, so that declarations can run in rings.
        others = [f"g{j}" for j in range(count) if j != k]
        named = () if base else draw(st.lists(st.sampled_from(others), max_size=2, unique=True))
        parent = tuple((name, "unknown") for name in named)
        not_before = draw(days)
        released = draw(days)
        if released and not_before and not_before > released:
            released = not_before + timedelta(days=1)
        family = draw(st.sampled_from(["f", "f", "g"]))
        out.append(Facts(f"g{k}", True, base, parent, released, not_before, family))
    return out


@given(registries())
def test_ancestry_has_no_circle_and_breaks_no_date(generators: list[Facts]) -> None:
    by_name = {g.name: g for g in generators}
    names = {f: [g.name for g in generators if g.family == f] for f in ("f", "g")}
    pairs = {k: v for members in names.values() for k, v in kin(*members).items()}
    found = infer(generators, pairs)
    parents: dict[str, set[str]] = {}
    for d in found:
        parents.setdefault(d.child, set()).add(d.parent)
        assert d.direction in {"declared", "dates"}
        assert d.reason
        if d.child in by_name and d.parent in by_name:
            assert not forbidden(by_name[d.parent], by_name[d.child])
    for start in parents:
        seen, todo = set(), [start]
        while todo:
            for parent in parents.get(todo.pop(), ()):
                assert parent != start, found
                if parent not in seen:
                    seen.add(parent)
                    todo.append(parent)
