"""From scored pairs to figures: kinship by relation, what is accepted, and what a given kinship most likely means.

Pairs of one family are not independent: every interval is a bootstrap over families.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.nursery.relations import HARD, SAME, STRANGERS
from benchmarks.nursery.scoring import Scored

Array = NDArray[np.float64]
Figure = dict[str, object]
REPLICATES = 500
EDGES = (-np.inf, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, np.inf)
KINDS = {  # what a kinship can mean, for the sentence of `compare`
    "same decoder": (SAME,),
    "tuned by up to a tenth": ("tuned 5 %", "tuned 10 %"),
    "tuned by half": ("tuned 50 %",),
    "distilled": ("distilled", "distilled, own encoder"),
    "strangers": STRANGERS,
}


def interval(pairs: Sequence[Scored], figure: Callable[[Scored], float], seed: int = 0) -> list[float]:
    """:func:`family_interval` of ``figure`` over pairs."""
    return family_interval([figure(p) for p in pairs], [p.families for p in pairs], seed)


def family_interval(values: Sequence[float], families: Sequence[tuple[str, str]], seed: int = 0) -> list[float]:
    """95 % interval of the mean of a value a pair, families drawn with replacement.

    A pair of two families weighs the product of their counts. With no family that fails it is degenerate: read the
    number of families beside it.
    """
    names = sorted({f for pair in families for f in pair})
    index = {f: k for k, f in enumerate(names)}
    one, two = (np.array([index[pair[side]] for pair in families]) for side in (0, 1))
    counts = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), REPLICATES)
    weights = np.where(one == two, counts[:, one], counts[:, one] * counts[:, two])
    total = weights.sum(1)
    means = (weights @ np.array(values))[total > 0] / total[total > 0]
    return [round(float(q), 4) for q in np.quantile(means, [0.025, 0.975])]


def relation_figures(pairs: Sequence[Scored]) -> Iterator[Figure]:
    """Kinship and acceptance by relation, strangers by what they share too."""
    groups: dict[str, list[Scored]] = {}
    for p in pairs:
        groups.setdefault(p.relation, []).append(p)
        if p.relation == HARD:
            groups.setdefault(f"{HARD}; {p.data}", []).append(p)
    strangers = np.concatenate([p.z for p in pairs if p.relation in STRANGERS])
    hard = np.concatenate([p.z for p in groups.get(HARD, [])] or [strangers])
    for name, members in groups.items():
        z = np.concatenate([p.z for p in members])
        yield {
            "measure": "relation",
            "relation": name,
            "pairs": len({frozenset((p.query, p.other)) for p in members}),
            "families": len({f for p in members for f in p.families}),
            "z": _rounded(np.quantile(z, [0.05, 0.5, 0.95])),
            "z_extremes": _rounded(np.quantile(z, [0, 0.01, 0.99, 0.999, 1])),
            "cosine": round(float(np.median(np.concatenate([p.cosine for p in members]))), 3),
            "accepted": _mean(members, _accepted),
            "accepted_interval": interval(members, _accepted),
            "reached": _mean(members, _reached),
            "reached_interval": interval(members, _reached),
            "not_judged": _mean(members, _not_judged),
            "accepted_of_judged": _of_judged(members),
            "above_99_of_strangers": round(float((z > np.quantile(strangers, 0.99)).mean()), 4),
            "above_99_of_hard": round(float((z > np.quantile(hard, 0.99)).mean()), 4),
        }


def decay_figures(pairs: Sequence[Scored], distances: dict[str, float]) -> Iterator[Figure]:
    """Kinship with the founder by weight distance, tuned and merged children."""
    edges = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 2.0)
    children = [p for p in pairs if p.relation.startswith(("tuned ", "grandchild", "merge and founder"))]
    far = np.array([max(distances[p.query], distances[p.other]) for p in children])
    for low, high in pairwise(edges):
        members = [p for p, d in zip(children, far, strict=True) if low <= d < high]
        if members:
            yield {
                "measure": "decay",
                "weight_distance": [low, high],
                "pairs": len({frozenset((p.query, p.other)) for p in members}),
                "families": len({f for p in members for f in p.families}),
                "z": _rounded(np.quantile(np.concatenate([p.z for p in members]), [0.05, 0.5, 0.95])),
                "cosine": round(float(np.median(np.concatenate([p.cosine for p in members]))), 3),
                "accepted": _mean(members, _accepted),
                "accepted_interval": interval(members, _accepted),
            }


def meaning_figures(pairs: Sequence[Scored]) -> Iterator[Figure]:
    """:func:`meaning` as figures."""
    yield from ({"measure": "meaning", **row} for row in meaning(pairs))


def meaning(pairs: Sequence[Scored]) -> Iterator[Figure]:
    """Of each bin of kinship: the share of every kind that lies there, and the kinds' shares if all were as frequent.

    Families count alike inside a kind, and the four likenesses of strangers do.
    """
    held = {kind: _spread(pairs, relations) for kind, relations in KINDS.items()}
    for k, (low, high) in enumerate(pairwise(EDGES)):
        inside = {kind: float(shares[k]) for kind, shares in held.items()}
        total = sum(inside.values())
        yield {
            "z": [None if np.isinf(low) else low, None if np.isinf(high) else high],
            "of_kind": {kind: round(v, 4) for kind, v in inside.items()},
            "of_bin": {kind: round(v / total, 4) for kind, v in inside.items()} if total else None,
        }


def _spread(pairs: Sequence[Scored], relations: tuple[str, ...]) -> Array:
    """Share of judged draws in each bin, (bins,), families and relations counting alike."""
    per_relation = []
    for name in relations:
        by_family: dict[tuple[str, ...], list[Array]] = {}
        for p in pairs:
            if p.relation == name:
                by_family.setdefault(tuple(sorted(p.families)), []).append(p.z[p.judged])
        bins = [np.histogram(np.concatenate(z), EDGES)[0] for z in by_family.values() if sum(map(len, z))]
        if bins:
            per_relation.append(np.mean([b / b.sum() for b in bins], 0))
    return np.mean(per_relation, 0) if per_relation else np.zeros(len(EDGES) - 1)


def _accepted(pair: Scored) -> float:
    return float(pair.accepted.mean())


def _reached(pair: Scored) -> float:
    return float(pair.reached.mean())


def _not_judged(pair: Scored) -> float:
    return float((~pair.judged).mean())


def _mean(pairs: Sequence[Scored], figure: Callable[[Scored], float]) -> float:
    return round(float(np.mean([figure(p) for p in pairs])), 4)


def _of_judged(pairs: Sequence[Scored]) -> float | None:
    judged = sum(int(p.judged.sum()) for p in pairs)
    return round(sum(int(p.accepted.sum()) for p in pairs) / judged, 4) if judged else None


def _rounded(values: Array) -> list[float]:
    return [round(float(v), 2) for v in values]
