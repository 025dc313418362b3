"""Leads of traces by likeness: how many are right, and how many are given where there is nobody to find.

By the product's rule: of all that are registered the likest, its p times their number below .01. Children of the
nursery are traced in a registry of all founders and of real generators, and once more without their founder; real sets
and photographs, half of which are JPEG, among real generators of other sources that are no kin. Whitening and panel
are without the sources of what is asked, and never saw the nursery.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.frontier.comparing import DRAWS, JUDGED, Pairs, Side, all_pairs, likeness_table
from benchmarks.nursery.figures import family_interval
from benchmarks.nursery.shelf import load
from difreg.lineage.background_builder import NAME, Material, assemble, gather
from difreg.lineage.keeping.population import Population
from difreg.lineage.labelled import settled_pairs
from difreg.lineage.leads import traced
from difreg.lineage.likeness import FOUND, p_values, shipped
from difreg.registry.background import Background
from difreg.registry.extraction import ImageSet
from difreg.registry.profiles import Profile, profile
from difreg.registry.whitening import coefficients

Array = NDArray[np.float64]
SIZES = ((8, 8), (8, 20))
DENOISERS = ("wavelet-1", "periodic-fast-1")
PHOTOGRAPHS = 200  # draws of sets of photographs


def figures(zoo: Path, nursery: Path, seed: int = 0) -> Iterator[dict[str, object]]:
    """Shares of traces with a lead."""
    for denoiser in DENOISERS:
        material, grown = gather(zoo, denoiser=denoiser), load(nursery, denoiser)
        values = {**material.coefficients, **{n: coefficients(g.sketches) for n, g in grown.items()}}
        side = Side(grown, material, values)
        pairs = all_pairs(grown, material, side.real)
        founders = [g.row.node.kind == "founder" for g in grown.values()]
        registered = np.array(founders + [True] * len(side.real))
        for sizes in SIZES:
            scores = likeness_table(side, pairs, sizes, seed)
            for row in _children(scores, pairs, sizes[0], registered, denoiser):
                yield {"measure": "leads, children", "denoiser": denoiser, "images": list(sizes), **row}
        yield from ({"denoiser": denoiser, **row} for row in _strangers(material, seed))


def _children(
    scores: Array, pairs: Pairs, images: int, registered: NDArray[np.bool_], denoiser: str
) -> Iterator[dict[str, object]]:
    p = p_values(scores.ravel(), np.full(scores.size, images), shipped(denoiser, NAME)).reshape(scores.shape)
    there = registered[pairs.other]
    home = np.array([a == b for a, b in pairs.families])
    kinds: dict[str, list[tuple[float, float, str]]] = {}
    for query in np.unique(pairs.query[there & home & np.isin(pairs.relation, JUDGED)]):
        mine = there & (pairs.query == query)
        own, strange = mine & home, mine & ~home
        best = np.where(p[own].min(0) < p[strange].min(0), p[own].min(0), 1) * mine.sum()
        alone = p[strange].min(0) * strange.sum()
        rates = (float((x < FOUND).mean()) for x in (best, alone))
        family = pairs.families[int(np.flatnonzero(own)[0])][0]
        kinds.setdefault(str(pairs.relation[own][0]), []).append((*rates, family))
    for kind, rows in kinds.items():
        families = [(f, f) for *_, f in rows]
        right, wrong = ([row[k] for row in rows] for k in (0, 1))
        yield {
            "relation": kind,
            "right": round(float(np.mean(right)), 4),
            "interval": family_interval(right, families),
            "wrong_without_the_founder": round(float(np.mean(wrong)), 4),
            "wrong_interval": family_interval(wrong, families),
            "traces": len(rows) * scores.shape[1],
            "registered": int(registered.sum()),
        }


def _strangers(material: Material, seed: int) -> Iterator[dict[str, object]]:
    """Real sets of ten images among the others that are no kin of theirs, and photographs among all."""
    rng = np.random.default_rng([seed, 10])
    unrelated = [set(p[:2]) for p in settled_pairs(material.labels) if not p[2]]
    found: list[float] = []
    clusters: list[str] = []
    for name in (n for n, x in material.labels.items() if x.lossless):
        others = [n for n in material.labels if {n, name} in unrelated]
        if not others:
            continue
        background = assemble(material, frozenset({material.labels[name].cluster}), ())
        them = Population.of([_profile(n, material.generators[n], background) for n in others])
        picks = [rng.permutation(len(material.generators[name]))[:10] for _ in range(DRAWS)]
        asked = [_profile(name, material.generators[name], background, p) for p in picks]
        found.append(float(np.mean([traced(q, them) is not None for q in asked])))
        clusters.append(material.labels[name].cluster)
    yield {
        "measure": "leads, real strangers",
        "n": 10,
        "wrong": round(float(np.mean(found)), 4),
        "interval": family_interval(found, [(c, c) for c in clusters]),
        "traces": len(found) * DRAWS,
    }
    background = assemble(material, frozenset(), ())
    them = Population.of([_profile(n, material.generators[n], background) for n, x in material.labels.items()])
    for size in (8, 20):
        drawn = [
            _profile("photographs", material.test, background, rng.permutation(len(material.test))[:size])
            for _ in range(PHOTOGRAPHS)
        ]
        rate = float(np.mean([traced(q, them) is not None for q in drawn]))
        yield {"measure": "leads, photographs", "n": size, "wrong": round(rate, 4), "traces": len(drawn)}


def _profile(name: str, images: ImageSet, background: Background, rows: NDArray[np.int64] | None = None) -> Profile:
    chosen = range(len(images)) if rows is None else rows.tolist()
    return profile(name, tuple(images.images[k].content for k in chosen), images.sketches[list(chosen)], background)
