"""Families: communities of kin, found by the Leiden algorithm with the constant Potts model.

Modularity splits a true family in two (measured); the constant Potts model at resolution 1/2 asks of every member that
it be kin to more than half of the others, so that one false edge never glues two families of three or more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

RESOLUTION = 0.5
PREFIX = "family-"


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
    """Families of two or more from accepted edges, named as the ``known`` families they overlap most."""
    if not edges:
        return []
    from graspologic_native import leiden

    weighted = sorted((min(e.a, e.b), max(e.a, e.b), e.probability) for e in edges)
    _, found = leiden(weighted, resolution=RESOLUTION, use_modularity=False, seed=0, iterations=4, trials=4)
    groups: dict[int, list[str]] = {}
    for name, group in sorted(found.items()):
        groups.setdefault(group, []).append(name)
    members = sorted((tuple(g) for g in groups.values() if len(g) > 1), key=lambda g: (-len(g), g))
    names = _names(members, list(known))
    return [Community(n, m, _support(m, edges)) for n, m in zip(names, members, strict=True)]


def _support(members: tuple[str, ...], edges: Sequence[Edge]) -> float:
    inside = set(members)
    best = dict.fromkeys(members, 0.0)
    for e in edges:
        if e.a in inside and e.b in inside:
            best[e.a], best[e.b] = max(best[e.a], e.support), max(best[e.b], e.support)
    return min(best.values())


def _names(groups: Sequence[tuple[str, ...]], known: Sequence[Community]) -> list[str]:
    overlaps = [(len(set(g) & set(k.members)), -i, -j) for i, g in enumerate(groups) for j, k in enumerate(known)]
    taken: dict[int, str] = {}
    for shared, i, j in sorted(overlaps, reverse=True):
        if shared and -i not in taken and known[-j].name not in taken.values():
            taken[-i] = known[-j].name
    numbers = [int(k.name.removeprefix(PREFIX)) for k in known if k.name.removeprefix(PREFIX).isdecimal()]
    following = iter(range(max(numbers, default=0) + 1, max(numbers, default=0) + 1 + len(groups)))
    return [taken.get(i) or f"{PREFIX}{next(following)}" for i in range(len(groups))]
