"""Changed and imitated decoders: can another comparison find what was tuned by half, or distilled?

Pairs of the nursery, 8 images against 8 and against 20, of photographs that the two sides do not share. Found is what
lies above 99 of 100 strangers of the same architecture. Controls beside it: new decoders behind the same encoder, and
real generators, of which nothing was learned. All spaces are fitted to real generators; learned weights never saw
either family of the pair they judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.frontier.statistics import COLOURS, PERIODS, STATISTICS, Space
from benchmarks.nursery.figures import family_interval
from benchmarks.nursery.relations import CONTROL, HARD, REAL, SAME, STRANGERS, relation
from benchmarks.nursery.shelf import Grown, load
from difreg.lineage.background_builder import Material, fit_whitening, gather
from difreg.lineage.kinship import score
from difreg.lineage.labelled import settled_pairs
from difreg.registry.whitening import coefficients, template

Array = NDArray[np.float64]
Masks = Sequence[NDArray[np.bool_]]
SIZES = ((8, 8), (8, 20))
DRAWS = 6
FALSE = 0.01
DENOISERS = ("wavelet-1", "periodic-fast-1")
SUM = "sum of both residuals"
TRIED = ("the product's", "period 8", "sum over periods")
LEARNT_FROM = ("tuned 50 %", "tuned 100 %", "distilled")
JUDGED = (SAME, "tuned 10 %", "tuned 50 %", "tuned 100 %", "distilled", CONTROL)
REAL_KIN, REAL_STRANGERS = "real kin", "real strangers"
GROUPS: Masks = [(p == PERIODS) & (c == COLOURS) for p in (2, 4, 8) for c in range(3)]
RIDGE = 1.0
STEPS = 12


@dataclass(frozen=True)
class Pairs:
    """Ordered pairs: places of both sets, their relation, and their families."""

    query: NDArray[np.int64]
    other: NDArray[np.int64]
    relation: NDArray[np.str_]
    families: list[tuple[str, str]]


class _Side:
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


def figures(zoo: Path, nursery: Path, seed: int = 0) -> Iterator[dict[str, object]]:
    """Shares found by statistic, and how much that is more than the product's."""
    values = {}
    for denoiser in DENOISERS:
        material, grown = gather(zoo, denoiser=denoiser), load(nursery, denoiser)
        values[denoiser] = {**material.coefficients, **{n: coefficients(g.sketches) for n, g in grown.items()}}
    one, two = values.values()
    values[SUM] = {n: one[n] + two[n] for n in one}
    sides = {name: _Side(grown, material, found) for name, found in values.items()}
    pairs = _pairs(grown, material, sides[SUM].real)
    for sizes in SIZES:
        z = {d: {n: _table(s, STATISTICS[n], pairs, sizes, seed) for n in TRIED} for d, s in sides.items()}
        told = {f"{name}{'' if d == DENOISERS[0] else ', ' + d}": z[d][name] for d in sides for name in TRIED}
        for name in TRIED:
            told[f"{name}, sum of both scores"] = sum(z[d][name] for d in DENOISERS) / np.sqrt(2)
        groups = {d: np.stack([_table(sides[d], [m], pairs, sizes, seed) for m in GROUPS], -1) for d in DENOISERS}
        told["learned weights"] = _learned(groups[DENOISERS[0]], pairs)
        told["learned weights, both denoisers"] = _learned(np.concatenate(list(groups.values()), -1), pairs)
        base = _found(told["the product's"], pairs)
        for name, scores in told.items():
            for kind, shares in _found(scores, pairs).items():
                mine = np.array([f for f, r in zip(pairs.families, pairs.relation, strict=True) if r == kind])
                families = [tuple(f) for f in mine.tolist()]
                yield {
                    "measure": "changed",
                    "images": list(sizes),
                    "statistic": name,
                    "relation": kind,
                    "found": round(float(shares.mean()), 4),
                    "interval": family_interval(shares.tolist(), families),
                    "gain": round(float((shares - base[kind]).mean()), 4),
                    "gain_interval": family_interval((shares - base[kind]).tolist(), families),
                    "pairs": len(shares),
                }


def _pairs(grown: Mapping[str, Grown], material: Material, real: Sequence[str]) -> Pairs:
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


def _table(side: _Side, masks: Masks, pairs: Pairs, sizes: tuple[int, int], seed: int) -> Array:
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


def _found(scores: Array, pairs: Pairs) -> dict[str, Array]:
    """By relation, each pair's share of draws above the limit; real pairs by the limit of real strangers."""
    hard = float(np.quantile(scores[pairs.relation == HARD], 1 - FALSE))
    real = float(np.quantile(scores[pairs.relation == REAL_STRANGERS], 1 - FALSE))
    return {
        kind: (scores[pairs.relation == kind] > (real if kind == REAL_KIN else hard)).mean(1)
        for kind in (*JUDGED, *(s for s in STRANGERS if s != HARD), REAL_KIN)
    }


def _learned(groups: Array, pairs: Pairs) -> Array:
    """(pairs, draws) scores by logistic regression on the kinship of every group, (pairs, draws, groups).

    Learned from changed and imitated decoders against strangers of the nursery, of families that the pair has none of;
    pairs of real generators are judged by what all families teach. Relations weigh alike.
    """
    homes = sorted({f for fs, r in zip(pairs.families, pairs.relation, strict=True) if r == HARD for f in fs})
    first, second = (np.array([f[side] for f in pairs.families]) for side in (0, 1))
    kin = np.isin(pairs.relation, LEARNT_FROM)
    usable = kin | np.isin(pairs.relation, (HARD, *(s for s in STRANGERS if s not in (HARD, REAL))))
    weight = np.zeros(len(kin))
    for kind in set(pairs.relation[usable].tolist()):
        mine = pairs.relation == kind
        weight[mine] = 1 / mine.sum()

    @cache
    def fitted(out: frozenset[str]) -> Array:
        mine = usable & ~np.isin(first, list(out)) & ~np.isin(second, list(out))
        return _logistic(groups[mine], kin[mine], weight[mine])

    scores = np.empty(groups.shape[:2])
    for k, pair in enumerate(pairs.families):
        scores[k] = groups[k] @ fitted(frozenset(pair) & frozenset(homes))
    return scores


def _logistic(values: Array, kin: NDArray[np.bool_], weight: Array) -> Array:
    """Weights of a ridged logistic regression by Newton's method, (groups,); both classes weigh alike."""
    x = values.reshape(-1, values.shape[-1])
    x = np.column_stack([x, np.ones(len(x))])
    y = np.repeat(kin, values.shape[1]).astype(float)
    w = np.repeat(weight, values.shape[1])
    w = np.where(y > 0, w / w[y > 0].sum(), w / w[y == 0].sum()) * len(x) / 2
    beta = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        hessian = (x * (w * p * (1 - p))[:, None]).T @ x + RIDGE * np.eye(len(beta))
        beta = beta + np.linalg.solve(hessian, x.T @ (w * (y - p)) - RIDGE * beta)
    return beta[:-1]
