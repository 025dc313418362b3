"""Leads by likeness: of pairs asked about alone, and would it lead a trace?

In a trace it is of all that are registered the likest, its p times their number below a level. Children of the nursery
are traced in a registry of all founders and of real generators, and once more without their founder; real sets and
photographs, half of which are JPEG, among real generators of other sources that are no kin. Whitening and panel are
without the sources of what is asked, and never saw the nursery.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.frontier.comparing import DENOISERS, DRAWS, JUDGED, SIZES, Pairs, Side, all_pairs, likeness_table, table
from benchmarks.frontier.statistics import STATISTICS
from benchmarks.nursery.figures import family_interval
from benchmarks.nursery.relations import STRANGERS
from benchmarks.nursery.shelf import load
from difreg.lineage.background_builder import NAME, Material, assemble, gather
from difreg.lineage.calibration import calibration_at
from difreg.lineage.kinship import threshold
from difreg.lineage.labelled import settled_pairs
from difreg.lineage.likeness import FOUND, cut, likeness, p_values, real_panel, shipped
from difreg.registry.background import Background, get
from difreg.registry.fingerprints import JPEG_FLAG, RELIABLE
from difreg.registry.whitening import coefficients, template

Array = NDArray[np.float64]
LEVELS = (0.05, 0.01)
PHOTOGRAPHS = 200  # draws of sets of photographs


def figures(zoo: Path, nursery: Path, seed: int = 0) -> Iterator[dict[str, object]]:
    """Shares of pairs and of traces with a lead."""
    for denoiser in DENOISERS:
        material, grown = gather(zoo, denoiser=denoiser), load(nursery, denoiser)
        values = {**material.coefficients, **{n: coefficients(g.sketches) for n, g in grown.items()}}
        side = Side(grown, material, values)
        pairs = all_pairs(grown, material, side.real)
        founders = [g.row.node.kind == "founder" for g in grown.values()]
        registered = np.array(founders + [True] * len(side.real))
        for sizes in SIZES:
            scores = likeness_table(side, pairs, sizes, seed)
            z = table(side, STATISTICS["the product's"], pairs, sizes, seed)
            p = p_values(scores.ravel(), np.full(scores.size, sizes[0]), shipped(denoiser, NAME)).reshape(scores.shape)
            kin = z >= threshold(calibration_at(get(denoiser).calibrations, sizes[0]))
            for row in (*_compared(p, kin, pairs), *_children(p, kin, pairs, registered)):
                yield {**row, "denoiser": denoiser, "images": list(sizes)}
        yield from ({"denoiser": denoiser, **row} for row in _strangers(material, seed))


def _compared(p: Array, kin: NDArray[np.bool_], pairs: Pairs) -> Iterator[dict[str, object]]:
    """Pairs asked about alone, as ``difreg compare`` does: kin by their kinship, or with a lead."""
    for kind in (*JUDGED, *STRANGERS):
        mine = pairs.relation == kind
        families = [f for f, yes in zip(pairs.families, mine, strict=True) if yes]
        shares = {"kin": kin[mine], "lead": (p[mine] < FOUND) & ~kin[mine]}
        for name, told in shares.items():
            yield {
                "measure": "leads, compared",
                "relation": kind,
                "which": name,
                "share": round(float(told.mean()), 4),
                "interval": family_interval(told.mean(1).tolist(), families),
                "pairs": len(told),
            }


def _children(
    p: Array, kin: NDArray[np.bool_], pairs: Pairs, registered: NDArray[np.bool_]
) -> Iterator[dict[str, object]]:
    """Children traced among founders and real generators, and once more without their founder."""
    there = registered[pairs.other]
    home = np.array([a == b for a, b in pairs.families])
    for level in LEVELS:
        kinds: dict[str, list[tuple[Array, str]]] = {}
        for query in np.unique(pairs.query[there & home & np.isin(pairs.relation, JUDGED)]):
            mine = there & (pairs.query == query)
            own, strange = mine & home, mine & ~home
            right = (p[own].min(0) < p[strange].min(0)) & (p[own].min(0) * mine.sum() < level)
            wrong = p[strange].min(0) * strange.sum() < level
            rates = np.array([x.mean() for x in (right, right & ~kin[own].any(0), wrong)])
            family = pairs.families[int(np.flatnonzero(own)[0])][0]
            kinds.setdefault(str(pairs.relation[own][0]), []).append((rates, family))
        for kind, rows in kinds.items():
            families = [(f, f) for _, f in rows]
            shares = np.stack([rates for rates, _ in rows], 1)
            for name, told in zip(("right", "right, not kin", "wrong without the founder"), shares, strict=True):
                yield {
                    "measure": "leads, children",
                    "level": level,
                    "relation": kind,
                    "which": name,
                    "share": round(float(told.mean()), 4),
                    "interval": family_interval(told.tolist(), families),
                    "traces": len(rows) * p.shape[1],
                    "registered": int(registered.sum()),
                }


def _strangers(material: Material, seed: int) -> Iterator[dict[str, object]]:
    """Real sets of ten images among the others that are no kin of theirs, and photographs among all."""
    rng = np.random.default_rng([seed, 10])
    unrelated = [set(p[:2]) for p in settled_pairs(material.labels) if not p[2]]
    found: dict[str, list[Array]] = {}
    for name, label in material.labels.items():
        others = [n for n in material.labels if {n, name} in unrelated]
        if label.lossless and others:
            background = assemble(material, frozenset({label.cluster}), ())
            sketches = material.generators[name].sketches
            drawn = [sketches[rng.permutation(len(sketches))[:10]] for _ in range(DRAWS)]
            found.setdefault(label.cluster, []).extend(_values(drawn, others, material, background))
    told = [(c, p) for c, values in found.items() for p in values]
    yield from _rates("real strangers", 10, [p for _, p in told], [c for c, _ in told])
    background = assemble(material, frozenset(), ())
    sketches = material.test.sketches
    for size in (8, 20):
        drawn = [sketches[rng.permutation(len(sketches))[:size]] for _ in range(PHOTOGRAPHS)]
        told_all = list(_values(drawn, list(material.labels), material, background))
        yield from _rates("photographs", size, told_all, ["photographs"] * len(told_all))


def _rates(which: str, n: int, found: Sequence[Array], clusters: Sequence[str]) -> Iterator[dict[str, object]]:
    """How often one of all is a lead, its p times their number; and how often any one asked alone would be."""
    homes = [(c, c) for c in clusters]
    best = [float(p.min()) * len(p) for p in found]
    values = {f"the best of all, {level}": [float(p < level) for p in best] for level in LEVELS}
    values[f"one asked alone, {FOUND}"] = [float((p < FOUND).mean()) for p in found]
    for name, rates in values.items():
        yield {
            "measure": f"leads, {which}",
            "n": n,
            "which": name,
            "wrong": round(float(np.mean(rates)), 4),
            "interval": family_interval(rates, homes),
            "traces": len(rates),
        }


def _values(
    drawn: Sequence[Array], others: Sequence[str], material: Material, background: Background
) -> Iterator[Array]:
    """Of each drawn set of sketches its p-values with the others; those that look like JPEG ask nobody, and are 1.

    Others are left out that no trace would judge.
    """
    made = [template(background.whitening(material.generators[n].sketches)) for n in others]
    judged = [t.direction for t in made if t.reliability >= RELIABLE]
    panel = real_panel(background)
    them, nulls = cut(np.stack(judged), panel), shipped(background.denoiser, background.name)
    for sketches in drawn:
        direction = template(background.whitening(sketches)).direction
        p = p_values(likeness(cut(direction[None], panel), them), np.full(len(judged), len(sketches)), nulls)
        yield p if (background.jpeg @ direction).max() <= JPEG_FLAG else np.ones(len(judged))
