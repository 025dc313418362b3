"""Ancestry: who derives from whom, from what is declared and, weakly, from dates. Never from images.

Images settle that two generators are kin; they cannot settle which came first, nor the order inside a family (measured:
split halves of one pair point either way, 105 to 95). So a direction has its reason, or there is none:

* a declared parent is followed unless its images speak clearly against it;
* a member without a declared origin hangs under its family's declared members: under the one there is if that was
  trained from scratch, else, where several share what is seen and cannot be told apart, under the *ancestor* of all;
* a parent whose not-before is later than the child's released is forbidden; release order alone directs nothing, since
  the first images of a service may predate the release of its base;
* with nothing declared, a member hangs under one that was surely there before it could be, and says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from difreg.names import shown

CONFIRMED = 0.99  # P(kin) from which they agree with one
CONTRADICTED = 0.05  # P(kin) below which images speak against a declared parent
SIBLINGS = 0.5  # share of an only-by-dates direction that is descent, not descent from a third


@dataclass(frozen=True)
class Facts:
    """What is declared about a generator, and its family."""

    name: str
    observed: bool
    base: bool
    parents: tuple[tuple[str, str], ...]
    released: date | None = None
    not_before: date | None = None
    family: str | None = None

    @property
    def origin_declared(self) -> bool:
        """Whether it is said where it comes from: from scratch, or from a parent."""
        return self.base or bool(self.parents)


@dataclass(frozen=True)
class Pair:
    """Kinship of two observed generators; ``clean`` is False where it cannot speak against a declaration."""

    likelihood_ratio: float
    probability: float
    support: float
    clean: bool = True


@dataclass(frozen=True)
class Descent:
    """One inferred step of ancestry; ``probability`` and ``support`` are NaN where images say nothing."""

    child: str
    child_kind: str
    parent: str
    parent_kind: str
    direction: str
    probability: float
    support: float
    reason: str


@dataclass(frozen=True)
class Place:
    """Where something hangs inside its family; ``parent`` is None where nothing directs it."""

    parent: str | None
    kind: str
    direction: str | None
    reason: str


Kin = Mapping[frozenset[str], Pair]


def ancestor_name(family: str) -> str:
    """Name of the ancestor that the members of ``family`` share."""
    return f"ancestor of {family}"


def infer(generators: Sequence[Facts], kin: Kin) -> list[Descent]:
    """Ancestry of all generators, children by name, ancestors last."""
    by_name = {g.name: g for g in generators}
    families: dict[str, list[Facts]] = defaultdict(list)
    for g in generators:
        if g.family:
            families[g.family].append(g)
    out: list[Descent] = []
    undirected: list[Facts] = []
    for g in sorted(generators, key=lambda x: x.name):
        declared = [d for p, relation in g.parents if (d := _declared(g, by_name[p], relation, kin))]
        out += declared
        if not declared and not g.base and g.family:
            undirected.append(g)
    for g in undirected:
        place = hang(g, families[g.family or ""], _forebears(out))
        if place.parent is not None:
            out.append(_hung(g, place, families[g.family or ""], kin))
    for stub in (g for g in generators if not g.observed and not g.origin_declared):
        out += _stub(stub, by_name, out)
    for family in sorted({_family_of(d.parent) for d in out if d.parent_kind == "ancestor"}):
        out += _rooted(family, families[family])
    return out


def hang(member: Facts, family: Sequence[Facts], forebears: Mapping[str, frozenset[str]] | None = None) -> Place:
    """Where a member whose origin is not declared hangs in its family.

    Parameters
    ----------
    family
        All members; ``member`` itself is passed over.
    forebears
        Known ancestors by name; a member is never hung under its own descendants.
    """
    above = forebears or {}
    others = [f for f in family if f.name != member.name and f.observed and member.name not in above.get(f.name, ())]
    allowed = [f for f in others if not forbidden(f, member)]
    declared = [f for f in allowed if f.origin_declared]
    if len(declared) == 1 and declared[0].base:
        return Place(declared[0].name, "generator", "declared", _only_declared(member, declared[0], len(others) > 1))
    if declared:
        return Place(ancestor_name(family[0].family or ""), "ancestor", "declared", _alike(declared))
    before = [f for f in others if f.released and member.not_before and f.released < member.not_before]
    if len(before) == 1:
        text = (
            f"nothing is declared; {shown(before[0].name)} was there by {before[0].released}, before this one can"
            f" have been ({member.not_before}); it may as well be a sibling"
        )
        return Place(before[0].name, "generator", "dates", text)
    if before:
        text = (
            f"nothing is declared; {_names(before)} were there before this one can have been ({member.not_before}),"
            " and cannot be told apart"
        )
        return Place(ancestor_name(family[0].family or ""), "ancestor", "dates", text)
    return Place(None, "generator", None, "nothing is declared and no date decides: kin, without direction")


def forbidden(parent: Facts, child: Facts) -> bool:
    """Whether dates forbid the descent: the parent cannot have been before the child was already there."""
    return bool(parent.not_before and child.released and parent.not_before > child.released)


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
    text = f"declared{how}; {_say(pair)}: P(kin) {_p(pair.probability)}"
    return Descent(child.name, "generator", parent.name, "generator", "declared", pair.probability, pair.support, text)


def _say(pair: Pair) -> str:
    if pair.probability >= CONFIRMED:
        return "their images agree"
    if not pair.clean:
        return "JPEG compression may hide what their images have in common"
    return "their images lean to it" if pair.probability >= 0.5 else "their images leave it open"


def _hung(child: Facts, place: Place, family: Sequence[Facts], kin: Kin) -> Descent:
    pairs = [kin.get(frozenset((child.name, f.name))) for f in family if f.name != child.name and f.observed]
    known = [p for p in pairs if p is not None]
    if place.kind == "generator":
        pair = kin.get(frozenset((child.name, place.parent or "")))
        probability, support = (pair.probability, pair.support) if pair else (_NAN, _NAN)
    else:
        ratio = sum(p.likelihood_ratio for p in known) / max(len(pairs), 1)
        probability, support = ratio / (1 + ratio), max((p.support for p in known), default=_NAN)
    if place.direction == "dates" and place.kind == "generator":
        probability *= SIBLINGS
    reason = (
        f"its images are kin, P {_p(probability)}; {place.reason}" if place.direction == "declared" else place.reason
    )
    return Descent(
        child.name, "generator", place.parent or "", place.kind, place.direction or "", probability, support, reason
    )


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
    text = f"its declared {word} {_names(children)} are of this family, whose shared part came down through it"
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


def _forebears(steps: Sequence[Descent]) -> dict[str, frozenset[str]]:
    parents: dict[str, set[str]] = defaultdict(set)
    for d in steps:
        parents[d.child].add(d.parent)
    out = {}
    for name in parents:
        seen: set[str] = set()
        todo = [name]
        while todo:
            new = parents.get(todo.pop(), set()) - seen
            seen |= new
            todo += new
        out[name] = frozenset(seen)
    return out


def _only_declared(member: Facts, parent: Facts, others: bool) -> str:
    others_too = ", and no other member of the family has a declared origin" if others else ""
    text = f"{shown(parent.name)} is declared as trained from scratch, nothing is declared about this one{others_too}"
    if member.released and parent.released and member.released < parent.released:
        text += (
            f"; its first images ({member.released}) predate that release ({parent.released}), which forbids nothing"
        )
    return text


def _alike(declared: Sequence[Facts]) -> str:
    if len(declared) == 1:
        return f"it may come from {shown(declared[0].name)} or, as that does, from {_origins(declared[0])}"
    told = f"{len(declared)} members with a declared origin ({_names(declared)})"
    return f"{told} share what is seen of them and cannot be told apart"


def _origins(facts: Facts) -> str:
    return " or ".join(shown(name) for name, _ in facts.parents)


def _family_of(ancestor: str) -> str:
    return ancestor.removeprefix("ancestor of ")


def _names(facts: Sequence[Facts], limit: int = 4) -> str:
    told = ", ".join(shown(f.name) for f in facts[:limit])
    return told + (f" and {len(facts) - limit} more" if len(facts) > limit else "")


def _p(probability: float) -> str:
    return "> .999" if probability > 0.999 else f"{probability:.3f}".lstrip("0")


_NAN = float("nan")
