"""Families: communities of kin, found by the Leiden algorithm with the constant Potts model.

Modularity splits a true family in two (measured). The constant Potts model at resolution 1/2 makes the bridge rule:
families of n and m members are one only where their accepted pairs, weighed by P, come to more than half of n * m. So
one edge joins two lone generators and nothing else, and every member is kin to at least half of the others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.leiden import Network, leiden

RESOLUTION = 0.5
SLACK = 1e-9  # of the order of sums
REPLICATES = 200
PREFIX = "family-"
Weighted = tuple[str, str, float]


@dataclass(frozen=True)
class Edge:
    """Accepted kinship of two generators, undirected.

    ``replicates`` has a bit for each of 200 bootstrap replicates, set where that accepts the pair, the first the
    highest of its byte; None where that is not known: then the first ``support`` of them, as if all came together.
    """

    a: str
    b: str
    probability: float
    support: float
    replicates: bytes | None = None


@dataclass(frozen=True)
class Community:
    """A family by name; ``support`` is the mean share of it that comes back in a replicate, see :func:`support`."""

    name: str
    members: tuple[str, ...]
    support: float


def communities(edges: Sequence[Edge], known: Iterable[Community] = (), last: int = 0) -> list[Community]:
    """Families of two or more from accepted edges, named as the ``known`` families they overlap most.

    Generators that no chain of edges joins have no say in each other's families.

    Parameters
    ----------
    last
        The highest number a family ever had: new ones are numbered from the next, so that no name comes back.
    """
    weighted = sorted((min(e.a, e.b), max(e.a, e.b), e.probability) for e in edges)
    groups = [group for part in _connected(weighted) for group in _split(part)]
    members = sorted((g for g in groups if len(g) > 1), key=lambda g: (-len(g), g))
    names = _names(members, list(known), last)
    inside = _inside(members, edges)
    return [Community(n, m, support(m, e)) for n, m, e in zip(names, members, inside, strict=True)]


def number(name: str) -> int:
    """The number in a family's name; 0 where it has none."""
    digits = name.removeprefix(PREFIX)
    return int(digits) if name.startswith(PREFIX) and digits.isdecimal() else 0


def support(members: Sequence[str], edges: Sequence[Edge]) -> float:
    """Mean share of a family that comes back in a bootstrap replicate of all its members' images.

    In a replicate, the members who are left are those of whom each is accepted as kin of at least half of the others
    left: whoever has fewest is taken out until that holds. The share of the family left is its Jaccard index with the
    family of the replicate, whose mean over replicates Hennig (2007, Cluster-wise assessment of cluster stability)
    calls the stability of a cluster. One member left alone is no family: a pair's support is its edge's.

    Parameters
    ----------
    members
        The family.
    edges
        Accepted pairs inside it.
    """
    size, place = len(members), {name: k for k, name in enumerate(members)}
    ends = np.array([(place[e.a], place[e.b]) for e in edges])
    packed = np.stack([np.frombuffer(_replicates(e), np.uint8) for e in edges])
    if (packed == 255).all():
        return 1.0
    left = []
    for byte in packed.T:
        for held in np.unpackbits(byte[:, None], axis=1).T.astype(bool):
            kin = np.bincount(ends[held].ravel(), minlength=size)
            left.append(size if 2 * kin.min() >= size - 1 else _left(size, ends[held]))
    return sum(left) / (size * len(left))


def _replicates(edge: Edge) -> bytes:
    if edge.replicates is not None:
        return edge.replicates
    return np.packbits(np.arange(REPLICATES) < round(REPLICATES * edge.support)).tobytes()


def _left(size: int, ends: NDArray[np.int64]) -> int:
    """How many of ``size`` members are left, given the pairs (e, 2) of them that are kin."""
    kin = np.zeros((size, size), bool)
    kin[ends[:, 0], ends[:, 1]] = kin[ends[:, 1], ends[:, 0]] = True
    inside, count = np.ones(size, bool), kin.sum(0)
    for left in range(size, 1, -1):
        worst = int(np.where(inside, count, size).argmin())
        if 2 * count[worst] >= left - 1:
            return left
        inside[worst] = False
        count = count - kin[worst]
    return 0


