"""What the figures on lineage rest on: the index of agreement, and which groups a true tree has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.lineage.clades import _splits
from benchmarks.lineage.nursery import adjusted_rand
from benchmarks.nursery.recipe import Node

labels = st.lists(st.sampled_from("abcd"), min_size=2, max_size=12)


@given(labels)
def test_a_partition_agrees_with_itself_under_any_names(one: list[str]) -> None:
    assert adjusted_rand(one, [x.upper() for x in one]) == pytest.approx(1)


def test_the_index_of_a_worked_example() -> None:
    # Two pairs against one pair and two alone: 1 of 6 pairs together in both, expected 2 * 1 / 6, most 1.5.
    assert adjusted_rand(list("aabb"), list("aabc")) == pytest.approx((1 - 1 / 3) / (1.5 - 1 / 3))
    assert adjusted_rand(list("aabb"), list("abab")) == pytest.approx(-0.5)


def test_the_groups_of_a_true_tree_are_what_descends_from_one_checkpoint() -> None:
    tree = {
        "F": Node("F", "F", "founder"),
        "F.A5": Node("F.A5", "F", "A", 5, "F"),
        "F.A50": Node("F.A50", "F", "A", 50, "F"),
        "F.B5": Node("F.B5", "F", "B", 5, "F"),
        "F.A50C50": Node("F.A50C50", "F", "C", 100, "F.A50"),
    }
    index = {name: k for k, name in enumerate(tree)}
    of = {frozenset(n for n, k in index.items() if m >> k & 1) for m in _splits(tree, index)}
    assert of == {frozenset({"F.A5", "F.A50", "F.A50C50"}), frozenset({"F.A50", "F.A50C50"})}
