"""Boundary artefacts: what the residual towards an image's border says of its origin, alone and beside the lattice.

Whole images alone: ``originals/`` and ``dif-samples/`` of the collection. A generator's images are told from the
photographs by the leave-one-out score of the lattice fingerprint, by a linear discriminant of the border, and by the
sum of both. Each image is scored by what the others gave; photographs are split in halves, one to learn from and one
to be told from, the other way round as well. One JSON line a figure.

    python -m benchmarks.borders --zoo ../shared/zoo
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.intervals import REPLICATES, auc
from difreg.lineage.portrait import summarised
from difreg.registry import denoisers, intervals
from difreg.registry.borders import Border, border
from difreg.registry.detection import Noise, correlations
from difreg.registry.extraction import sketch_crop
from difreg.registry.images import find, open_crop, open_whole

Array = NDArray[np.float64]
BANDS = (0, 1, 2, 4, 8, 16, 32, 64)  # pixels from the edge; within a band the profile is averaged
GENERATORS = {
    "sd14": ("dif-samples/sd14/1_fake", "originals/sd14-chenke-reg"),
    "ldm": ("originals/ldm-libreai",),
    "sd21": ("dif-samples/sd21/1_fake",),
    "mj": ("dif-samples/mj/1_fake",),
    "glide": ("dif-samples/glide/1_fake",),
}
PHOTOGRAPHS = ("dif-samples/*/0_real", "originals/real-bsds500")


def measured(zoo: Path, patterns: Sequence[str], denoiser: str) -> tuple[Array, list[Border]]:
    """Sketches (n, 3, 16, 16) and borders of the images in some folders, those whose pixels come twice once."""
    made = denoisers.get(denoiser)
    sketches, borders, seen = [], [], set[str]()
    with made.calm():
        for path in find(folder for pattern in patterns for folder in sorted(zoo.glob(pattern))):
            crop = open_crop(path)
            found, own = sketch_crop(crop, denoiser), border(open_whole(path), made.residual)
            if crop.content in seen or found is None or own is None:
                continue
            seen.add(crop.content)
            sketches.append(found)
            borders.append(own)
    return np.stack(sketches), borders


def features(borders: Sequence[Border]) -> Array:
    """(n, 14) logarithm of the energy, and mean, by bands of distance, mean over the four edges."""
    log = np.stack([np.log(np.maximum(b.energy, 1e-12)).mean(0) for b in borders])
    value = np.stack([b.value.mean(0) for b in borders])
    parts = [x[:, a:b].mean(1) for x in (log, value) for a, b in pairwise(BANDS)]
    return np.stack(parts, 1)


def border_scores(own: Array, learnt: Array, asked: Array) -> tuple[Array, Array]:
    """Scores of the generator's images, each left out, and of other photographs, on the scale of ``learnt``.

    Fisher's discriminant in the noise of photographs, shrunk half-way as the detector's is.
    """
    centre, spread = learnt.mean(0), learnt.std(0, ddof=1)
    own, learnt, asked = ((x - centre) / spread for x in (own, learnt, asked))
    noise = Noise.of(learnt[:, None, :, None])

    def scored(template: Array, rows: Array) -> Array:
        direction = noise.matched(template[None, :, None])[0, :, 0]
        base = learnt @ direction
        out: Array = (rows @ direction - base.mean()) / base.std(ddof=1)
        return out

    mine = [scored(np.delete(own, k, 0).mean(0), own[k : k + 1])[0] for k in range(len(own))]
    return np.array(mine), scored(own.mean(0), asked)


def lattice_scores(own: Array, learnt: Array, asked: Array) -> tuple[Array, Array]:
    """The same for the detector of the lattice fingerprint, learnt from these photographs alone."""
    centre, noise = learnt.mean(0), Noise.of(learnt)

    def scored(images: Array, rows: Array) -> Array:
        detector = noise.matched(images.mean(0) - centre)[None]
        base = correlations(detector, learnt)[0]
        out: Array = (correlations(detector, rows)[0] - base.mean()) / base.std(ddof=1)
        return out

    mine = [scored(np.delete(own, k, 0), own[k : k + 1])[0] for k in range(len(own))]
    return np.array(mine), scored(own, asked)


def figures(zoo: Path, denoiser: str) -> Iterator[dict[str, object]]:
    """Profiles, and AUC of border, lattice and their sum."""
    photo_sketches, photo_borders = measured(zoo, PHOTOGRAPHS, denoiser)
    yield _profile("photographs", photo_borders, denoiser)
    photos = features(photo_borders)
    halves = np.random.default_rng(0).permutation(len(photos)) % 2
    sums = []
    for name, folders in GENERATORS.items():
        sketches, borders = measured(zoo, folders, denoiser)
        yield _profile(name, borders, denoiser)
        own = features(borders)
        # Each half of the photographs is told from the images by what the other half gave.
        runs = [
            (border_scores(own, photos[halves == h], photos[halves != h]),
             lattice_scores(sketches, photo_sketches[halves == h], photo_sketches[halves != h]))
            for h in (0, 1)
        ]  # fmt: skip
        kinds = {
            "border": [b for b, _ in runs],
            "lattice": [x for _, x in runs],
            "both": [(b[0] + x[0], b[1] + x[1]) for b, x in runs],
        }
        found = {kind: float(np.mean([auc(*run) for run in pairs])) for kind, pairs in kinds.items()}
        gain = _gain(kinds["lattice"], kinds["both"])
        sums.append([found[k] for k in kinds])
        yield {
            "measure": "border",
            "denoiser": denoiser,
            "generator": name,
            "n": len(own),
            "photographs": len(photos),
            **{f"auc_{k}": round(v, 4) for k, v in found.items()},
            **{
                f"auc_{k}_interval": [round(x, 3) for x in intervals.auc(v, len(own), len(photos))]
                for k, v in found.items()
            },
            "gain": round(found["both"] - found["lattice"], 4),
            "gain_interval": gain,
        }
    yield {
        "measure": "border",
        "denoiser": denoiser,
        "generator": "mean",
        **{
            f"auc_{k}": round(float(v), 4) for k, v in zip(("border", "lattice", "both"), np.mean(sums, 0), strict=True)
        },
    }


def _gain(before: Sequence[tuple[Array, Array]], after: Sequence[tuple[Array, Array]], seed: int = 0) -> list[float]:
    """Interval of the gain in AUC: images and photographs drawn with replacement, alike for both scores."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(REPLICATES):
        rows = rng.integers(len(before[0][0]), size=len(before[0][0]))
        gains = []
        for (a, x), (b, y) in zip(before, after, strict=True):
            columns = rng.integers(len(x), size=len(x))
            gains.append(auc(b[rows], y[columns]) - auc(a[rows], x[columns]))
        found.append(np.mean(gains))
    return [round(float(v), 4) for v in np.quantile(found, [0.025, 0.975])]


def _profile(name: str, borders: Sequence[Border], denoiser: str) -> dict[str, object]:
    p = summarised(borders)
    bands = list(pairwise(BANDS))
    return {
        "measure": "border_profile",
        "denoiser": denoiser,
        "set": name,
        "n": p.n,
        "bands": [f"{a}" if b == a + 1 else f"{a}-{b - 1}" for a, b in bands],
        "energy": [round(float(p.energy[a:b].mean()), 3) for a, b in bands],
        "low": [round(float(p.low[a:b].mean()), 3) for a, b in bands],
        "high": [round(float(p.high[a:b].mean()), 3) for a, b in bands],
        "value": [round(float(p.value[a:b].mean()), 4) for a, b in bands],
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True)
    parser.add_argument("--denoiser", default=denoisers.DEFAULT)
    args = parser.parse_args()
    for row in figures(args.zoo, args.denoiser):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
