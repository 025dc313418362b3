"""Trees of similarity: known trees are found again, supports follow the images, and files hold what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from painting import made, pattern
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from difreg.lineage.seriation import leaf_order
from difreg.lineage.similarity import Array, Tree, at_midpoint, groups, grown, neighbour_joining, newick, upgma


@st.composite
def true_trees(draw: st.DrawFn) -> Tree:
    """A random binary tree whose branches are none of them short."""
    n = draw(st.integers(3, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    roots, children = list(range(n)), []
    while len(roots) > 1:
        a, b = (roots.pop(rng.integers(len(roots))) for _ in range(2))
        children.append((a, b))
        roots.append(n + len(children) - 1)
    return Tree(n, tuple(children), (*rng.uniform(0.1, 1, 2 * n - 2).tolist(), 0.0))


def path_lengths(tree: Tree) -> Array:
    """(n, n) lengths of the ways between leaves."""
    above = {c: tree.leaves + k for k, below in enumerate(tree.children) for c in below}
    ways = []
    for leaf in range(tree.leaves):
        way, node, at = {leaf: 0.0}, leaf, 0.0
        while node in above:
            at += tree.lengths[node]
            node = above[node]
            way[node] = at
        ways.append(way)
    return np.array([[min(a[k] + b[k] for k in a.keys() & b.keys()) for b in ways] for a in ways])


@given(true_trees())
def test_neighbour_joining_finds_the_tree_that_made_the_distances(tree: Tree) -> None:
    between = path_lengths(tree)
    found = neighbour_joining(between)
    assert groups(found, "nj") == groups(tree, "nj")
    assert path_lengths(found) == pytest.approx(between)


@given(true_trees())
def test_the_midpoint_moves_only_the_root(tree: Tree) -> None:
    moved = at_midpoint(tree)
    between = path_lengths(tree)
    assert path_lengths(moved) == pytest.approx(between)
    assert groups(moved, "nj") == groups(tree, "nj")
    depth = [path_lengths(moved)[0, 0]] * moved.leaves
    above = {c: moved.leaves + k for k, below in enumerate(moved.children) for c in below}
    for leaf in range(moved.leaves):
        node = leaf
        while node in above:
            depth[leaf] += moved.lengths[node]
            node = above[node]
    assert max(depth) == pytest.approx(between.max() / 2)


@given(true_trees())
def test_average_linkage_finds_the_groups_of_a_clock(tree: Tree) -> None:
    height = [0.0] * tree.leaves
    for below in tree.children:
        height.append(max(height[c] for c in below) + 0.3)
    lengths = [0.0] * len(height)
    for k, below in enumerate(tree.children):
        for c in below:
            lengths[c] = height[tree.leaves + k] - height[c]
    clock = Tree(tree.leaves, tree.children, tuple(lengths))
    found = upgma(path_lengths(clock))
    assert path_lengths(found) == pytest.approx(path_lengths(clock))


@st.composite
def tables(draw: st.DrawFn, least: int = 2) -> Array:
    """Random distances, some of them with many ties."""
    n, levels = draw(st.integers(least, 30)), draw(st.sampled_from([2, 5, 1000, 0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    between = rng.uniform(0.1, 1, n * (n - 1) // 2)
    return squareform(np.ceil(between * levels) / levels if levels else between)


@given(tables())
def test_average_linkage_is_that_of_another_program(between: Array) -> None:
    rows = linkage(squareform(between), "average")
    found = upgma(between)
    assert [list(below) for below in found.children] == rows[:, :2].astype(int).tolist()
    pairs = [(k, c) for k, below in enumerate(found.children) for c in below]
    height = [0.0] * found.leaves + (rows[:, 2] / 2).tolist()
    expected = [height[found.leaves + k] - height[c] for k, c in pairs]
    assert [found.lengths[c] for _, c in pairs] == pytest.approx(expected, abs=1e-12)
    assert min(found.lengths) >= 0


def along(order: list[int], between: Array) -> float:
    return float(between[order[:-1], order[1:]].sum())


@given(tables(least=3))
def test_no_order_of_the_leaves_has_nearer_neighbours(between: Array) -> None:
    tree = upgma(between)
    order = leaf_order(tree, between)
    place = {leaf: k for k, leaf in enumerate(order)}
    assert sorted(place) == list(range(len(between)))
    for mask in tree.masks():  # what is a group stands together
        inside = [place[k] for k in range(tree.leaves) if mask >> k & 1]
        assert max(inside) - min(inside) == len(inside) - 1
    # The other program's order is now and then a longer one where distances are tied.
    optimum = leaves_list(linkage(squareform(between), "average", optimal_ordering=True)).tolist()
    assert along(order, between) <= along(optimum, between) + 1e-9


def test_two_are_a_tree_for_both() -> None:
    between = np.array([[0, 0.4], [0.4, 0]])
    assert path_lengths(at_midpoint(neighbour_joining(between))) == pytest.approx(between)
    assert path_lengths(upgma(between)) == pytest.approx(between)


def test_newick_quotes_names_and_labels_groups() -> None:
    tree = upgma(np.array([[0, 0.2, 1], [0.2, 0, 1], [1, 1, 0.0]]))
    told = newick(tree, ["it's", "b(1)", "c"], np.array([0.97, np.nan]))
    assert told == "('c':0.500000,('it''s':0.100000,'b(1)':0.100000)0.97:0.400000);\n"


@pytest.mark.parametrize("method", ["upgma", "nj"])
def test_what_shares_a_decoder_is_a_group_in_every_replicate(method: str) -> None:
    kin = [made(name, 1, seed=k) for k, name in enumerate("abc")]
    others = [made(name, k, seed=k) for k, name in enumerate("defg", 20)]
    tree, support = grown([*kin, *others], method, replicates=40)
    found = dict(zip(tree.masks()[tree.leaves :], support.tolist(), strict=True))
    assert 1.0 in [found.get(0b111), found.get(0b1111000)]  # the three, or the other side of their split


def test_what_is_alike_by_chance_is_no_group() -> None:
    near = (pattern(1) + pattern(2)) / np.sqrt(2)
    alike = [made(name, near, seed=k, strength=3.0) for k, name in enumerate("abcd")]
    _, support = grown([*alike, made("far", 9, seed=30)], "upgma", replicates=60)
    inner = sorted(s for s in support.tolist() if not np.isnan(s))
    assert inner[-1] > 0.95  # the four against the far one
    assert inner[0] < 0.7  # and no order among the four


def test_without_replicates_no_support_is_claimed() -> None:
    _, support = grown([made(n, k, seed=k) for k, n in enumerate("abc")], "nj", replicates=0)
    assert np.isnan(support).all()
