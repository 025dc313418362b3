"""Groups of trees of similarity inside a family of known descent: share right and contradicted, by their support.

A split is right if one step of the true tree makes it, contradicted if it crosses such a one, and else it resolves what
the true tree leaves open. Checkpoints of one run descend from one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.lineage.grown import Array, Nursery
from benchmarks.nursery.recipe import Node
from difreg.lineage.similarity import METHODS, groups

SUPPORTS = (0.0, 0.5, 0.9)
KINDS = frozenset({"founder", "A", "B", "C", "E", "K"})


def figures(made: Nursery) -> Iterator[dict[str, object]]:
    """One line a method and bin of support."""
    for method in METHODS:
        told = [row for family in sorted({g.family for g in made.sets}) for row in _inside(made, family, method)]
        for low, high in zip(SUPPORTS, (*SUPPORTS[1:], 1.01), strict=True):
            rows = [(right, wrong) for support, right, wrong in told if low <= support < high]
            yield {
                "measure": "nursery groups inside families",
                "method": method,
                "support": [low, min(high, 1.0)],
                "right": round(float(np.mean([r for r, _ in rows])), 3) if rows else None,
                "contradicted": round(float(np.mean([w for _, w in rows])), 3) if rows else None,
                "n": len(rows),
            }


def _inside(made: Nursery, family: str, method: str) -> Iterator[tuple[float, bool, bool]]:
    """Support of each group in the tree of one family, and whether it is right, and contradicted."""
    rows = [k for k, g in enumerate(made.sets) if g.family == family and g.row.node.kind in KINDS]
    if len(rows) < 5:
        return
    whole = (1 << len(rows)) - 1
    index = {made.sets[k].name: n for n, k in enumerate(rows)}
    true = _splits({made.sets[k].name: made.sets[k].row.node for k in rows}, index)
    sides = [np.stack([made.profiles[k][s].direction for k in rows]) for s in (0, 1)]
    drawn = [np.stack([made.profiles[k][s].bootstrap(100, 0)[0] for k in rows], 1) for s in (0, 1)]
    found = [_found(a @ b.T, method) for a, b in zip(*drawn, strict=True)]
    for mask in _found(sides[0] @ sides[1].T, method):
        crossed = any(all(x & y for x in (mask, whole ^ mask) for y in (t, whole ^ t)) for t in true)
        yield float(np.mean([mask in f for f in found])), mask in true, crossed


def _found(cosine: Array, method: str) -> set[int]:
    """Splits of the tree of (n, n) cosines of one pool with the other, as the side without the first leaf."""
    distance = 1 - np.maximum((cosine + cosine.T) / 2, 0)
    np.fill_diagonal(distance, 0)
    whole = (1 << len(cosine)) - 1
    sides = {m if not m & 1 else whole ^ m for m in groups(METHODS[method](distance), method)}
    return {m for m in sides if 1 < m.bit_count() < len(cosine) - 1}


def _splits(nodes: Mapping[str, Node], index: Mapping[str, int]) -> set[int]:
    """Of each step of the true tree, the side without the first leaf, where both sides have two or more."""
    below = {name: 1 << index[name] for name in nodes}
    for name in nodes:
        up = _parent(nodes, name)
        while up:
            below[up] |= 1 << index[name]
            up = _parent(nodes, up)
    whole = (1 << len(index)) - 1
    sides = {m if not m & 1 else whole ^ m for m in below.values()}
    return {m for m in sides if 1 < m.bit_count() < len(index) - 1}


def _parent(nodes: Mapping[str, Node], name: str) -> str:
    """The parent; of a checkpoint the one before it in its run."""
    node = nodes[name]
    run = [n for n in nodes.values() if n.kind == node.kind and n.kind in "AB" and n.percent < node.percent]
    earlier = max(run, key=lambda n: n.percent, default=None)
    if earlier is not None:
        return earlier.name
    return node.parent if node.parent in nodes else ""
