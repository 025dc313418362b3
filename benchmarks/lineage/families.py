"""Families of the labelled collection: the large one whole and without intruders, no false edges, the small ones told.

Yardstick is the shipped background, which was made of this collection: what has to be fitted saw these sets, so these
figures say whether families hold together; that strangers stay apart elsewhere is for ``benchmarks.kinship``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from benchmarks.kinship import Bench, named
from benchmarks.lineage.collection import bench
from difreg.lineage.families import Edge, communities
from difreg.lineage.kinship import kinships
from difreg.lineage.labelled import KIN_FAMILY, LINES, Label
from difreg.registry.background import get
from difreg.registry.profiles import Profile

SMALL = ("stylegan2-ffhq", "waifu2x-upconv7art", "waifu2x-upconv7photo")
HALVES = 20


def figures(zoo: Path, seed: int = 0) -> Iterator[dict[str, object]]:
    """One line on all images of every set, one on random halves of them."""
    made = bench(zoo)
    rng = np.random.default_rng([seed, 1])
    whole = _run(made, None)
    yield {"measure": "families", "images": "all", "sets": len(made.material.labels), **whole}
    halves = [_run(made, rng) for _ in range(HALVES)]
    yield {
        "measure": "families",
        "images": "random halves",
        "halves": HALVES,
        "recall_least": min(h["recall"] for h in halves),
        "intruders": sum(h["intruders"] for h in halves),
        "false_edges": sum(h["false_edges"] for h in halves),
        "halves_with_a_false_edge": sum(h["false_edges"] > 0 for h in halves),
        **{f"recall_{name}": round(float(np.mean([h[f"recall_{name}"] for h in halves])), 3) for name in SMALL},
        "seed": seed,
    }


def _run(made: Bench, rng: np.random.Generator | None) -> dict[str, float]:
    """Families of all images, or of a random half of each set's."""
    members = []
    for name, images in made.material.generators.items():
        rows = None if rng is None else rng.permutation(len(images))[: len(images) // 2]
        members.append(named(name, images, get(made.material.denoiser), rows))
    labels, edges = made.material.labels, accepted(members)
    table = {m: c.name for c in communities(edges) for m in c.members}
    core = [n for n, x in made.lossless.items() if x.family == KIN_FAMILY]
    homes = [table.get(n, n) for n in core]
    home = max(sorted(set(homes)), key=homes.count)
    return {
        "recall": homes.count(home) / len(core),
        "intruders": sum(f == home and labels[n].family != KIN_FAMILY for n, f in table.items()),
        "false_edges": sum(not related(labels[e.a], labels[e.b]) for e in edges),
        **{f"recall_{name}": _joined(table, labels, name) for name in SMALL},
    }


def accepted(members: Sequence[Profile]) -> list[Edge]:
    """Accepted kinship among all."""
    return [
        Edge(a.name, b.name, k.probability, 1.0)
        for i, a in enumerate(members)
        for b, k in zip(members[i + 1 :], kinships(a, members[i + 1 :]), strict=True)
        if k.accepted
    ]


def related(one: Label, two: Label) -> bool:
    """Whether an edge between them is none to count: one family, or one line of which it is not known."""
    return one.family == two.family or any(one.family.startswith(p) and two.family.startswith(p) for p in LINES)


def _joined(table: Mapping[str, str], labels: Mapping[str, Label], family: str) -> float:
    """Share of a family's pairs that are in one found family."""
    inside = [n for n, x in labels.items() if x.family == family]
    together = [table.get(a, a) == table.get(b, b) for a, b in combinations(inside, 2)]
    return round(sum(together) / max(len(together), 1), 3)
