"""Weak fingerprints: how many images would do, and whether anything but the lattice tells kin.

Beside the lattice three traits of the residual are tried: the shape of its spectrum by rings, the covariance of its
colours, and its spectrum by direction. A set is the mean of its images, divided by the spread from image to image
within sets; two sets are as alike as their distance is small. The control: sets that were made from the same prompts by
unrelated generators. Where a trait calls those alike, it tells content and not descent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.frontier.statistics import STATISTICS, Space
from benchmarks.intervals import auc
from benchmarks.kinship import Bench, related
from difreg.lineage.background_builder import gather
from difreg.lineage.labelled import KIN_FAMILY
from difreg.registry import denoisers
from difreg.registry.images import open_crop
from difreg.registry.whitening import images_needed, template

Array = NDArray[np.float64]
SIZES = (5, 10, 20)
DRAWS = 24
RINGS, SECTORS = 16, 8
PROMPTS = "-dcsan"  # sets of one site, which gave the same prompts to every generator
TREES = ("waifu2x-upconv7photo", "waifu2x-upconv7art")


def figures(zoo: Path, seed: int = 0) -> Iterator[dict[str, object]]:
    """Reliability by images, waifu2x's trees, and other traits."""
    bench = Bench(gather(zoo))
    yield from _reliability(bench, seed)
    yield from _trees(bench, seed)
    yield from _traits(bench)


def _reliability(bench: Bench, seed: int) -> Iterator[dict[str, object]]:
    """Of every lossless set by number of images, and what ten images foretell of twenty (Spearman-Brown)."""
    rng = np.random.default_rng(seed)
    foretold = []
    for name, label in bench.lossless.items():
        whitening, _, _ = bench.yardstick(frozenset({label.cluster}))
        units = whitening.unit(bench.material.coefficients[name])
        found = {
            n: float(np.median([template(units[rng.permutation(20)[:n]]).reliability for _ in range(DRAWS)]))
            for n in SIZES
        }
        guess = 2 * found[10] / (1 + found[10])
        foretold.append((guess, found[20]))
        if found[20] < 0.7:
            yield {
                "measure": "weak, reliability",
                "set": name,
                "reliability": {str(n): round(v, 3) for n, v in found.items()},
                "foretold_at_20_from_10": round(guess, 3),
                "images_for_one_half": images_needed(found[20], 20),
                "images_for_four_fifths": images_needed(found[20], 20, 0.8),
            }
    error = np.array([b - a for a, b in foretold])
    yield {
        "measure": "weak, foretold",
        "sets": len(error),
        "mean_error": round(float(error.mean()), 3),
        "mean_absolute_error": round(float(abs(error).mean()), 3),
        "largest": round(float(abs(error).max()), 3),
    }


def _trees(bench: Bench, seed: int) -> Iterator[dict[str, object]]:
    """Pairs inside each tree of waifu2x against pairs of different trees, and against strangers of no line."""
    labels, values = bench.lossless, bench.material.coefficients
    line = [n for n, x in labels.items() if x.family.startswith("waifu2x")]
    inside = [(a, b) for a, b in combinations(line, 2) if labels[a].family == labels[b].family]
    across = [(a, b) for a, b in combinations(line, 2) if labels[a].family != labels[b].family]
    strangers = [(a, b) for a in line for b in labels if b not in line and not related(labels[a], labels[b])]
    for size in SIZES:
        rng = np.random.default_rng([seed, size])
        draws = DRAWS // 4 if size < 20 else 1
        for statistic in ("the product's", "sum over periods", "period 2"):
            masks = STATISTICS[statistic]

            def asked(a: str, b: str) -> float:
                out = frozenset({labels[a].cluster, labels[b].cluster})
                whitening, _, panel = bench.yardstick(out)
                picks = (rng.permutation(20)[:size] for _ in range(2))  # noqa: B023
                one, two = (values[n][p] for n, p in zip((a, b), picks, strict=True))
                return Space(whitening.weights, panel).kinship(one, two, masks)  # noqa: B023

            found = [
                np.array([asked(a, b) for a, b in some for _ in range(draws)]) for some in (inside, across, strangers)
            ]
            yield {
                "measure": "weak, waifu2x",
                "n": size,
                "statistic": statistic,
                "z_median": [round(float(np.median(f)), 2) for f in found],
                "auc_inside_against_across": round(auc(found[0], found[1]), 3),
                "auc_inside_against_strangers": round(auc(found[0], found[2]), 3),
                "auc_across_against_strangers": round(auc(found[1], found[2]), 3),
                "inside_above_99_of_strangers": round(float((found[0] > np.quantile(found[2], 0.99)).mean()), 3),
                "pairs": [len(inside), len(across), len(strangers)],
                "draws": draws,
            }


