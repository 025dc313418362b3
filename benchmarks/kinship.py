"""How well kinship tells kin from strangers, and traces find families, on a labelled collection of real generators.

Nothing that is fitted sees what it is judged on: for every pair the clusters (sources) of both sets are left out of the
whitening, the panel and the calibration; for a trace the query's. One JSON line a figure.

    python -m benchmarks.kinship --zoo ../shared/zoo
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.statistics import cluster_interval, eer, tpr_at
from difreg.lineage.background_builder import Material, assemble, calibrate, gather, yardstick
from difreg.lineage.calibration import calibration_at, cllr, log_likelihood_ratio
from difreg.lineage.detecting import detect
from difreg.lineage.families import Edge, communities
from difreg.lineage.kinship import ACCEPTANCE, kinships, probability
from difreg.lineage.kinship import pairwise as kinship_matrix
from difreg.lineage.labelled import KIN_FAMILY, Label, settled_pairs
from difreg.lineage.tracing import trace
from difreg.registry.background import Background, Calibration
from difreg.registry.extraction import ImageSet
from difreg.registry.fingerprints import panel_scale
from difreg.registry.profiles import Profile, profile
from difreg.registry.whitening import template

Array = NDArray[np.float64]
SIZES = (1, 2, 4, 8, 16)
BINS = (0, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.01)
RATE = 0.05


class Bench:
    """A collection with what is fitted without given clusters."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self.lossless = {n: x for n, x in material.labels.items() if x.lossless}
        self.yardstick = cache(lambda out: yardstick(material, out))
        self.calibrations = cache(self._calibrations)
        self.background = cache(self._background)

    def _calibrations(self, out: frozenset[str]) -> tuple[Calibration, ...]:
        whitening, _, panel = self.yardstick(out)
        return calibrate(self.material, whitening, panel, out)

    def _background(self, out: frozenset[str]) -> Background:
        return assemble(self.material, out, self.calibrations(out))

    def picks(self, size: int, draws: int, seed: int) -> dict[str, list[NDArray[np.int64]]]:
        """Image indices of each draw of each set."""
        rng = np.random.default_rng([seed, size])
        return {n: [rng.permutation(len(s))[:size] for _ in range(draws)] for n, s in self.material.generators.items()}


def pair_scores(
    bench: Bench, size: int, draws: int, seed: int, always_out: frozenset[str] = frozenset()
) -> tuple[list[tuple[str, str, bool]], Array, Array]:
    """Settled pairs with their kinship and log likelihood ratio, (pairs, draws) each, clusters of both left out."""
    picks = bench.picks(size, draws, seed)
    pairs = list(settled_pairs(bench.material.labels))
    z, ratios = np.empty((2, len(pairs), draws))
    for k, (one, two, _) in enumerate(pairs):
        out = always_out | {bench.lossless[one].cluster, bench.lossless[two].cluster}
        whitening, _, panel = bench.yardstick(out)
        for d in range(draws):
            units = [whitening.unit(bench.material.coefficients[n][picks[n][d]]) for n in (one, two)]
            directions = np.stack([template(u).direction for u in units])
            z[k, d] = kinship_matrix(directions, panel_scale(directions, panel))[0, 1]
        ratios[k] = log_likelihood_ratio(z[k], calibration_at(bench.calibrations(out), size))
    return pairs, z, ratios


