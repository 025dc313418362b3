"""Kinship of compressed sets, with JPEG's directions left in and taken out: whether such pairs may be judged.

Ten images of a set are compressed and compared with the other ten images of every lossless set, and with ten compressed
images of the others. Whitening and panel are the shipped background's, which these sets helped to make.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.kinship import Bench
from benchmarks.robustness.table import HALF, file_paths, treated
from benchmarks.robustness.treatments import saved
from difreg.lineage.background_builder import gather
from difreg.lineage.calibration import calibration_at
from difreg.lineage.confounds import kinship_without
from difreg.lineage.kinship import threshold
from difreg.lineage.labelled import settled_pairs
from difreg.registry.background import Background

QUALITIES = (95, 90, 80)
TAKEN = (0, 1, 3)  # directions
SETS = (
    "sd14-chenke-reg",
    "ldm-libreai",
    "sd15-comfy-misc",
    "db-szu-dog",
    "cyclegan-blechn-horse2zebra_pretrained",
    "p2p-facades_label2photo-pretrained",
    "cyclegan-monet2face-GA",
    "dallemini-dcsan",
    "cyclegan-style_vangogh_pretrained",
    "w2x-upconv7art-scale",
)


def figures(zoo: Path, denoiser: str, seed: int) -> Iterator[dict[str, object]]:  # noqa: ARG001 - nothing is drawn
    """A line a quality, a number of directions taken out, and kind of pair."""
    bench = Bench(gather(zoo, denoiser=denoiser))
    background = bench.background(frozenset())
    kin = {frozenset((a, b)): k for a, b, k in settled_pairs(bench.material.labels)}
    whole = {n: background.whitening(s.sketches[HALF:]).mean(0) for n, s in bench.material.generators.items()}
    clean = {n: whole[n] / np.linalg.norm(whole[n]) for n in bench.lossless}
    for quality in QUALITIES:
        made = {n: treated(file_paths(bench, n)[:HALF], saved("JPEG", quality), background).direction for n in SETS}
        for taken in TAKEN:
            rows = np.linalg.svd(background.jpeg, full_matrices=False)[2][: max(taken, 1)] * (taken > 0)
            found: dict[str, list[float]] = {}
            for n in SETS:
                for m in clean:
                    kind = "itself" if m == n else _kind(kin.get(frozenset((n, m))))
                    found.setdefault(f"{kind}, other side lossless", []).append(
                        _kinship(made[n], clean[m], rows, background)
                    )
            for n, m in combinations(SETS, 2):
                kind = _kind(kin.get(frozenset((n, m))))
                found.setdefault(f"{kind}, both compressed", []).append(_kinship(made[n], made[m], rows, background))
            limit = threshold(calibration_at(background.calibrations, HALF))
            for pairs, z in sorted(found.items()):
                if not pairs.startswith("unsettled"):
                    yield {
                        "measure": "pairs",
                        "quality": quality,
                        "taken_out": taken,
                        "pairs": pairs,
                        "n": len(z),
                        "z": [round(float(v), 1) for v in np.quantile(z, [0, 0.5, 1])],
                        "accepted": round(float(np.mean(np.array(z) >= limit)), 3),
                    }


def _kind(kin: bool | None) -> str:
    return "unsettled" if kin is None else "kin" if kin else "unrelated"


def _kinship(
    one: NDArray[np.float64], two: NDArray[np.float64], rows: NDArray[np.float64], background: Background
) -> float:
    return float(kinship_without(one, two[None], rows, background)[0])
