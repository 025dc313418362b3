"""Communities of the constant Potts model: as good as any partition of few nodes, and connected."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from difreg.lineage.leiden import Network, leiden, quality

few = settings(deadline=None, max_examples=40)
Weights = NDArray[np.float64]


def network(weights: Weights) -> Network:
    """Of a symmetric (n, n) matrix, 0 where there is no edge."""
    start, end = np.triu(weights, 1).nonzero()
    return Network.of(np.ones(len(weights)), start, end, weights[start, end])


@st.composite
def graphs(draw: st.DrawFn, most: int) -> Weights:
    n, share = draw(st.integers(1, most)), draw(st.floats(0, 1))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    half = np.triu(rng.uniform(0.5, 1, (n, n)) * (rng.random((n, n)) < share), 1)
    return half + half.T


def partitions(n: int) -> Iterator[list[int]]:
    if n == 0:
        yield []
        return
    for rest in partitions(n - 1):
        yield from ([*rest, k] for k in range(max(rest, default=-1) + 2))


@few
@given(graphs(30), st.integers(0, 2**31), st.floats(0.1, 2))
def test_quality_is_weight_inside_less_the_resolution_for_every_pair(w: Weights, seed: int, resolution: float) -> None:
    labels = np.random.default_rng(seed).integers(0, len(w), len(w))
    pairs = [(i, j) for i, j in combinations(range(len(w)), 2) if labels[i] == labels[j]]
    expected = sum(w[i, j] - resolution for i, j in pairs)
    assert quality(network(w), labels, resolution) == pytest.approx(expected)


def test_small_networks_are_parted_as_well_as_can_be() -> None:
    rng = np.random.default_rng(5)
    missed = 0
    for n in rng.integers(2, 7, 200).tolist():
        half = np.triu(rng.uniform(0.5, 1, (n, n)) * (rng.random((n, n)) < rng.random()), 1)
        made = network(half + half.T)
        best = max(quality(made, np.array(p), 0.5) for p in partitions(n))
        missed += quality(made, leiden(made, 0.5), 0.5) < best - 1e-9
    assert missed <= 2


@few
@given(graphs(40), st.floats(0.3, 0.9))
def test_communities_hang_together_and_no_two_would_gain_by_joining(w: Weights, resolution: float) -> None:
    labels = leiden(network(w), resolution)
    assert np.array_equal(labels, leiden(network(w), resolution))
    groups = [np.flatnonzero(labels == k) for k in range(labels.max() + 1)]
    graph = nx.from_numpy_array(w)
    for group in groups:
        assert nx.is_connected(graph.subgraph(group.tolist()))
    for one, two in combinations(groups, 2):
        assert w[np.ix_(one, two)].sum() <= resolution * len(one) * len(two) + 1e-9


@few
@given(st.integers(0, 2**31), st.lists(st.integers(3, 30), min_size=2, max_size=8))
def test_what_was_planted_is_found(seed: int, sizes: list[int]) -> None:
    home = np.repeat(np.arange(len(sizes)), sizes)
    rng = np.random.default_rng(seed)
    chance = np.where(home[:, None] == home, 0.98, 0.03)
    half = np.triu(rng.random(chance.shape) < chance, 1).astype(float)
    made = network(half + half.T)
    assert quality(made, leiden(made, 0.5), 0.5) >= quality(made, home, 0.5) - 1e-9


def test_edges_told_twice_are_one_and_loops_are_none() -> None:
    told = Network.of(np.ones(3), np.array([0, 1, 2]), np.array([1, 0, 2]), np.array([0.2, 0.4, 9.0]))
    assert (told.rows().tolist(), told.end.tolist()) == ([0, 1], [1, 0])
    assert told.weight.tolist() == pytest.approx([0.6, 0.6])
    assert len(set(leiden(told, 0.5).tolist())) == 2


def test_refining_pays() -> None:
    reached = 0.0
    for seed in range(8):
        half = np.triu(np.random.default_rng(seed).random((120, 120)) < 0.06, 1).astype(float)
        made = network(half + half.T)
        reached += quality(made, leiden(made, 0.05), 0.05)
    assert reached > 1340  # moving nodes and joining communities alone, as Louvain does, comes to 1322
