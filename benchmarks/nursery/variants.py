"""Other statistics than the product's, judged on the nursery, on real generators and on the control at once.

A variant wins where its share of kin above the 999th permille of strangers exceeds the product's, with a paired
bootstrap over families wholly above zero, and nothing else gets worse. Thresholds are of the strangers of the same
table, so that no variant profits from a scale. One JSON line a variant and kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.nursery.figures import Figure, family_interval
from benchmarks.nursery.relations import CONTROL, HARD, REAL, SAME, STRANGERS, relation
from benchmarks.nursery.scoring import QUERY, REGISTERED
from benchmarks.nursery.shelf import Grown
from difreg.lineage.background_builder import Material
from difreg.lineage.kinship import score
from difreg.lineage.labelled import settled_pairs
from difreg.registry.detection import correlations
from difreg.registry.fingerprints import lattice_array, panel_scale
from difreg.registry.sketches import fold
from difreg.registry.whitening import LEAST, basis, template

Array = NDArray[np.float64]
FALSE = 0.001
KIN = (SAME, "tuned 10 %", "tuned 50 %", "tuned 100 %", "grandchild, 50 + 50 %", "distilled")


@dataclass(frozen=True)
class Variant:
    """Which coefficients are compared, how they are weighed, and how much of detection is added.

    Attributes
    ----------
    period
        Of the fold.
    without
        Spatial periods that are left out.
    trust
        Whether coefficients weigh by how much of them differs from generator to generator, not only from image to
        image.
    detection
        Weight of detection (in its own spread over the panel) beside kinship.
    """

    period: int = 8
    without: tuple[int, ...] = (1,)
    trust: bool = False
    detection: float = 0.0


VARIANTS: Mapping[str, Variant] = {
    "product": Variant(),
    "periods 4 + 8": Variant(without=(1, 2)),
    "period 8 alone": Variant(without=(1, 2, 4)),
    "weights by reliability": Variant(trust=True),
    "periods to 16": Variant(period=16),
    "kinship and detection": Variant(detection=0.5),
}


class _Space:
    """One variant's coordinates, fitted to real generators, with its panel."""

    def __init__(self, variant: Variant, material: Material) -> None:
        self.variant, self.material = variant, material
        lossless = [n for n, x in material.labels.items() if x.lossless]
        sets = [self.values(material.generators[n].sketches) for n in lossless]
        within = sum(((s - s.mean(0)) ** 2).sum(0) for s in sets) / sum(len(s) - 1 for s in sets)
        weights = 1 / np.sqrt(within + 0.02 * within.mean())
        if variant.trust:
            means = np.stack([s.mean(0) for s in sets])
            between = np.maximum((means**2).mean(0) - within / np.mean([len(s) for s in sets]), 0)
            weights *= np.sqrt(between / (between + within / QUERY))
        weights[np.isin(basis(variant.period)[1], variant.without)] = 0
        self.weights = weights
        self.panel = np.stack([template(self.units(material.generators[n].sketches)).direction for n in self.names()])

    def names(self) -> list[str]:
        return self.material.panel_names()

    def values(self, sketches: Array) -> Array:
        folded = fold(sketches, self.variant.period)
        out: Array = folded.reshape(len(folded), -1) @ basis(self.variant.period)[0].T
        return out

    def units(self, sketches: Array) -> Array:
        white = self.values(sketches) * self.weights
        out: Array = white / np.maximum(np.linalg.norm(white, axis=-1, keepdims=True), LEAST)
        return out


