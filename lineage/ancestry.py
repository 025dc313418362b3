"""Ancestry: who derives from whom, from what is declared, from weights and, weakly, from dates. Never from images.

Images settle that two generators are kin; they cannot settle which came first, nor the order inside a family (measured:
split halves of one pair point either way, 105 to 95). So the likeliest tree of descent is sought under what is known
(:mod:`difreg.lineage.evidence`), a step is drawn only where something directs it, and it says what:

* a declared parent is followed unless dates or images speak clearly against it, or the declarations run in a ring;
* a member without a declared origin hangs under its family's declared members: under the one there is if that was
  trained from scratch, else, where several share what is seen and cannot be told apart, under the *ancestor* of all;
* a parent whose not-before is later than the child's released is forbidden; release order alone directs nothing, since
  the first images of a service may predate the release of its base;
* with nothing declared, a member hangs under one that was surely there before it could be, and says so;
* where weights are on record, a member about which nothing is declared hangs under the one it came from by weights.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from difreg.lineage import reasons
from difreg.lineage.arborescence import Array, likeliest, step_probabilities
from difreg.lineage.evidence import (
    BY_WEIGHTS,
    CONTRADICTED,
    GROUP,
    RESOLVED,
    Facts,
    Kin,
    Pair,
    forbidden,
    surely_before,
    weigh,
)
from difreg.lineage.heritage import Heir
from difreg.names import shown

__all__ = ["Descent", "Facts", "Kin", "Pair", "Place", "ancestor_name", "forbidden", "hang", "infer"]


@dataclass(frozen=True)
class Descent:
    """One inferred step of ancestry; ``probability`` and ``support`` are NaN where images say nothing.

    ``among`` are the registered generators of which one is the parent, likeliest first, where none is named.
    """

    child: str
    child_kind: str
    parent: str
    parent_kind: str
    direction: str
    probability: float
    support: float
    reason: str
    among: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where something hangs inside its family; ``parent`` is None where nothing directs it.

    ``share`` is that of all trees of descent in which the one named is the parent, given that all are kin.
    """

    parent: str | None
    kind: str
    direction: str | None
    reason: str
    share: float = 1.0
    among: tuple[str, ...] = ()


def ancestor_name(family: str) -> str:
    """Name of the ancestor that the members of ``family`` share."""
    return f"ancestor of {family}"


def infer(generators: Sequence[Facts], kin: Kin, heirs: Sequence[Heir] = ()) -> list[Descent]:
    """Ancestry of all generators, children by name, ancestors last; ``heirs`` is what weights say."""
    by_name = {g.name: g for g in generators}
    families: dict[str, list[Facts]] = defaultdict(list)
    for g in sorted(generators, key=lambda x: x.name):
        if g.family:
            families[g.family].append(g)
    declared = {
        g.name: [d for p, relation in g.parents if (d := _declared(g, by_name[p], relation, kin))]
        for g in sorted(generators, key=lambda x: x.name)
    }
    out: list[Descent] = []
    undirected: list[tuple[Facts, Place]] = []
    for nodes in _joined(list(by_name.values()), declared):
        followed, places = _tree(nodes, declared, kin)
        out += followed
        undirected += places
    out.sort(key=lambda d: d.child)
    known = _parents(out)
    for step in _weighed(by_name, {g.name: place for g, place in undirected}, heirs, known):
        out.append(step)
        known[step.child].append(step.parent)
    undirected = [(g, place) for g, place in undirected if g.name not in known]
    for g, place in sorted(undirected, key=lambda x: x[0].name):
        if place.parent is not None and g.name not in _line(place.parent, known):
            out.append(_hung(g, place, families[g.family or ""], kin))
            known[g.name].append(place.parent)
    for stub in (g for g in generators if not g.observed and not g.origin_declared):
        out += _stub(stub, by_name, out)
    for family in sorted({_family_of(d.parent) for d in out if d.parent_kind == "ancestor"}):
        out += _rooted(family, families[family])
    return out


def hang(member: Facts, family: Sequence[Facts]) -> Place:
    """Where a member whose origin is not declared hangs in its family; ``family`` are all members."""
    home = next((f.family for f in family if f.family), "")
    nodes = [replace(f, family=home) for f in family if f.name != member.name]
    nodes.append(replace(member, family=home, observed=True, base=False, parents=()))
    weights = weigh(nodes, {f.name: [p for p, _ in f.parents] for f in nodes}, {}, {})
    known = {p: [f.name for f in nodes if p in dict(f.parents)] for f in nodes for p, _ in f.parents}
    return _place(nodes[-1], nodes, step_probabilities(weights)[1:, -1], known)


