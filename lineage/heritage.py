"""Descent from weights: who is kin by their decoders' weights, who is the elder of two, and whom a decoder came from.

Steps of training that know nothing of where they start are at right angles to the weights, in so many dimensions, so
that weights grow longer: |child|^2 = |parent|^2 + |child - parent|^2. And they grow heavier tails than the normal
distribution they were drawn from, so that their kurtosis rises (from which Horwitz, Shul, Hoshen 2024 read direction).
Where both say the same, one of two is the elder. A decoder came from its nearest elder which it went all the way to; a
merge lies on the line between the two it was made of. Only distances and moments are needed; nothing is fitted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import hypot, sqrt

KIN = 1.0  # relative distance below which more than half of the squared length is shared; strangers have the root of 2


@dataclass(frozen=True)
class Bearer:
    """A generator whose decoder's weights are known: their length |W| and mean kurtosis."""

    name: str
    norm: float
    kurtosis: float


@dataclass(frozen=True)
class Apart:
    """The distance of two decoders, as :class:`difreg.registry.weights.Distance` has it."""

    relative: float
    error: float
    rounding: float

    @property
    def kin(self) -> bool:
        """Whether they share ancestry by weights."""
        return self.relative < KIN

    @property
    def copy(self) -> bool:
        """Whether they are the same weights but for rounding."""
        return self.relative <= self.rounding


@dataclass(frozen=True)
class Heir:
    """Whom a decoder came from, by weights.

    Attributes
    ----------
    parents
        The nearest elder; of a merge both it lies between. Each is a tuple of those that are the same by their weights.
    distance
        Relative distance to the (first) parent.
    """

    name: str
    parents: tuple[tuple[str, ...], ...]
    distance: float

    @property
    def merged(self) -> bool:
        """Whether it is a merge of two."""
        return len(self.parents) > 1


Apartness = Mapping[frozenset[str], Apart]


def elder(one: Bearer, two: Bearer) -> Bearer | None:
    """The one with both the shorter weights and the smaller kurtosis; None where those disagree."""
    if one.norm < two.norm and one.kurtosis < two.kurtosis:
        return one
    if two.norm < one.norm and two.kurtosis < one.kurtosis:
        return two
    return None


def length(one: Bearer, two: Bearer, apart: Apart) -> float:
    """|Wa - Wb|."""
    return apart.relative * sqrt((one.norm**2 + two.norm**2) / 2)


def heirs(bearers: Sequence[Bearer], apart: Apartness) -> list[Heir]:
    """Whom each came from that came from another of ``bearers``, by name.

    Parameters
    ----------
    apart
        Distances of pairs whose layers have the same names and shapes; all others are strangers.
    """
    return [heir for group in _copies(bearers, apart) for heir in _heirs(group, apart)]


@dataclass(frozen=True)
class _Class:
    """Copies of one decoder; ``first`` stands for them."""

    first: Bearer
    names: tuple[str, ...]


Near = list[tuple[Apart, _Class]]


def _copies(bearers: Sequence[Bearer], apart: Apartness) -> Iterator[list[_Class]]:
    """Groups of kin, each as its classes of copies."""
    ordered = sorted(bearers, key=lambda b: b.name)
    near: dict[str, list[str]] = defaultdict(list)
    same: dict[str, list[str]] = defaultdict(list)
    for pair, known in apart.items():
        one, two = sorted(pair)
        for a, b in ((one, two), (two, one)):
            if known.kin:
                near[a].append(b)
            if known.copy:
                same[a].append(b)
    by_name = {b.name: b for b in ordered}
    for group in _components(list(by_name), near):
        yield [_Class(by_name[names[0]], tuple(names)) for names in _components(group, same)]


def _components(names: Sequence[str], links: Mapping[str, Sequence[str]]) -> list[list[str]]:
    left, out = dict.fromkeys(names), []
    while left:
        todo, found = [next(iter(left))], set()
        while todo:
            name = todo.pop()
            if name in left:
                del left[name]
                found.add(name)
                todo += links.get(name, ())
        out.append(sorted(found))
    return out


def _heirs(group: Sequence[_Class], apart: Apartness) -> Iterator[Heir]:
    known = {
        frozenset((a.first.name, b.first.name)): between
        for a, b in combinations(group, 2)
        if (between := apart.get(frozenset((a.first.name, b.first.name)))) is not None and between.kin
    }
    near: dict[str, Near] = {}
    for child in group:
        others = [(known[pair], c) for c in group if (pair := frozenset((child.first.name, c.first.name))) in known]
        near[child.first.name] = sorted(others, key=lambda x: (x[0].relative, x[1].first.name))
    merges = {c.first.name: found for c in group if (found := _merged(c, near[c.first.name], known))}
    for child in group:
        mine = [x for x in near[child.first.name] if child not in (p for _, p in merges.get(x[1].first.name, ()))]
        parents = merges.get(child.first.name) or _nearest(child, mine, known)
        for name in child.names if parents else ():
            yield Heir(name, tuple(c.names for _, c in parents), parents[0][0].relative)


def _nearest(child: _Class, others: Near, known: Apartness) -> Near:
    """The nearest elder for which the child has gone all of the way from every elder of both."""
    elders = [(apart, c) for apart, c in others if elder(c.first, child.first) is c.first]
    for apart, parent in elders:
        above = [c for _, c in elders if elder(c.first, parent.first) is c.first]
        if all(_gone(c.first, parent.first, child.first, known) for c in above):
            return [(apart, parent)]
    return []


def _gone(above: Bearer, parent: Bearer, child: Bearer, known: Apartness) -> bool:
    """Whether ``child`` has gone all of the way from ``above`` to ``parent`` too, by the law of cosines.

    A child has, and on; a sibling that left at ``above`` has gone what both happen to share. Two standard errors of the
    distances are granted, since steps at right angles have gone just all of it.
    """
    sides, slack = [], 0.0
    for one, two in ((above, parent), (above, child), (parent, child)):
        between = known.get(frozenset((one.name, two.name)))
        if between is None:
            return True
        sides.append(length(one, two, between) ** 2)
        slack = hypot(slack, 2 * between.error / between.relative * sides[-1])
    return sides[1] - sides[2] - sides[0] >= -2 * slack


def _merged(child: _Class, others: Near, known: Apartness) -> Near:
    """Those two between which ``child`` lies: its distance to the line through both, by Stewart's theorem, is 0."""
    for (one, a), (two, b) in combinations(others, 2):
        between = known.get(frozenset((a.first.name, b.first.name)))
        if between is None or between.copy:
            continue
        far = length(a.first, b.first, between)
        first, second = length(child.first, a.first, one), length(child.first, b.first, two)
        along = (far**2 + first**2 - second**2) / (2 * far)
        slack = max(one.rounding, two.rounding, between.rounding) * hypot(a.first.norm, b.first.norm)
        off = sqrt(max(first**2 - along**2, 0.0))
        if slack < along < far - slack and slack < far / 10 and off <= max(slack, far / 1000):
            return [(one, a), (two, b)]
    return []
