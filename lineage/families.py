"""Families: communities of kin, found by the Leiden algorithm with the constant Potts model.

Modularity splits a true family in two (measured); the constant Potts model at resolution 1/2 asks of every member that
it be kin to more than half of the others, so that one false edge never glues two families of three or more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

RESOLUTION = 0.5
PREFIX = "family-"
Weighted = tuple[str, str, float]


@dataclass(frozen=True)
class Edge:
    """Accepted kinship of two generators, undirected."""

    a: str
    b: str
    probability: float
    support: float


@dataclass(frozen=True)
class Community:
    """A family by name; ``support`` is the least, over members, of its best supported edge inside."""

    name: str
    members: tuple[str, ...]
    support: float


def communities(edges: Sequence[Edge], known: Iterable[Community] = ()) -> list[Community]:
    """Families of two or more from accepted edges, named as the ``known`` families they overlap most.

    Generators that no chain of edges joins have no say in each other's families.
    """
    weighted = sorted((min(e.a, e.b), max(e.a, e.b), e.probability) for e in edges)
    groups = [group for part in _connected(weighted) for group in _split(part)]
    members = sorted((g for g in groups if len(g) > 1), key=lambda g: (-len(g), g))
    names = _names(members, list(known))
    support = _support(members, edges)
    return [Community(n, m, support[k]) for k, (n, m) in enumerate(zip(names, members, strict=True))]


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
    from graspologic_native import leiden

    _, found = leiden(edges, resolution=RESOLUTION, use_modularity=False, seed=0, iterations=4, trials=4)
    groups: dict[int, list[str]] = {}
    for name, group in sorted(found.items()):
        groups.setdefault(group, []).append(name)
    return [tuple(g) for g in groups.values()]


def _support(groups: Sequence[tuple[str, ...]], edges: Sequence[Edge]) -> list[float]:
    home = {name: k for k, group in enumerate(groups) for name in group}
    best = dict.fromkeys(home, 0.0)
    for e in edges:
        if home.get(e.a, -1) == home.get(e.b, -2):
            best[e.a], best[e.b] = max(best[e.a], e.support), max(best[e.b], e.support)
    return [min(best[name] for name in group) for group in groups]


def _names(groups: Sequence[tuple[str, ...]], known: Sequence[Community]) -> list[str]:
    places: dict[str, list[int]] = {}
    for j, k in enumerate(known):
        for name in set(k.members):
            places.setdefault(name, []).append(j)
    shared = Counter((-i, -j) for i, group in enumerate(groups) for name in group for j in places.get(name, ()))
    taken: dict[int, str] = {}
    used: set[str] = set()
    for _, i, j in sorted(((count, i, j) for (i, j), count in shared.items()), reverse=True):
        if -i not in taken and known[-j].name not in used:
            taken[-i] = known[-j].name
            used.add(known[-j].name)
    numbers = [int(k.name.removeprefix(PREFIX)) for k in known if k.name.removeprefix(PREFIX).isdecimal()]
    following = iter(range(max(numbers, default=0) + 1, max(numbers, default=0) + 1 + len(groups)))
    return [taken.get(i) or f"{PREFIX}{next(following)}" for i in range(len(groups))]