def _traits(bench: Bench) -> Iterator[dict[str, object]]:
    """Kin against strangers by each trait, and strangers that share prompts against other strangers."""
    names = list(bench.lossless)
    residuals = {n: _residuals(bench, n) for n in names}
    groups = _groups(bench, names)
    for trait, measure in TRAITS.items():
        sets = [np.stack([measure(r) for r in residuals[n]]) for n in names]
        spread = np.sqrt(sum(((s - s.mean(0)) ** 2).sum(0) for s in sets) / sum(len(s) - 1 for s in sets))
        means = np.stack([s.mean(0) for s in sets]) / spread
        apart = np.linalg.norm(means[:, None] - means[None], axis=-1)
        near = {group: np.array([-apart[a, b] for a, b in pairs]) for group, pairs in groups.items()}
        strangers = near["strangers"]
        yield {
            "measure": "weak, traits",
            "trait": trait,
            **{f"auc {g}": round(auc(v, strangers), 3) for g, v in near.items() if g != "strangers"},
            "pairs": {g: len(v) for g, v in near.items()},
        }


def _groups(bench: Bench, names: list[str]) -> dict[str, list[tuple[int, int]]]:
    out: dict[str, list[tuple[int, int]]] = {
        "kin of the large family": [],
        "inside a tree of waifu2x": [],
        "inside stylegan2-ffhq": [],
        "strangers that share prompts": [],
        "strangers": [],
    }
    for i, j in combinations(range(len(names)), 2):
        a, b = bench.lossless[names[i]], bench.lossless[names[j]]
        if a.family == b.family:
            if a.family == KIN_FAMILY and a.cluster != b.cluster:
                out["kin of the large family"].append((i, j))
            elif a.family in TREES:
                out["inside a tree of waifu2x"].append((i, j))
            elif a.family == "stylegan2-ffhq":
                out["inside stylegan2-ffhq"].append((i, j))
        elif not related(a, b):
            shared = names[i].endswith(PROMPTS) and names[j].endswith(PROMPTS)
            out["strangers that share prompts" if shared else "strangers"].append((i, j))
    return out


def _residuals(bench: Bench, name: str) -> list[Array]:
    noise = denoisers.get(bench.material.denoiser)
    files = [Path(i.file) for i in bench.material.generators[name].images]
    return [noise.residual(open_crop(f).tiles[0]) for f in files]


def _spectrum(residual: Array) -> tuple[Array, Array, Array]:
    """Power (256, 256) of all colours, without the lattice's frequencies; radius in cycles a pixel, and direction."""
    power = (abs(np.fft.fft2(residual)) ** 2).sum(0)
    y, x = np.meshgrid(*(np.fft.fftfreq(side) for side in power.shape), indexing="ij")
    power[:: power.shape[0] // 16, :: power.shape[1] // 16] = np.nan
    return power, np.hypot(x, y), np.arctan2(y, x) % np.pi


def _rings(residual: Array) -> Array:
    power, radius, _ = _spectrum(residual)
    return _binned(power, np.minimum((radius / 0.5 * RINGS).astype(int), RINGS), RINGS)


def _directions(residual: Array) -> Array:
    power, radius, angle = _spectrum(residual)
    place = (angle / np.pi * SECTORS).astype(int) % SECTORS + np.where(radius > 0.25, SECTORS, 0)
    return _binned(power, place, 2 * SECTORS)


def _binned(power: Array, place: NDArray[np.int64], bins: int) -> Array:
    logs = np.log([np.nanmean(power[place == k]) for k in range(bins)])
    out: Array = logs - logs.mean()
    return out


def _colours(residual: Array) -> Array:
    covariance = np.cov(residual.reshape(3, -1))
    values, vectors = np.linalg.eigh(covariance / np.trace(covariance))
    logs = (vectors * np.log(np.maximum(values, 1e-6))) @ vectors.T
    out: Array = logs[np.triu_indices(3)]
    return out


TRAITS: Mapping[str, Callable[[Array], Array]] = {
    "spectrum by rings": _rings,
    "spectrum by direction": _directions,
    "covariance of colours": _colours,
}
