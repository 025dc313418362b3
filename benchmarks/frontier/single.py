"""One image: what a trace of it alone finds, and whether its probabilities can be trusted.

Every image of every set is asked about by itself, left out of its own set, with its source left out of the background:
once with all other sets registered, once without its relatives. Whole images are those of the paper's samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.kinship import Bench, families_once, named, related
from difreg.lineage.background_builder import gather
from difreg.lineage.detecting import detect
from difreg.lineage.labelled import KIN_FAMILY
from difreg.registry.background import Background
from difreg.registry.extraction import ImageSet, extract
from difreg.registry.images import AREAS
from difreg.registry.profiles import Profile, profile

Array = NDArray[np.float64]
BINS = (0, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.01)
REPLICATES = 500
SAMPLES = {"sd14": True, "mj": True, "sd21": False, "glide": False}  # whether of the 1.x line
FALSE = 0.01


def figures(zoo: Path, seed: int = 0) -> Iterator[dict[str, object]]:
    """Images of the collection, then whole ones."""
    bench = Bench(gather(zoo))
    yield from _collection(bench, seed)
    yield from _samples(bench, zoo)


def _collection(bench: Bench, seed: int) -> Iterator[dict[str, object]]:
    labels = bench.material.labels
    asked: list[tuple[str, str, Array, Array]] = []  # cluster, family, (P, right) with all, P without relatives
    for name, label in bench.lossless.items():
        background = bench.background(frozenset({label.cluster}))
        members = [named(n, s, background) for n, s in bench.material.generators.items()]
        query = next(m for m in members if m.name == name)
        table = families_once(label.cluster, members, "singles")
        told = detect(query, [""] * len(query), members, table, 0.5)
        right = [labels[t.scores[0].generator].family == label.family for t in told]
        others = [m for m in members if not related(label, labels[m.name])]
        alone = detect(query, [""] * len(query), others, families_once(name, others, "alone"), 0.5)
        both = np.array([[t.probability, r] for t, r in zip(told, right, strict=True)])
        asked.append((label.cluster, label.family, both, np.array([t.probability for t in alone])))
    photographs = _photographs(bench)
    for which in ("all", KIN_FAMILY, "others"):
        rows = [r for r in asked if which == "all" or (r[1] == KIN_FAMILY) == (which == KIN_FAMILY)]
        yield {"measure": "single, trace", "sets": which, **_summary(rows, photographs, seed)}
    yield {"measure": "single, reliability", "diagram": _diagram(asked)}


def _photographs(bench: Bench) -> Array:
    background = bench.background(frozenset())
    members = [named(n, s, background) for n, s in bench.material.generators.items()]
    make = named("photographs", bench.material.make, background)
    table = families_once("", members, "singles")
    return np.array([t.probability for t in detect(make, [""] * len(make), members, table, 0.5)])


def _summary(rows: Sequence[tuple[str, str, Array, Array]], photographs: Array, seed: int) -> dict[str, object]:
    def found(chosen: Sequence[tuple[str, str, Array, Array]]) -> tuple[float, float, float]:
        kin, none = np.concatenate([r[2] for r in chosen]), np.concatenate([r[3] for r in chosen])
        limit = np.quantile(none, 1 - FALSE)
        return (
            float(((kin[:, 0] > limit) & (kin[:, 1] > 0)).mean()),
            float(((kin[:, 0] >= 0.95) & (kin[:, 1] > 0)).mean()),
            float(((kin[:, 0] >= 0.95) & (kin[:, 1] == 0)).mean()),
        )

    clusters = sorted({r[0] for r in rows})
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(REPLICATES):
        picked = rng.choice(clusters, len(clusters)).tolist()
        drawn.append(found([r for c in picked for r in rows if r[0] == c]))
    low, high = np.quantile(np.array(drawn), [0.025, 0.975], axis=0)
    value = found(rows)
    keys = ("right_at_1_percent_false", "right_at_95", "wrong_at_95")
    none = np.concatenate([r[3] for r in rows])
    return {
        "images": sum(len(r[2]) for r in rows),
        "clusters": len(clusters),
        **{k: round(v, 4) for k, v in zip(keys, value, strict=True)},
        **{f"{k}_interval": [round(float(a), 4), round(float(b), 4)] for k, a, b in zip(keys, low, high, strict=True)},
        "strangers_at_95": int((none >= 0.95).sum()),
        "strangers": len(none),
        "photographs_at_95": int((photographs >= 0.95).sum()),
        "photographs": len(photographs),
    }


def _diagram(rows: Sequence[tuple[str, str, Array, Array]]) -> list[list[float]]:
    """By bin of the family's probability: its mean, the share that is of that family, and how many images, those
    with relatives registered and those without counting alike."""
    told = np.concatenate([*(r[2][:, 0] for r in rows), *(r[3] for r in rows)])
    true = np.concatenate([*(r[2][:, 1] for r in rows), *(np.zeros(len(r[3])) for r in rows)])
    out = []
    for low, high in pairwise(BINS):
        mine = (told >= low) & (told < high)
        if mine.any():
            out.append([round(float(told[mine].mean()), 3), round(float(true[mine].mean()), 3), int(mine.sum())])
    return out


def _samples(bench: Bench, zoo: Path) -> Iterator[dict[str, object]]:
    """Images of 512 pixels and more by their centre and by their whole area."""
    background = bench.background(frozenset())
    members = [named(n, s, background) for n, s in bench.material.generators.items()]
    table = families_once("", members, "singles")
    line = {table.get(n, n) for n, x in bench.lossless.items() if x.family == KIN_FAMILY}
    for sample, kin in SAMPLES.items():
        for area in AREAS:
            query = _asked(extract([zoo / "dif-samples" / sample / "1_fake"], area=area), background)
            told = detect(query, [""] * len(query), members, table, 0.5)
            sure = [t for t in told if t.probability >= 0.95]
            yield {
                "measure": "single, whole images",
                "set": sample,
                "of_the_line": kin,
                "area": area,
                "images": len(told),
                "attributed_to_the_line": sum(t.family in line for t in sure),
                "attributed_elsewhere": sum(t.family not in line for t in sure),
                "probability": [round(t.probability, 3) for t in told],
            }


def _asked(images: ImageSet, background: Background) -> Profile:
    contents = tuple(i.content for i in images.images)
    return profile("query", contents, images.sketches, background, tiles=images.tiles, histories=images.histories)