def pair_figures(
    bench: Bench, sizes: Sequence[int], draws: int, seed: int, family: str = ""
) -> Iterator[dict[str, object]]:
    """TPR at 1 % FPR, EER, Cllr and what is accepted by number of images a set, and the probabilities' error.

    Parameters
    ----------
    family
        Whose clusters nothing fitted may see, whatever the pair; none where empty.
    """
    always_out = frozenset(x.cluster for x in bench.lossless.values() if x.family == family)
    for size in sizes:
        pairs, z, ratios = pair_scores(bench, size, draws, seed, always_out)
        kin = np.array([k for *_, k in pairs])
        clusters = [(bench.lossless[a].cluster, bench.lossless[b].cluster) for a, b, _ in pairs]
        yes, no = z[kin].ravel(), z[~kin].ravel()
        yield {
            "measure": "pairs",
            "n": size,
            "never_seen": family,
            "tpr_at_1_fpr": round(tpr_at(yes, no), 4),
            "tpr_interval": _rounded(cluster_interval(tpr_at, z, kin, clusters)),
            "eer": round(eer(yes, no), 4),
            "eer_interval": _rounded(cluster_interval(eer, z, kin, clusters)),
            "cllr": round(cllr(ratios[kin].ravel(), ratios[~kin].ravel()), 4),
            "accepted_kin": round(float((probability(ratios[kin]) >= ACCEPTANCE).mean()), 4),
            "accepted_unrelated": round(float((probability(ratios[~kin]) >= ACCEPTANCE).mean()), 5),
            **diagram(probability(ratios), kin),
            "kin_z": _rounded(np.quantile(yes, [0, 0.01, 0.5])),
            "unrelated_z": _rounded(np.quantile(no, [0.5, 0.99, 1])),
            "kin_pairs": int(kin.sum()),
            "unrelated_pairs": int((~kin).sum()),
            "clusters": len({c for pair in clusters for c in pair}),
            "draws": draws,
        }


def diagram(chances: Array, kin: NDArray[np.bool_]) -> dict[str, object]:
    """Reliability diagram at prior 1/2: by bin the mean probability, the share of kin and how many; and the error.

    The expected calibration error is the mean over bins of how far the two lie apart, weighed by the bins' size.
    """
    weight = np.where(kin, 1 / kin.sum(), 1 / (~kin).sum())[:, None] * np.ones_like(chances) / chances.shape[1] / 2
    truth = np.broadcast_to(kin[:, None], chances.shape)
    rows, error = [], 0.0
    for low, high in pairwise(BINS):
        mine = (chances >= low) & (chances < high)
        held = weight[mine]
        if held.size:
            told, found = (float(np.average(x[mine], weights=held)) for x in (chances, truth))
            rows.append([round(told, 4), round(found, 4), int(mine.sum())])
            error += float(held.sum()) * abs(told - found)
    return {"diagram": rows, "ece": round(error, 4)}


def significance_figures(bench: Bench, sizes: Sequence[int], draws: int, seed: int) -> Iterator[dict[str, object]]:
    """Each lossless set asked about all others: false discoveries among those of q at most .05, and power."""
    for size in sizes:
        picks = bench.picks(size, draws, seed)
        false: list[float] = []
        found = wanted = small = unrelated = 0
        for name, label in bench.lossless.items():
            background = bench.background(frozenset({label.cluster}))
            others = [named(n, s, background) for n, s in bench.material.generators.items() if n != name]
            others = [m for m in others if bench.material.labels[m.name].lossless]
            kin = [bench.material.labels[m.name].family == label.family == KIN_FAMILY for m in others]
            settled = [k or not related(label, bench.material.labels[m.name]) for k, m in zip(kin, others, strict=True)]
            for d in range(draws):
                query = named("query", bench.material.generators[name], background, picks[name][d])
                told = [
                    (k, row)
                    for k, ok, row in zip(kin, settled, kinships(query, others), strict=True)
                    if ok and row.judged
                ]
                hits = [k for k, row in told if row.q_value <= RATE]
                false.append(sum(not k for k in hits) / max(len(hits), 1))
                found, wanted = found + sum(hits), wanted + sum(k for k, _ in told)
                strange = [row.p_value for k, row in told if not k]
                small, unrelated = small + sum(p <= RATE for p in strange), unrelated + len(strange)
        yield {
            "measure": "significance",
            "n": size,
            "fdr_at_q_05": round(float(np.mean(false)), 4),
            "power": round(found / max(wanted, 1), 4),
            "unrelated_p_below_05": round(small / max(unrelated, 1), 4),
            "queries": len(false),
        }


def named(name: str, images: ImageSet, background: Background, picks: NDArray[np.int64] | None = None) -> Profile:
    """Profile of a set, or of some of its images."""
    rows = np.arange(len(images)) if picks is None else picks
    contents = tuple(images.images[r].content for r in rows)
    return profile(name, contents, images.sketches[rows], background)


