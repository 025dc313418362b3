"""Places of a graph's nodes whose distances on the page follow the steps between them (Kamada and Kawai 1989).

By stress majorisation (Gansner, Koren and North 2004), which needs numpy alone, from two starts, because each of them
alone now and then ends in a tangle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import networkx as nx

CROWD = 60  # nodes; more than these start scattered, or those around a hub would stay on one ring
STEPS, SETTLED = 300, 1e-5
TANGLED = 0.003  # mean squared deviation of a pair, relative, by which the second start must be better

Array = NDArray[np.float64]


def stress_layout(graph: nx.Graph[str]) -> Array:
    """(n, 2) places of the nodes, in their order, of a connected graph of two or more; the same on every run."""
    steps = _steps(graph)
    n = len(steps)
    weight = 1 / np.maximum(steps, 1) ** 2
    np.fill_diagonal(weight, 0)
    inverse = np.linalg.inv(_laplacian(weight) + 1 / n).astype(np.float64)
    (stress, places), (other, others) = (
        _settled(start, steps, weight, inverse) for start in (_start(n) * steps.max() / 2, _scaled(steps))
    )
    return others if stress - other > TANGLED * n * (n - 1) else places


def _settled(places: Array, steps: Array, weight: Array, inverse: Array) -> tuple[float, Array]:
    """The stress, and the places that have it."""
    n, before = len(steps), np.inf
    for _ in range(STEPS):
        apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
        stress = float((weight * (apart - steps) ** 2).sum())
        if before - stress < SETTLED * n * (n - 1):  # the stress of all in one place
            break
        pull = _laplacian(weight * steps / np.maximum(apart, 1e-9))
        places, before = inverse @ (pull @ places), stress
    return before, places


def _scaled(steps: Array) -> Array:
    """Classical scaling (Torgerson 1952), shaken a little so that no two nodes begin in one place."""
    squares = steps**2
    centred = squares - squares.mean(0) - squares.mean(1)[:, None] + squares.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    shaken = 1e-3 * np.random.default_rng(0).normal(size=(len(steps), 2))
    out: Array = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0)) + shaken
    return out


def _start(n: int) -> Array:
    if n > CROWD:
        return np.random.default_rng(0).normal(size=(n, 2))
    turns = 2 * np.pi * np.arange(n) / n
    return np.stack([np.cos(turns), np.sin(turns)], 1)


def _laplacian(weight: Array) -> Array:
    out: Array = np.diag(weight.sum(1)) - weight
    return out


def _steps(graph: nx.Graph[str]) -> Array:
    """(n, n) least number of edges between nodes."""
    import networkx as nx

    number = {key: k for k, key in enumerate(graph)}
    out = np.zeros((len(number), len(number)))
    for key, row in nx.all_pairs_shortest_path_length(graph):
        out[number[key], [number[other] for other in row]] = list(row.values())
    return out
