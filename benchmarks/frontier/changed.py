"""Changed and imitated decoders: can another comparison find what was tuned by half, or distilled?

Pairs of the nursery, 8 images against 8 and against 20, of photographs that the two sides do not share. Found is what
lies above 99 of 100 strangers of the same architecture. Controls beside it: new decoders behind the same encoder, and
real generators, of which nothing was learned. All spaces are fitted to real generators; learned weights never saw
either family of the pair they judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.frontier.comparing import (
    DENOISERS,
    FALSE,
    JUDGED,
    REAL_KIN,
    REAL_STRANGERS,
    SIZES,
    Masks,
    Pairs,
    Side,
    all_pairs,
    greater,
    likeness_table,
    stacked,
    table,
)
from benchmarks.frontier.statistics import COLOURS, PERIODS, STATISTICS
from benchmarks.nursery.figures import family_interval
from benchmarks.nursery.relations import HARD, REAL, STRANGERS
from benchmarks.nursery.shelf import load
from difreg.lineage.background_builder import gather
from difreg.registry.whitening import coefficients

Array = NDArray[np.float64]
SUM = "sum of both residuals"
TRIED = ("the product's", "period 8", "sum over periods")
LEARNT_FROM = ("tuned 50 %", "tuned 100 %", "distilled")
GROUPS: Masks = [(p == PERIODS) & (c == COLOURS) for p in (2, 4, 8) for c in range(3)]
RIDGE = 1.0
STEPS = 12


def figures(zoo: Path, nursery: Path, seed: int = 0) -> Iterator[dict[str, object]]:
    """Shares found by statistic, and how much more than by the product's kinship, with either denoiser."""
    values = {}
    for denoiser in DENOISERS:
        material, grown = gather(zoo, denoiser=denoiser), load(nursery, denoiser)
        values[denoiser] = {**material.coefficients, **{n: coefficients(g.sketches) for n, g in grown.items()}}
    one, two = values.values()
    values[SUM] = {n: one[n] + two[n] for n in one}
    sides = {name: Side(grown, material, found) for name, found in values.items()}
    pairs = all_pairs(grown, material, sides[SUM].real)
    for sizes in SIZES:
        told = _statistics(sides, pairs, sizes, seed)
        bases = {
            "gain": _found(told[TRIED[0]], pairs),
            "gain_on_fast": _found(told[f"{TRIED[0]}, {DENOISERS[1]}"], pairs),
        }
        for name, scores in told.items():
            for kind, shares in _found(scores, pairs).items():
                families = [f for f, r in zip(pairs.families, pairs.relation, strict=True) if r == kind]
                gains = {key: (shares - base[kind]).tolist() for key, base in bases.items()}
                yield {
                    "measure": "changed",
                    "images": list(sizes),
                    "statistic": name,
                    "relation": kind,
                    "found": round(float(shares.mean()), 4),
                    "interval": family_interval(shares.tolist(), families),
                    **{key: round(float(np.mean(gain)), 4) for key, gain in gains.items()},
                    **{f"{key}_interval": family_interval(gain, families) for key, gain in gains.items()},
                    "pairs": len(shares),
                }


def _statistics(sides: Mapping[str, Side], pairs: Pairs, sizes: tuple[int, int], seed: int) -> dict[str, Array]:
    """(pairs, draws) of every statistic."""
    z = {d: {n: table(s, STATISTICS[n], pairs, sizes, seed) for n in TRIED} for d, s in sides.items()}
    told = {f"{name}{'' if d == DENOISERS[0] else ', ' + d}": z[d][name] for d in sides for name in TRIED}
    for name in TRIED:
        told[f"{name}, sum of both scores"] = sum(z[d][name] for d in DENOISERS) / np.sqrt(2)
    told["both denoisers in one cosine"] = stacked([sides[d] for d in DENOISERS], pairs, sizes, seed)
    for d in DENOISERS:
        told[f"likeness by period, {d}"] = likeness_table(sides[d], pairs, sizes, seed)
        told[f"the greater of the product's and likeness, {d}"] = greater(
            [z[d][TRIED[0]], told[f"likeness by period, {d}"]], pairs
        )
    both = [told[f"{name}, sum of both scores"] for name in (TRIED[0], TRIED[2])]
    told["the greater of both sums of both scores"] = greater(both, pairs)
    groups = {d: np.stack([table(sides[d], [m], pairs, sizes, seed) for m in GROUPS], -1) for d in DENOISERS}
    told["learned weights"] = _learned(groups[DENOISERS[0]], pairs)
    told["learned weights, both denoisers"] = _learned(np.concatenate(list(groups.values()), -1), pairs)
    return told


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
