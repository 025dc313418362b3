"""Families and ancestry of a nursery, decoders whose descent is known because they were grown.

Kinship of two sets is the mean of both pairings of one's images of pool a with the other's of pool b, so that no pair
shares a photograph. Controls that only look like a child of a founder count as families of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.lineage import clades
from benchmarks.lineage.grown import Nursery, measured, true_family
from benchmarks.nursery.shelf import Grown, load
from difreg.lineage.ancestry import Descent, Facts, Pair, infer
from difreg.lineage.calibration import calibration_at, log_likelihood_ratio

Array = NDArray[np.float64]
DRAWS, REPLICATES = 20, 200
TENTH = 10
CLAIMED = (0.0, 0.9, 0.99, 0.999)


def figures(folder: Path, denoiser: str, seed: int = 0) -> Iterator[dict[str, object]]:
    """Families; steps of ancestry by what they claim; parents where half of them are declared."""
    made = measured(load(folder, denoiser), denoiser)
    for line in (*_families(made, seed), *_claimed(made), *_parents(made, seed), *clades.figures(made)):
        yield {**line, "denoiser": denoiser, "sets": len(made.sets)}


def _near(g: Grown) -> bool:
    """Founders, what was tuned by a tenth at most, what has another encoder, and noisy latents."""
    node = g.row.node
    return node.kind in {"founder", "E", "K"} or (node.kind in {"A", "B"} and node.percent <= TENTH)


def _families(made: Nursery, seed: int) -> Iterator[dict[str, object]]:
    """Found against true families by adjusted Rand index, with its interval over families drawn with replacement."""
    groups = {
        "founders, tuned by a tenth, encoder, latents": [k for k, g in enumerate(made.sets) if _near(g)],
        "all": list(range(len(made.sets))),
    }
    rng = np.random.default_rng(seed)
    for what, chosen in groups.items():
        table = made.families(chosen)
        true = [true_family(made.sets[k]) for k in chosen]
        found = [table.get(made.sets[k].name, made.sets[k].name) for k in chosen]
        names = sorted(set(true))
        drawn = []
        for _ in range(REPLICATES):
            kept = set(rng.choice(names, len(names)).tolist())
            rows = [k for k, name in enumerate(true) if name in kept]
            drawn.append(adjusted_rand([true[k] for k in rows], [found[k] for k in rows]))
        edges = [(e.a, e.b) for e in made.edges(chosen)]
        homes = {made.sets[k].name: true_family(made.sets[k]) for k in chosen}
        yield {
            "measure": "nursery families",
            "which": what,
            "adjusted_rand": round(adjusted_rand(true, found), 4),
            "interval": [round(float(q), 3) for q in np.quantile(drawn, [0.025, 0.975])],
            "n": len(chosen),
            "families": len(names),
            "families_with_kin": sum(true.count(name) > 1 for name in names),
            "false_edges": sum(homes[a] != homes[b] for a, b in edges),
            "left_out": sorted(m for m, t in homes.items() if true.count(t) > 1 and m not in table),
        }


def adjusted_rand(one: Sequence[str], two: Sequence[str]) -> float:
    """Adjusted Rand index (Hubert and Arabie 1985) of two partitions of the same things."""
    a, b = (np.unique(np.array(x), return_inverse=True)[1] for x in (one, two))
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)

    def pairs(x: Array) -> float:
        return float((x * (x - 1) / 2).sum())

    rows, columns = pairs(table.sum(1)), pairs(table.sum(0))
    expected = rows * columns / max(len(one) * (len(one) - 1) / 2, 1)
    most = (rows + columns) / 2
    return 1.0 if most == expected else (pairs(table) - expected) / (most - expected)


def _steps(made: Nursery, declared: Mapping[str, Sequence[str]], bases: set[str]) -> list[Descent]:
    """Ancestry as the registry would infer it from all sets, these parents and these bases."""
    table = made.families(range(len(made.sets)))
    facts = [
        Facts(
            g.name,
            True,
            g.name in bases,
            tuple((p, "unknown") for p in declared.get(g.name, ())),
            family=table.get(g.name),
        )
        for g in made.sets
    ]
    names = [g.name for g in made.sets]
    one = made.profiles[0][0]
    ratios = np.exp(log_likelihood_ratio(made.z, calibration_at(one.background.calibrations, len(one))))
    kin = {
        frozenset((names[i], names[j])): Pair(
            float(ratios[i, j]), float(made.p[i, j]), float(made.support[i, j]), kinship=float(made.z[i, j])
        )
        for i, j in combinations(range(len(names)), 2)
    }
    return infer(facts, kin)


def _claimed(made: Nursery) -> Iterator[dict[str, object]]:
    """Founders declared as trained from scratch and nothing else: steps by what they claim, and the share right."""
    founders = {g.name for g in made.sets if g.row.node.kind == "founder"}
    truth = {g.name: true_family(g) for g in made.sets}
    steps = [d for d in _steps(made, {}, founders) if d.child_kind == "generator"]
    named = [d for d in steps if d.parent_kind == "generator"]
    for low, high in zip(CLAIMED, (*CLAIMED[1:], 1.01), strict=True):
        inside = [d for d in named if low <= d.probability < high]
        right = [d.parent == truth[d.child] for d in inside]
        yield {
            "measure": "nursery steps to a founder",
            "claimed": [low, min(high, 1.0)],
            "mean_claimed": _mean([d.probability for d in inside]),
            "mean_support": _mean([d.support for d in inside]),
            "right": _mean(right),
            "n": len(inside),
        }
    yield {
        "measure": "nursery steps to a founder",
        "under_an_ancestor": len(steps) - len(named),
        "not_drawn": len(made.sets) - len(founders) - len(steps),
        "n": len(made.sets) - len(founders),
    }


def _parents(made: Nursery, seed: int) -> Iterator[dict[str, object]]:
    """A random half of all children declare their parents, nobody else anything: where the other half is placed."""
    nodes = {g.name: g.row.node for g in made.sets}
    children = [n for n in nodes if nodes[n].parent in nodes]
    told: dict[str, list[tuple[bool, bool, bool, int]]] = {}
    table = made.families(range(len(made.sets)))
    for draw in range(DRAWS):
        rng = np.random.default_rng([seed, draw])
        half = set(rng.permutation(children)[: len(children) // 2].tolist())
        declared = {n: [p for p in (nodes[n].parent, nodes[n].second) if p in nodes] for n in half}
        steps = {d.child: d for d in _steps(made, declared, set())}
        for name in children:
            if name not in half:
                step, true = steps.get(name), {nodes[name].parent, nodes[name].second}
                group = () if step is None else (step.parent,) if step.parent_kind == "generator" else step.among
                first = bool(group) and group[0] in true
                home = name in table and table[name] in {table.get(p) for p in true}
                told.setdefault(_kind(made, name), []).append((not true.isdisjoint(group), first, home, len(group)))
    for kind, rows in sorted(told.items()):
        yield {
            "measure": "nursery parents, half declared",
            "kind": kind,
            "parent_or_group_right": _mean([right for right, *_ in rows]),
            "likeliest_right": _mean([first for _, first, *_ in rows]),
            "in_the_family_of_a_parent": _mean([home for *_, home, _ in rows]),
            "median_group": float(np.median([size for *_, size in rows])),
            "children": sum(_kind(made, n) == kind for n in children),
            "n": len(rows),
            "draws": DRAWS,
        }


def _kind(made: Nursery, name: str) -> str:
    node = next(g.row.node for g in made.sets if g.name == name)
    if node.kind in {"A", "B"}:
        return "tuned by a tenth or less" if node.percent <= TENTH else f"tuned by {node.percent} %"
    return {"C": "grandchild", "E": "encoder", "K": "latents", "D": "distilled", "M": "merge"}[node.kind]


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None