def _table(space: _Space, queries: Mapping[str, Array], others: Mapping[str, Array]) -> Array:
    """(queries, others) scores of sketches."""

    def side(sets: Mapping[str, Array]) -> tuple[Array, Array]:
        directions = np.stack([template(space.units(s)).direction for s in sets.values()])
        return directions, panel_scale(directions, space.panel)

    (one, s), (two, t) = side(queries), side(others)
    z = score(one[:, None], s[:, None], two[None], t[None])
    if space.variant.detection:
        mean = space.material.make.sketches.mean(0)
        arrays = np.stack([lattice_array(x, mean) for x in others.values()])
        panel = [space.material.generators[n].sketches for n in space.names()]
        found = np.stack([correlations(arrays, x).mean(1) for x in queries.values()])
        strange = np.stack([correlations(arrays, x).mean(1) for x in panel])
        z = z + space.variant.detection * found / np.sqrt((strange**2).mean(0))
    return z


def variant_figures(material: Material, grown: Mapping[str, Grown], draws: int, seed: int) -> Iterator[Figure]:
    """Shares of kin above the strangers' limit by variant, and how much that is more than the product's."""
    told = {name: _measured(_Space(v, material), material, grown, draws, seed) for name, v in VARIANTS.items()}
    for name, found in told.items():
        for kind, shares in found.items():
            base = told["product"][kind]
            pairs = list(shares)
            yield {
                "measure": "variant",
                "variant": name,
                "kind": kind,
                "pairs": len(pairs),
                "share": round(float(np.mean(list(shares.values()))), 4),
                "gain": round(float(np.mean([shares[p] - base[p] for p in pairs])), 4),
                "gain_interval": family_interval([shares[p] - base[p] for p in pairs], [p[2:] for p in pairs]),
            }


def _measured(
    space: _Space, material: Material, grown: Mapping[str, Grown], draws: int, seed: int
) -> dict[str, dict[tuple[str, str, str, str], float]]:
    """By kind of pair: each pair's share of draws above the limit; keys name the sets and their families."""
    lossless = [n for n, x in material.labels.items() if x.lossless]
    names = [*grown, *lossless]
    homes = {n: g.family for n, g in grown.items()} | {n: material.labels[n].cluster for n in lossless}
    kin = {frozenset(p[:2]): p[2] for p in settled_pairs(material.labels)}
    kinds = {(a, b): _kind(a, b, grown, kin) for a in names for b in names if a != b or a in grown}
    rng = np.random.default_rng([seed, QUERY])
    scores = []
    for _ in range(draws):
        queries, others = {}, {}
        for name in names:
            if name in grown:
                g = grown[name]
                a, b = (rng.permutation(g.of(pool))[:n] for pool, n in (("a", QUERY), ("b", REGISTERED)))
                queries[name], others[name] = g.sketches[a], g.sketches[b]
            else:
                found = material.generators[name].sketches
                queries[name], others[name] = found[rng.permutation(len(found))[:QUERY]], found
        scores.append(_table(space, queries, others))
    z = np.stack(scores)
    row = {n: k for k, n in enumerate(names)}
    strangers = [z[:, row[a], row[b]] for (a, b), kind in kinds.items() if kind in STRANGERS and kind != REAL]
    limit = float(np.quantile(np.concatenate(strangers), 1 - FALSE))
    real = np.concatenate([z[:, row[a], row[b]] for (a, b), kind in kinds.items() if kind == "real strangers"])
    real_limit = float(np.quantile(real, 1 - FALSE))
    out: dict[str, dict[tuple[str, str, str, str], float]] = {}
    for (a, b), kind in kinds.items():
        if kind in (*KIN, HARD, CONTROL, "real kin"):
            above = z[:, row[a], row[b]] > (real_limit if kind == "real kin" else limit)
            out.setdefault(kind, {})[a, b, homes[a], homes[b]] = float(above.mean())
    return out


def _kind(a: str, b: str, grown: Mapping[str, Grown], kin: Mapping[frozenset[str], bool]) -> str:
    if a in grown and b in grown:
        return relation(grown[a].row, grown[b].row)
    if a in grown or b in grown:
        return REAL
    found = kin.get(frozenset((a, b)))
    return "" if found is None else "real kin" if found else "real strangers"