def _connected(edges: Sequence[Weighted]) -> list[list[Weighted]]:
    """The edges of every connected part, in their order."""
    above: dict[str, str] = {}

    def top(name: str) -> str:
        above.setdefault(name, name)
        while above[name] != name:
            above[name] = name = above[above[name]]
        return name

    for a, b, _ in edges:
        above[top(b)] = top(a)
    parts: dict[str, list[Weighted]] = {}
    for edge in edges:
        parts.setdefault(top(edge[0]), []).append(edge)
    return list(parts.values())


def _split(edges: list[Weighted]) -> list[tuple[str, ...]]:
    """Communities of one connected part."""
    everyone = tuple(sorted({name for a, b, _ in edges for name in (a, b)}))
    whole = len(everyone) * (len(everyone) - 1) // 2
    if len(edges) == whole and min(weight for _, _, weight in edges) > RESOLUTION:
        return [everyone]  # where all are kin nothing can be better than to stay together
    place = {name: k for k, name in enumerate(everyone)}
    ends = np.array([(place[a], place[b]) for a, b, _ in edges])
    network = Network.of(np.ones(len(everyone)), ends[:, 0], ends[:, 1], np.array([weight for _, _, weight in edges]))
    return _settled(dict(zip(everyone, leiden(network, RESOLUTION).tolist(), strict=True)), edges)


def _settled(home: dict[str, int], edges: Sequence[Weighted]) -> list[tuple[str, ...]]:
    """Communities from which no merger of two and no member's leaving would gain.

    Leiden is a heuristic and may stop short of that (seen with six members). Every step raises the model's quality, so
    that they come to an end.
    """
    free = max(home.values()) + 1
    while True:
        size = Counter(home.values())
        inside: dict[str, float] = defaultdict(float)
        between: dict[tuple[int, int], float] = defaultdict(float)
        for a, b, weight in edges:
            one, two = sorted((home[a], home[b]))
            between[one, two] += weight
            if one == two:
                inside[a] += weight
                inside[b] += weight
        gains = {(i, j): w - RESOLUTION * size[i] * size[j] for (i, j), w in between.items() if i != j}
        losses = {name: RESOLUTION * (size[home[name]] - 1) - inside[name] for name in home}
        best = max(gains, key=lambda pair: (gains[pair], pair), default=None)
        worst = max(losses, key=lambda name: (losses[name], name))
        if best is not None and gains[best] > SLACK:
            home = {name: best[0] if group == best[1] else group for name, group in home.items()}
        elif losses[worst] > SLACK:
            home = {**home, worst: free}
            free += 1
        else:
            groups: dict[int, list[str]] = {}
            for name, group in sorted(home.items()):
                groups.setdefault(group, []).append(name)
            return [tuple(g) for g in groups.values()]


def _inside(groups: Sequence[tuple[str, ...]], edges: Sequence[Edge]) -> list[list[Edge]]:
    """The edges inside each group."""
    home = {name: k for k, group in enumerate(groups) for name in group}
    out: list[list[Edge]] = [[] for _ in groups]
    for e in edges:
        if home.get(e.a, -1) == home.get(e.b, -2):
            out[home[e.a]].append(e)
    return out


def _names(groups: Sequence[tuple[str, ...]], known: Sequence[Community], last: int) -> list[str]:
    places: dict[str, list[int]] = {}
    for j, k in enumerate(known):
        for name in set(k.members):
            places.setdefault(name, []).append(j)
    shared = Counter((-i, -j) for i, group in enumerate(groups) for name in group for j in places.get(name, ()))
    taken: dict[int, str] = {}
    used: set[str] = set()
    for _, i, j in sorted(((both, i, j) for (i, j), both in shared.items()), reverse=True):
        if -i not in taken and known[-j].name not in used:
            taken[-i] = known[-j].name
            used.add(known[-j].name)
    following = count(max([last, *(number(k.name) for k in known)]) + 1)
    return [taken.get(i) or f"{PREFIX}{next(following)}" for i in range(len(groups))]
