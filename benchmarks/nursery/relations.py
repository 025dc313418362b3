"""What two sets are to each other, by the table alone: kin of which kind, or strangers of which likeness."""

from __future__ import annotations

from benchmarks.nursery.recipe import Node
from benchmarks.nursery.shelf import Row

SAME = "same decoder"
CONTROL = "control: same encoder, new decoder"
HARD = "strangers, same architecture"
ALIKE = "strangers, same upsampling"
OTHER = "strangers, other upsampling"
REAL = "strangers, one a real generator"
STRANGERS = (HARD, ALIKE, OTHER, REAL)
UNTUNED = ("founder", "K", "E")


def relation(one: Row, two: Row) -> str:
    """Relation of two sets of the nursery, the same whichever is named first."""
    a, b = one.node, two.node
    if a.name == b.name:
        return SAME
    if a.family != b.family:
        if one.architecture == two.architecture:
            return HARD
        return ALIKE if one.architecture.split("-")[0] == two.architecture.split("-")[0] else OTHER
    if "X" in (a.kind, b.kind):
        return CONTROL
    if a.kind in UNTUNED and b.kind in UNTUNED:
        return SAME
    for founder, child in ((a, b), (b, a)):
        if founder.kind == "founder":
            return _to_founder(child)
    return _between(a, b)


def _to_founder(child: Node) -> str:
    if child.kind in "AB":
        return f"tuned {child.percent} %"
    if child.kind == "D":
        return "distilled, own encoder" if child.own_encoder else "distilled"
    return {"C": "grandchild, 50 + 50 %", "M": "merge and founder"}[child.kind]


def _between(a: Node, b: Node) -> str:
    if {a.name, b.name} & {a.parent, a.second, b.parent, b.second} and "M" in (a.kind, b.kind):
        return "merge and its parents"
    if a.kind == b.kind == "C":
        if a.data[-1] == b.data[-1]:
            return "cousins, same data last"
        return "cousins, no data in common" if not set(a.data) & set(b.data) else "siblings"
    if a.kind in "AB" and b.kind in "AB":
        return "one tuning, two checkpoints" if a.kind == b.kind else "tuned on A and on B"
    return "other kin"


def shared_data(one: Row, two: Row) -> str:
    """Of strangers: whether neither was tuned, one was, or both, on other data or the same last."""
    last = [r.node.data[-1:] for r in (one, two)]
    if not all(last):
        return "one tuned" if any(last) else "neither tuned"
    return "both tuned, same data" if last[0] == last[1] else "both tuned, other data"