def families_of(members: Sequence[Profile]) -> dict[str, str]:
    """Family of each member that has one, found as the product finds it."""
    edges = [
        Edge(a.name, b.name, k.probability, 1.0)
        for i, a in enumerate(members)
        for b, k in zip(members[i + 1 :], kinships(a, members[i + 1 :]), strict=True)
        if k.accepted
    ]
    return {m: c.name for c in communities(edges) for m in c.members}


def trace_figures(bench: Bench, sizes: Sequence[int], draws: int, seed: int) -> Iterator[dict[str, object]]:
    """Every lossless set traced in turn: with its relatives registered, and with none."""
    for size in sizes:
        picks = bench.picks(size, draws, seed)
        kin: list[str] = []
        none: list[str] = []
        intruders = 0
        photographs: list[str] = []
        for name, label in bench.lossless.items():
            background = bench.background(frozenset({label.cluster}))
            everyone = [named(n, s, background) for n, s in bench.material.generators.items() if n != name]
            strangers = [m for m in everyone if not related(label, bench.material.labels[m.name])]
            for d in range(draws):
                query = named("query", bench.material.generators[name], background, picks[name][d])
                none.append(trace(query, strangers, families_once(name, strangers, "none"), doubt=False).verdict)
                if label.family == KIN_FAMILY:
                    found = trace(query, everyone, families_once(name, everyone, "all"), doubt=False)
                    right = found.verdict == "kin" and found.family in _families(bench, name, everyone)
                    kin.append("kin" if right else found.verdict)
                    intruders += found.verdict == "kin" and not right
        photographs = list(_photographs(bench, size, draws, seed))
        yield {
            "measure": "trace",
            "n": size,
            "recall": _share(kin, "kin"),
            "kin_queries": len(kin),
            "wrong_family": intruders,
            "false_kin": _share(none, "kin"),
            "none_queries": len(none),
            "insufficient_where_kin": _share(kin, "insufficient"),
            "insufficient_where_none": _share(none, "insufficient"),
            "photographs_kin": sum(v == "kin" for v in photographs),
            "photograph_queries": len(photographs),
            "draws": draws,
        }


_FAMILIES: dict[tuple[str, str], dict[str, str]] = {}


def families_once(name: str, members: Sequence[Profile], which: str) -> dict[str, str]:
    """:func:`families_of`, once a held-out set."""
    if (name, which) not in _FAMILIES:
        _FAMILIES[name, which] = families_of(members)
    return _FAMILIES[name, which]


def _families(bench: Bench, name: str, members: Sequence[Profile]) -> set[str]:
    """Families in which members of the large family are."""
    table = families_once(name, members, "all")
    return {table.get(m.name, m.name) for m in members if bench.material.labels[m.name].family == KIN_FAMILY}


def related(one: Label, two: Label) -> bool:
    """Whether a set must leave the registry for the other to be a stranger: its family, or its line."""
    line = one.family.startswith("waifu2x") and two.family.startswith("waifu2x")
    return one.family == two.family or line


def _photographs(bench: Bench, size: int, draws: int, seed: int) -> Iterator[str]:
    """Verdicts on draws of the photographs of *test*, a source at a time, against all generators."""
    background = bench.background(frozenset())
    members = [named(n, s, background) for n, s in bench.material.generators.items()]
    table = families_once("", members, "photographs")
    test = bench.material.test
    sources = np.array([Path(i.file).parent.name for i in test.images])
    rng = np.random.default_rng([seed, size, 1])
    for source in sorted(set(sources)):
        rows = np.flatnonzero(sources == source)
        picks: Iterable[NDArray[np.int64]] = [rng.permutation(rows)[:size] for _ in range(draws)]
        for rows_ in (*picks, rows):
            yield trace(named("query", test, background, rows_), members, table, doubt=False).verdict


def reliability_figures(bench: Bench) -> Iterator[dict[str, object]]:
    """Reliability of each set, all its images, under the background from all clusters."""
    whitening, _, _ = bench.yardstick(frozenset())
    for name, values in bench.material.coefficients.items():
        yield {
            "measure": "reliability",
            "set": name,
            "n": len(values),
            "reliability": round(template(whitening.unit(values)).reliability, 3),
        }


