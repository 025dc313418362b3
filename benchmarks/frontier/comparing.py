"""All pairs of the nursery and of real generators, and tables of their scores under spaces fitted to the real ones.

A query shows photographs of pool a, what it is compared with those of pool b.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.frontier.statistics import STATISTICS, Space
from benchmarks.nursery.relations import CONTROL, HARD, REAL, SAME, STRANGERS, relation
from benchmarks.nursery.shelf import Grown
from difreg.lineage.background_builder import Material
from difreg.lineage.kinship import score
from difreg.lineage.labelled import settled_pairs
from difreg.lineage.likeness import Blocks, cut, likeness
from difreg.registry.fingerprints import panel_scale
from difreg.registry.whitening import fit_whitening, template

Array = NDArray[np.float64]
Masks = Sequence[NDArray[np.bool_]]
DENOISERS = ("wavelet-1", "periodic-fast-1")
SIZES = ((8, 8), (8, 20))
DRAWS = 6
FALSE = 0.01
JUDGED = (SAME, "tuned 10 %", "tuned 50 %", "tuned 100 %", "distilled", CONTROL)
REAL_KIN, REAL_STRANGERS = "real kin", "real strangers"


@dataclass(frozen=True)
class Pairs:
    """Ordered pairs: places of both sets, their relation, and their families."""

    query: NDArray[np.int64]
    other: NDArray[np.int64]
    relation: NDArray[np.str_]
    families: list[tuple[str, str]]


class Side:
    """One residual's coefficients of all sets, real ones too, and a space fitted to the real."""

    def __init__(self, grown: Mapping[str, Grown], material: Material, values: Mapping[str, Array]) -> None:
        self.grown, self.values = grown, values
        self.real = [n for n, x in material.labels.items() if x.lossless]
        whitening = fit_whitening([values[n] for n in self.real])
        panel = [template(whitening.unit(values[n])).direction for n in material.panel_names()]
        self.space = Space(whitening.weights, np.stack(panel))

    def drawn(self, sizes: tuple[int, int], seed: int) -> Iterator[tuple[list[Array], list[Array]]]:
        """Coefficients of each set as query and as what it is compared with, a draw at a time."""
        rng = np.random.default_rng([seed, *sizes])
        for _ in range(DRAWS):
            queries, others = [], []
            for name, g in self.grown.items():
                a, b = (rng.permutation(g.of(pool))[:n] for pool, n in zip("ab", sizes, strict=True))
                queries.append(self.values[name][a])
                others.append(self.values[name][b])
            for name in self.real:
                found = self.values[name]
                picks = rng.permutation(len(found))
                queries.append(found[picks[: sizes[0]]])
                others.append(found[picks[-sizes[1] :]])
            yield queries, others


def all_pairs(grown: Mapping[str, Grown], material: Material, real: Sequence[str]) -> Pairs:
    """Ordered pairs of sets of the nursery and of lossless real ones that are judged or are strangers."""
    names = [*grown, *real]
    kin = {frozenset(p[:2]): p[2] for p in settled_pairs(material.labels)}
    query, other, relations, families = [], [], [], []
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            if a in grown and b in grown:
                kind = relation(grown[a].row, grown[b].row)
                homes = grown[a].family, grown[b].family
            elif a in grown or b in grown:
                kind = REAL
                homes = (grown[a].family, material.labels[b].cluster) if a in grown else ("", "")
            else:
                told = kin.get(frozenset((a, b)))
                kind = "" if told is None or a == b else REAL_KIN if told else REAL_STRANGERS
                homes = material.labels[a].cluster, material.labels[b].cluster
            if kind in (*JUDGED, *STRANGERS, REAL_KIN, REAL_STRANGERS) and homes != ("", ""):
                query.append(i)
                other.append(j)
                relations.append(kind)
                families.append(homes)
    return Pairs(np.array(query), np.array(other), np.array(relations), families)


def table(side: Side, masks: Masks, pairs: Pairs, sizes: tuple[int, int], seed: int) -> Array:
    """(pairs, draws) kinship."""
    out = []
    for drawn in side.drawn(sizes, seed):
        total = np.zeros(len(pairs.query))
        for mask in masks:
            (one, s), (two, t) = (
                (d, side.space.scales(d, mask))
                for d in (np.stack([side.space.directions(v, mask) for v in part]) for part in drawn)
            )
            total += score(one[pairs.query], s[pairs.query], two[pairs.other], t[pairs.other])
        out.append(total / np.sqrt(len(masks)))
    return np.stack(out, -1)


def likeness_table(side: Side, pairs: Pairs, sizes: tuple[int, int], seed: int) -> Array:
    """(pairs, draws) the product's likeness by period."""
    out = []
    for drawn in side.drawn(sizes, seed):
        whole = (np.stack([side.space.directions(v, STATISTICS["the product's"][0]) for v in part]) for part in drawn)
        both = zip(whole, (pairs.query, pairs.other), strict=True)
        made = ((cut(directions, side.space.panel), rows) for directions, rows in both)
        out.append(likeness(*(Blocks(b.directions[:, rows], b.scales[:, rows]) for b, rows in made)))
    return np.stack(out, -1)


def stacked(sides: Sequence[Side], pairs: Pairs, sizes: tuple[int, int], seed: int) -> Array:
    """(pairs, draws) kinship of templates of both denoisers' whitened units, one after the other, in one cosine."""
    panel = np.concatenate([s.space.panel for s in sides], 1) / np.sqrt(len(sides))
    out = []
    for drawn in zip(*(s.drawn(sizes, seed) for s in sides), strict=True):
        made = []
        for parts in zip(*drawn, strict=True):  # queries, then what they are compared with
            units = [[s.space.units(v) for v in part] for s, part in zip(sides, parts, strict=True)]
            joined = [np.concatenate(u, 1) for u in zip(*units, strict=True)]
            made.append(np.stack([template(u / np.sqrt(len(sides))).direction for u in joined]))
        (one, s), (two, t) = ((d, panel_scale(d, panel)) for d in made)
        out.append(score(one[pairs.query], s[pairs.query], two[pairs.other], t[pairs.other]))
    return np.stack(out, -1)


def greater(scores: Sequence[Array], pairs: Pairs) -> Array:
    """The greatest of several scores, each in units of what one in a hundred strangers reaches."""
    out: Array = np.maximum.reduce([z / np.quantile(z[pairs.relation == HARD], 1 - FALSE) for z in scores])
    return out