def _joined(generators: Sequence[Facts], declared: Mapping[str, Sequence[Descent]]) -> Iterator[list[Facts]]:
    """Generators joined by family or by a declaration that is followed, where anything directs them."""
    groups: dict[str, list[Facts]] = {}
    home: dict[str, str] = {}
    links = [(g.name, d.parent) for g in generators for d in declared[g.name]]
    links += [(g.name, f"\0{g.family}") for g in generators if g.family]
    for one, two in links:
        a, b = _top(home, one), _top(home, two)
        home[a] = b
    for g in sorted(generators, key=lambda x: x.name):
        groups.setdefault(_top(home, g.name), []).append(g)
    for group in groups.values():
        dated = any(g.released for g in group) and any(g.not_before for g in group)
        if len(group) > 1 and (dated or any(g.origin_declared for g in group)):
            yield group


def _top(home: dict[str, str], name: str) -> str:
    while name in home and home[name] != name:
        home[name] = home.get(home[name], home[name])
        name = home[name]
    return name


def _tree(
    nodes: list[Facts], declared: Mapping[str, Sequence[Descent]], kin: Kin
) -> tuple[list[Descent], list[tuple[Facts, Place]]]:
    """Declared steps that hold together, and where members without one hang, by the likeliest tree of descent."""
    index = {g.name: k + 1 for k, g in enumerate(nodes)}
    stated = [d for g in nodes for d in declared[g.name]]
    known = _parents(stated)
    above = {g.name: _line(g.name, known) for g in nodes}
    weights = weigh(nodes, known, kin, above)
    parents, shares = likeliest(weights), step_probabilities(weights)
    followed = []
    for d in stated:
        child, parent = index[d.child], index[d.parent]
        ring = d.child in above[d.parent]
        if not ring or (parents[child] == parent and shares[parent, child] >= RESOLVED):
            followed.append(d)
    done = {d.child for d in followed}
    free = [g for g in nodes if g.observed and g.family and not g.base and g.name not in done]
    children: dict[str, list[str]] = defaultdict(list)
    for d in stated:
        children[d.parent].append(d.child)
    return followed, [(g, _place(g, nodes, shares[1:, index[g.name]], children)) for g in free]


def _place(member: Facts, nodes: Sequence[Facts], shares: Array, children: Mapping[str, Sequence[str]]) -> Place:
    """The place that the shares of possible parents, (n,) in the order of ``nodes``, make of what is known of them."""
    order = [int(k) for k in np.argsort(-shares, kind="stable") if shares[k] > 0]
    declared = [nodes[k] for k in order if nodes[k].origin_declared or children.get(nodes[k].name)]
    family = ancestor_name(member.family or "")
    if declared and shares[order[0]] >= RESOLVED:
        text = reasons.only_declared(member, declared[0], nodes, len(children.get(declared[0].name, ())))
        return Place(declared[0].name, "generator", "declared", text, float(shares[order[0]]))
    if declared:
        among = _group([(nodes[k].name, float(shares[k])) for k in order])
        beyond = [p for p, _ in declared[0].parents if len(declared) == 1]
        return Place(family, "ancestor", "declared", reasons.alike(declared), among=(*among, *beyond))
    before = [nodes[k] for k in order if surely_before(nodes[k], member)]
    if len(before) == 1:
        share = float(shares[nodes.index(before[0])])
        return Place(before[0].name, "generator", "dates", reasons.before(member, before), share)
    if before:
        among = tuple(f.name for f in before)
        return Place(family, "ancestor", "dates", reasons.before(member, before), among=among)
    return Place(None, "generator", None, "nothing is declared and no date decides: kin, without direction")


def _weighed(
    by_name: Mapping[str, Facts], places: Mapping[str, Place], heirs: Sequence[Heir], known: Mapping[str, Sequence[str]]
) -> Iterator[Descent]:
    """Steps by weights of generators whose origin is not declared; dates that name one go before them.

    The caller adds each step to ``known`` before the next is asked for.
    """
    for heir in heirs:
        child, place = by_name[heir.name], places.get(heir.name)
        if child.origin_declared or (place and place.direction == "dates" and place.kind == "generator"):
            continue
        parents = [_first(copies, known) for copies in heir.parents]
        if any(p is None or forbidden(by_name[p], child) or heir.name in {p, *_line(p, known)} for p in parents):
            continue
        named = [p for p in parents if p is not None]
        if place and place.kind == "generator" and named == [place.parent]:  # declared, which says more
            continue
        reason = reasons.by_weights(named, heir.distance, BY_WEIGHTS)
        share = _NAN if heir.merged else BY_WEIGHTS
        for p in named:
            yield Descent(heir.name, "generator", p, "generator", "weights", share, _NAN, reason)