def family_figures(bench: Bench, halves: int, seed: int) -> Iterator[dict[str, object]]:
    """Families of the whole collection, and of random halves of the images of every set."""
    background = bench.background(frozenset())
    rng = np.random.default_rng([seed, 2])
    runs: list[list[NDArray[np.int64]] | None] = [None]
    sets = bench.material.generators
    runs += [[rng.permutation(len(s))[: len(s) // 2] for s in sets.values()] for _ in range(halves)]
    recalls, intruders, false_edges = [], [], []
    for run in runs:
        members = [named(n, s, background, None if run is None else run[k]) for k, (n, s) in enumerate(sets.items())]
        table = families_of(members)
        core = [n for n, x in bench.lossless.items() if x.family == KIN_FAMILY]
        homes = [table.get(n, n) for n in core]
        home = max(set(homes), key=homes.count)
        recalls.append(homes.count(home) / len(core))
        intruders.append(sum(f == home and bench.material.labels[n].family != KIN_FAMILY for n, f in table.items()))
        false_edges.append(
            sum(
                k.accepted and not related(bench.material.labels[a.name], bench.material.labels[b.name])
                for i, a in enumerate(members)
                for b, k in zip(members[i + 1 :], kinships(a, members[i + 1 :]), strict=True)
            )
        )
    yield {
        "measure": "families",
        "recall": recalls[0],
        "intruders": intruders[0],
        "false_edges": false_edges[0],
        "halves": halves,
        "halves_recall_least": min(recalls[1:]),
        "halves_intruders": sum(intruders[1:]),
        "halves_false_edges": sum(false_edges[1:]),
    }


def single_figures(bench: Bench) -> Iterator[dict[str, object]]:
    """``detect`` of every image, left out of its own set; the same with its relatives taken out; of *make* photographs.

    The cluster of the set that is asked about is left out of the background.
    """
    labels = bench.material.labels
    right = wrong = strangers = total = 0
    for name, label in labels.items():
        background = bench.background(frozenset({label.cluster}))
        members = [named(n, s, background) for n, s in bench.material.generators.items()]
        table = families_once(label.cluster, members, "singles")
        query = next(m for m in members if m.name == name)
        total += len(query)
        for image in detect(query, [""] * len(query), members, table, 0.5):
            if image.generated and image.generator:
                same = table.get(image.generator, image.generator) == table.get(name, name)
                right, wrong = right + same, wrong + (not same)
        others = [m for m in members if not related(label, labels[m.name])]
        strangers += sum(bool(i.generated) for i in detect(query, [""] * len(query), others, table, 0.5))
    background = bench.background(frozenset())
    members = [named(n, s, background) for n, s in bench.material.generators.items()]
    table = families_once("", members, "singles")
    make = named("photographs", bench.material.make, background)
    photographs = sum(bool(i.generated) for i in detect(make, [""] * len(make), members, table, 0.5))
    yield {
        "measure": "single images",
        "n": total,
        "right_family": right,
        "wrong_family": wrong,
        "attributed_without_relatives": strangers,
        "photographs": len(make),
        "photographs_attributed": photographs,
    }


def _share(verdicts: Sequence[str], which: str) -> float:
    return round(sum(v == which for v in verdicts) / max(len(verdicts), 1), 4)


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(float(v), 3) for v in values]


def main() -> None:
    """Print one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True, help="labelled collection: generators/, photos/, truth.csv")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--halves", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--denoiser", default="wavelet-1")
    told = parser.parse_args()
    bench = Bench(gather(told.zoo, denoiser=told.denoiser))
    common = {"benchmark": "kinship", "denoiser": told.denoiser, "seed": told.seed}
    for figures in (
        pair_figures(bench, SIZES, told.draws, told.seed),
        pair_figures(bench, SIZES, told.draws, told.seed, KIN_FAMILY),
        significance_figures(bench, SIZES[2:], told.draws, told.seed),
        trace_figures(bench, SIZES[2:], told.draws, told.seed),
        family_figures(bench, told.halves, told.seed),
        single_figures(bench),
        reliability_figures(bench),
    ):
        for figure in figures:
            print(json.dumps({**common, **figure}), flush=True)


if __name__ == "__main__":
    main()
