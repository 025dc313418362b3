"""Spanning arborescences: the likeliest is the best of all there are, and steps have their share of all trees."""

from __future__ import annotations

from itertools import product

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from difreg.lineage.arborescence import FORBIDDEN, Array, likeliest, step_probabilities


@st.composite
def weights(draw: st.DrawFn, most: int = 6) -> Array:
    n = draw(st.integers(2, most))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    made = rng.normal(size=(n, n)) if draw(st.booleans()) else rng.integers(-3, 4, size=(n, n)).astype(float)
    made[rng.random((n, n)) < draw(st.sampled_from([0.0, 0.2, 0.5]))] = FORBIDDEN
    return made


def trees(made: Array) -> list[tuple[int, ...]]:
    """Parents of nodes 1 ... n - 1 of every arborescence rooted at 0."""
    n = len(made)
    out = []
    for parents in product(*[[p for p in range(n) if p != c and made[p, c] > FORBIDDEN] for c in range(1, n)]):
        above = dict(zip(range(1, n), parents, strict=True))
        if all(_reaches(c, above) for c in above):
            out.append(parents)
    return out


def _reaches(node: int, above: dict[int, int]) -> bool:
    for _ in above:
        node = above.get(node, 0)
    return node == 0


def total(made: Array, parents: tuple[int, ...]) -> float:
    return float(sum(made[p, c] for c, p in enumerate(parents, 1)))


@given(weights())
@settings(max_examples=150)
def test_it_is_the_best_of_all_trees(made: Array) -> None:
    known = trees(made)
    if not known:
        with pytest.raises(ValueError, match="cannot be reached"):
            likeliest(made)
        return
    found = likeliest(made)
    assert found[0] == -1
    assert tuple(found[1:].tolist()) in known
    assert total(made, tuple(found[1:].tolist())) == pytest.approx(max(total(made, t) for t in known))


@given(weights(most=14))
@settings(max_examples=40, deadline=None)
def test_it_weighs_what_networkx_finds(made: Array) -> None:
    n = len(made)
    graph = nx.DiGraph()
    graph.add_nodes_from(range(n))
    graph.add_weighted_edges_from(
        (p, c, made[p, c]) for p in range(n) for c in range(1, n) if p != c and made[p, c] > FORBIDDEN
    )
    try:
        best = nx.maximum_spanning_arborescence(graph)
    except nx.NetworkXException:
        assume(False)
    found = likeliest(made)
    assert total(made, tuple(found[1:].tolist())) == pytest.approx(sum(d["weight"] for *_, d in best.edges(data=True)))


@given(weights(most=5))
def test_a_step_is_as_probable_as_the_trees_that_take_it(made: Array) -> None:
    known = trees(made)
    assume(bool(known))
    likelihoods = np.exp([total(made, t) for t in known])
    expected = np.zeros_like(made)
    for tree, share in zip(known, likelihoods / likelihoods.sum(), strict=True):
        for child, parent in enumerate(tree, 1):
            expected[parent, child] += share
    assert step_probabilities(made) == pytest.approx(expected, abs=1e-8)


def test_hundreds_of_nodes_are_no_burden() -> None:
    rng = np.random.default_rng(0)
    made = rng.normal(size=(400, 400))
    found = likeliest(made)
    above = dict(enumerate(found.tolist()))
    del above[0]
    assert all(_reaches(c, above) for c in above)
    assert total(made, tuple(found[1:].tolist())) > made[:, 1:].max(0).sum() - 10  # near the bound no tree can pass
