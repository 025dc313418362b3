"""Why a step of ancestry is drawn, in one sentence each, with names as they may be shown."""

from __future__ import annotations

from collections.abc import Sequence

from difreg.lineage.evidence import Facts, Pair
from difreg.names import shown, some
from difreg.numerals import count

CONFIRMED = 0.99  # P(kin) from which they agree with one


def agreement(pair: Pair) -> str:
    """What the images of a declared pair say."""
    if pair.probability >= CONFIRMED:
        return "their images agree"
    if not pair.clean:
        return "JPEG compression may hide what their images have in common"
    return "their images lean to it" if pair.probability >= 0.5 else "their images leave it open"


def only_declared(member: Facts, parent: Facts, nodes: Sequence[Facts], children: int = 0) -> str:
    """``parent``, with so many declared ``children``, is the only one of ``nodes`` that ``member`` can come from."""
    what = "as trained from scratch" if parent.base else f"the parent of {count(children, 'other')}"
    text = f"{shown(parent.name)} is declared {what}, nothing is declared about this one"
    others = [g for g in nodes if g.observed and g.family == member.family and g.name not in (member.name, parent.name)]
    if any(g.origin_declared for g in others):
        text += ", and no other member with a declared origin can have been before it"
    elif others:
        text += ", and no other member of the family has a declared origin"
    if member.released and parent.released and member.released < parent.released:
        text += (
            f"; its first images ({member.released}) predate that release ({parent.released}), which forbids nothing"
        )
    return text


def alike(declared: Sequence[Facts]) -> str:
    """Why none of those it may come from is named."""
    if len(declared) == 1 and not declared[0].parents:
        return f"it may come from {shown(declared[0].name)} or, as that does, from what is not registered"
    if len(declared) == 1:
        return f"it may come from {shown(declared[0].name)} or, as that does, from {_origins(declared[0])}"
    whole = all(f.origin_declared for f in declared)
    told = f"{len(declared)} members with a declared origin{'' if whole else ' or child'} ({names(declared)})"
    return f"{told} share what is seen of them and cannot be told apart"


def _origins(facts: Facts) -> str:
    return " or ".join(shown(name) for name, _ in facts.parents)


def before(member: Facts, others: Sequence[Facts]) -> str:
    """With nothing declared, who was there before ``member`` can have been."""
    if len(others) > 1:
        told = f"{names(others)} were there before this one can have been ({member.not_before})"
        return f"nothing is declared; {told}, and cannot be told apart"
    told = f"{shown(others[0].name)} was there by {others[0].released}, before this one can have been"
    return f"nothing is declared; {told} ({member.not_before}); it may as well be a sibling"


def by_weights(parents: Sequence[str], distance: float, right: float) -> str:
    """Why weights name these ``parents``: one of them is the nearest elder, two are what it was merged of."""
    told = some([shown(name) for name in parents], 4)
    if len(parents) > 1:
        return f"by weights: it lies on the line between {told}, as a merge of them does"
    measured = f"of parents named so among grown decoders {p(right)} were right"
    return f"by weights: {told} is its nearest elder, at a distance of {p(distance)}; {measured}"


def names(facts: Sequence[Facts], limit: int = 4) -> str:
    """Names of generators, the first few of many."""
    return some([shown(f.name) for f in facts], limit)


def p(probability: float) -> str:
    """A probability as sentences tell it."""
    return "> .999" if probability > 0.999 else f"{probability:.3f}".lstrip("0")
