"""Communities by the Leiden algorithm (Traag, Waltman and van Eck 2019) with the constant Potts model.

The model's quality of a partition is the weight inside its communities less the resolution for every pair inside.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RANDOMNESS = 1e-3  # of refinement: how far below the best gain a merger may be and still be likely
SLACK = 1e-9  # of the order of sums
PATIENCE = 3  # runs; small networks get more, which cost little
Array = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Network:
    """Nodes of (n,) ``size``, and their edges, each at both ends: node k has those from ``first[k]`` to the next's."""

    size: Array
    first: Labels
    end: Labels
    weight: Array

    @classmethod
    def of(cls, size: Array, start: Labels, end: Labels, weight: Array) -> Network:
        """From (e,) edges that are told once; edges between the same two nodes are one, and loops are none."""
        n = len(size)
        apart = start != end
        pairs = np.concatenate([(start * n + end)[apart], (end * n + start)[apart]])
        keys, place = np.unique(pairs, return_inverse=True)
        rows = keys // n
        first = np.searchsorted(rows, np.arange(n + 1))
        return cls(size, first, keys % n, _sums(place, np.tile(weight[apart], 2), len(keys)))

    def rows(self) -> Labels:
        """(2 e,) node at the near end of every edge."""
        return np.repeat(np.arange(len(self.size)), np.diff(self.first))

    def joined(self, labels: Labels) -> Network:
        """The network of groups: one node for each of the ``labels`` 0, 1, ... that its nodes have."""
        once = self.rows() < self.end
        start, end = labels[self.rows()[once]], labels[self.end[once]]
        return Network.of(_sums(labels, self.size, labels.max() + 1), start, end, self.weight[once])


def leiden(network: Network, resolution: float, seed: int = 0) -> Labels:
    """(n,) communities, numbered from 0: the best of runs from lone nodes, until several in turn find none better.

    Each run goes on from its result while that helps. The same network and seed give the same communities.
    """
    rng = np.random.default_rng(seed)
    best, most, idle = np.arange(len(network.size)), -np.inf, 0
    while idle < max(PATIENCE, 300 // len(network.size)):
        labels, reached = np.arange(len(network.size)), -np.inf
        while True:
            further = _run(network, labels, resolution, rng)
            found = quality(network, further, resolution)
            if found <= reached + SLACK:
                break
            labels, reached = further, found
        idle += 1
        if reached > most + SLACK:
            best, most, idle = labels, reached, 0
    return best


def quality(network: Network, labels: Labels, resolution: float) -> float:
    """The constant Potts model's quality of a partition, pairs inside a node of more than one included."""
    inside = network.weight[labels[network.rows()] == labels[network.end]].sum() / 2
    sizes = _sums(labels, network.size, len(labels))
    return float(inside - resolution * (sizes * (sizes - 1)).sum() / 2)


def _run(network: Network, labels: Labels, resolution: float, rng: np.random.Generator) -> Labels:
    """Move nodes, refine, join what was refined into nodes, and again until no community has two."""
    node = np.arange(len(labels))
    while True:
        labels = _compact(_moved(network, labels, resolution, rng))
        refined = _compact(_refined(network, labels, resolution, rng))
        if refined.max() + 1 == len(refined):
            return labels[node]
        node = refined[node]
        network, whole = network.joined(refined), np.zeros(refined.max() + 1, np.int64)
        whole[refined] = labels
        labels = whole


def _sums(labels: Labels, values: Array, n: int) -> Array:
    """(n,) sums of the values of each label."""
    return np.bincount(labels, values, minlength=n).astype(np.float64, copy=False)


def _compact(labels: Labels) -> Labels:
    return np.unique(labels, return_inverse=True)[1]


def _moved(network: Network, labels: Labels, resolution: float, rng: np.random.Generator) -> Labels:
    """Each node in turn goes where it gains most; its neighbours elsewhere are then looked at again."""
    n, labels = len(network.size), labels.copy()
    mass = _sums(labels, network.size, n)
    waiting, queue = np.ones(n, bool), deque(rng.permutation(n).tolist())
    while queue:
        v = queue.popleft()
        waiting[v] = False
        edges = slice(network.first[v], network.first[v + 1])
        near, old = network.end[edges], labels[v]
        mass[old] -= network.size[v]
        gain = _sums(labels[near], network.weight[edges], n) - resolution * network.size[v] * mass
        new = gain.argmax()  # a community without members is as good as 0
        if gain[new] <= gain[old] + SLACK:
            new = old
        else:
            labels[v] = new
            stirred = near[(labels[near] != new) & ~waiting[near]]
            waiting[stirred] = True
            queue.extend(stirred.tolist())
        mass[new] += network.size[v]
    return labels


def _refined(network: Network, labels: Labels, resolution: float, rng: np.random.Generator) -> Labels:
    """Communities inside communities: lone nodes that are well connected to the rest of theirs join a part that is.

    Which part is drawn by ``exp(gain / RANDOMNESS)``, so that no good partition is out of reach.
    """
    n, rows = len(network.size), network.rows()
    inside = labels[rows] == labels[network.end]
    whole = _sums(labels, network.size, n)[labels]
    parts, mass, alone = np.arange(n), network.size.copy(), np.ones(n, bool)
    rest = _sums(rows[inside], network.weight[inside], n)  # of a part to the rest of its community
    for v in rng.permutation(n).tolist():
        size = network.size[v]
        if not alone[v] or rest[v] < resolution * size * (whole[v] - size):
            continue
        edges = slice(network.first[v], network.first[v + 1])
        kept = inside[edges]
        if not kept.any():
            continue
        towards = _sums(parts[network.end[edges][kept]], network.weight[edges][kept], n)
        gain = towards - resolution * size * mass
        open_to = (towards > 0) & (gain >= 0) & (rest >= resolution * mass * (whole[v] - mass))
        open_to[v], gain[v] = True, 0  # to stay alone
        parts_open = open_to.nonzero()[0]
        chance = np.exp((gain[parts_open] - gain[parts_open].max()) / RANDOMNESS).cumsum()
        part = int(parts_open[chance.searchsorted(rng.random() * chance[-1])])
        if part != v:
            rest[part] += rest[v] - 2 * towards[part]
            mass[part] += size
            mass[v] = 0
            parts[v], alone[v], alone[part] = part, False, False
    return parts