def _first(copies: Sequence[str], known: Mapping[str, Sequence[str]]) -> str | None:
    """Of generators with the same weights the one that the others are known to come from; None if there is none."""
    found = [name for name in copies if all(name in _line(other, known) for other in copies if other != name)]
    return found[0] if found else None


def _group(candidates: Sequence[tuple[str, float]]) -> tuple[str, ...]:
    """The fewest, likeliest first, of which one is the parent in nearly all trees that have a registered one."""
    total, reached, out = sum(share for _, share in candidates), 0.0, []
    for name, share in candidates:
        out.append(name)
        reached += share
        if reached >= GROUP * total:
            break
    return tuple(out)


def _declared(child: Facts, parent: Facts, relation: str, kin: Kin) -> Descent | None:
    """The step a declaration makes, unless dates or images contradict it."""
    if forbidden(parent, child):
        return None
    pair = kin.get(frozenset((child.name, parent.name)))
    how = "" if relation == "unknown" else f" ({relation})"
    if not parent.observed:
        text = f"declared{how}; {shown(parent.name)} has no images here that could confirm it"
        return Descent(child.name, "generator", parent.name, "generator", "declared", _NAN, _NAN, text)
    if pair is None:
        text = f"declared{how}; the images cannot confirm it"
        return Descent(child.name, "generator", parent.name, "generator", "declared", _NAN, _NAN, text)
    if pair.clean and pair.probability < CONTRADICTED:
        return None
    text = f"declared{how}; {reasons.agreement(pair)}: P(kin) {reasons.p(pair.probability)}"
    return Descent(child.name, "generator", parent.name, "generator", "declared", pair.probability, pair.support, text)


def _hung(child: Facts, place: Place, family: Sequence[Facts], kin: Kin) -> Descent:
    pairs = [kin.get(frozenset((child.name, f.name))) for f in family if f.name != child.name and f.observed]
    known = [p for p in pairs if p is not None]
    if place.kind == "generator":
        pair = kin.get(frozenset((child.name, place.parent or "")))
        probability, support = (pair.probability, pair.support) if pair else (_NAN, _NAN)
    else:
        ratio = sum(p.likelihood_ratio for p in known) / max(len(pairs), 1)
        probability, support = ratio / (1 + ratio), max((p.support for p in known), default=_NAN)
    if place.kind == "generator":
        probability *= place.share
    reason = (
        f"its images are kin, P {reasons.p(probability)}; {place.reason}"
        if place.direction == "declared"
        else place.reason
    )
    ends = (child.name, "generator", place.parent or "", place.kind)
    return Descent(*ends, place.direction or "", probability, support, reason, place.among)


def _stub(stub: Facts, by_name: Mapping[str, Facts], steps: Sequence[Descent]) -> list[Descent]:
    """A parent nobody registered hangs where all its declared children do: they have their decoder from it."""
    children = [
        by_name[d.child]
        for d in steps
        if d.parent == stub.name and d.parent_kind == "generator" and d.child_kind == "generator"
    ]
    families = {c.family for c in children if c.family}
    family = next(iter(families)) if len(families) == 1 else None
    if not family:
        return []
    bases = [g for g in by_name.values() if g.family == family and g.base and not forbidden(g, stub)]
    if not bases:
        return []
    word = "child" if len(children) == 1 else "children"
    text = f"its declared {word} {reasons.names(children)} are of this family, whose shared part came down through it"
    return [Descent(stub.name, "generator", ancestor_name(family), "ancestor", "declared", _NAN, _NAN, text)]


def _rooted(family: str, members: Sequence[Facts]) -> list[Descent]:
    """An ancestor hangs under the one member declared as trained from scratch, where there is one."""
    bases = [m for m in members if m.base and m.observed]
    if len(bases) != 1:
        return []
    text = (
        f"of this family only {shown(bases[0].name)} is declared as trained from scratch,"
        " so that all others descend from it"
    )
    return [Descent(ancestor_name(family), "ancestor", bases[0].name, "generator", "declared", _NAN, _NAN, text)]


def _parents(steps: Sequence[Descent]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = defaultdict(list)
    for d in steps:
        out[d.child].append(d.parent)
    return out


def _line(name: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    """All that ``name`` descends from."""
    seen: set[str] = set()
    todo = [name]
    while todo:
        new = set(parents.get(todo.pop(), ())) - seen
        seen |= new
        todo += new
    return seen


def _family_of(ancestor: str) -> str:
    return ancestor.removeprefix("ancestor of ")


_NAN = float("nan")
