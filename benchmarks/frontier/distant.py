"""Distant kin: StyleGAN2's FFHQ and what was tuned from it, and Stable Diffusion 2.1 beside the 1.x line.

Found is what lies above 99 of 100 pairs of unrelated generators at the same number of images; sources of both sides are
left out of the whitening and the panel.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.frontier.statistics import STATISTICS, Space
from benchmarks.kinship import Bench
from difreg.lineage.background_builder import gather
from difreg.lineage.labelled import KIN_FAMILY, settled_pairs
from difreg.registry.extraction import extract
from difreg.registry.images import AREAS
from difreg.registry.whitening import coefficients

Array = NDArray[np.float64]
TRIO = ("sg2-ffhq-xinyiff", "sg2ada-ffhq-agegan", "sg2ada-metfaces-cxa")
DISTANT = {"sd21": "Stable Diffusion 2.1", "glide": "GLIDE, kin of nobody here"}
DRAWS = 12
DENOISERS = ("wavelet-1", "periodic-fast-1")


def figures(zoo: Path, seed: int = 0) -> Iterator[dict[str, object]]:
    """StyleGAN2's three pairs, and Stable Diffusion 2.1, by denoiser and statistic."""
    for denoiser in DENOISERS:
        bench = Bench(gather(zoo, denoiser=denoiser))
        for row in (*_trio(bench, seed), *_second(bench, zoo, denoiser, seed)):
            yield {**row, "denoiser": denoiser}


def _space(bench: Bench, *names: str) -> Space:
    out = frozenset(bench.material.labels[n].cluster for n in names)
    whitening, _, panel = bench.yardstick(out)
    return Space(whitening.weights, panel)


def _trio(bench: Bench, seed: int) -> Iterator[dict[str, object]]:
    values = bench.material.coefficients
    strangers = [(a, b) for a, b, kin in settled_pairs(bench.material.labels) if not kin]
    kin = [(a, b) for k, a in enumerate(TRIO) for b in TRIO[k + 1 :]]
    for size in (10, 20):
        rng = np.random.default_rng([seed, size])
        draws = DRAWS if size < 20 else 1
        for name, masks in STATISTICS.items():
            found = {
                pair: [
                    _space(bench, *pair).kinship(*(values[n][rng.permutation(20)[:size]] for n in pair), masks)
                    for _ in range(draws)
                ]
                for pair in (*kin, *strangers)
            }
            null = np.concatenate([found[p] for p in strangers])
            limit = float(np.quantile(null, 0.99))
            for pair in kin:
                z = np.array(found[pair])
                yield {
                    "measure": "distant, pairs",
                    "pair": " ~ ".join(pair),
                    "n": size,
                    "statistic": name,
                    "z": round(float(np.median(z)), 2),
                    "limit": round(limit, 2),
                    "found": round(float((z > limit).mean()), 3),
                    "strangers_above": round(float((null >= np.median(z)).mean()), 4),
                    "strangers": len(strangers),
                    "draws": draws,
                }


def _second(bench: Bench, zoo: Path, denoiser: str, seed: int) -> Iterator[dict[str, object]]:
    """Ten images of each, at their centre and whole, against every set of the 1.x line and against all of them as one.

    Strangers are the panel's generators, ten images each, against the same.
    """
    values = bench.material.coefficients
    line = [n for n, x in bench.lossless.items() if x.family == KIN_FAMILY]
    others = bench.material.panel_names()
    whole_line = np.concatenate([values[n] for n in line])
    rng = np.random.default_rng([seed, 10])
    drawn = {n: [values[n][rng.permutation(20)[:10]] for _ in range(DRAWS)] for n in others}
    for statistic in ("the product's", "sum over periods"):
        masks = STATISTICS[statistic]
        alone = np.array([_space(bench, a, b).kinship(drawn[a][0], values[b], masks) for a in others for b in line])
        pooled = [[_space(bench, a, *line).kinship(d, whole_line, masks) for d in drawn[a]] for a in others]
        # Whole images are less noisy than centres: so twice as many centres beside them.
        twice = [_space(bench, a, *line).kinship(values[a], whole_line, masks) for a in others]
        limits = [float(np.quantile(null, 0.99)) for null in (alone, pooled)]
        for area in AREAS:
            for name, title in DISTANT.items():
                asked = coefficients(
                    extract([zoo / "dif-samples" / name / "1_fake"], denoiser=denoiser, area=area).sketches
                )
                z = np.array([_space(bench, b).kinship(asked, values[b], masks) for b in line])
                as_one = _space(bench, *line).kinship(asked, whole_line, masks)
                yield {
                    "measure": "distant, second generation",
                    "set": title,
                    "n": len(asked),
                    "area": area,
                    "statistic": statistic,
                    "z": [round(float(q), 2) for q in np.quantile(z, [0, 0.5, 1])],
                    "limit": round(limits[0], 2),
                    "found": round(float((z > limits[0]).mean()), 3),
                    "z_of_the_line_as_one": round(as_one, 2),
                    "limit_as_one": round(limits[1], 2),
                    "strangers_above_as_one": round(float((np.array(pooled) >= as_one).mean()), 4),
                    "strangers_of_20_highest": round(max(twice), 2),
                    "strangers": len(others),
                }
