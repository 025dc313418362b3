"""The two cross-detection figures of Deep Image Fingerprint on a collection of real generators: accuracy by fingerprint
and images, what fine-tunes keep of their source, and what the same fingerprints make of strangers.

Rows are fingerprints, columns images. An image that trained a fingerprint never scores it: on the diagonal images are
left out in turn. Accuracy and AUC rest on the background's photographs alone, whose test half trained nothing; no other
set moves them. One JSON line a figure.

    python -m benchmarks.paper --zoo ../shared/zoo
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from difreg.errors import DifregError
from difreg.lineage import matrices
from difreg.lineage.answers import MatrixCell
from difreg.lineage.labelled import KIN_FAMILY, UNSETTLED, read_labels
from difreg.registry import background, denoisers, intervals
from difreg.registry.detection import correlations
from difreg.registry.extraction import extract_each
from difreg.registry.profiles import Profile, profile_of
from difreg.registry.threads import single_threaded

CHILDREN = {
    "sd14-chenke-reg": ("customdiff-pogny", "db-szu-dog", "db-chenke-skscat"),
    "sd15-comfy-misc": (
        "db-cqueen-pink_sunglasses",
        "db-cqueen-dog6-step175",
        "db-cqueen-dog6-step375",
        "db-cqueen-dog6-step575",
    ),
}
FIGURES = {
    "fine-tunes": (*(x for base, own in CHILDREN.items() for x in (base, *own)), "ldm-libreai", "ldm-dcsan"),
    "services": ("dif/sd14", "dif/sd21", "dif/mj", "dif/glide"),
}


def read(zoo: Path, denoiser: str) -> tuple[dict[str, Profile], list[str]]:
    """Profiles of the sets of both figures and of strangers to Stable Diffusion, and the names of these."""
    labels = read_labels(zoo)
    strangers = [x.name for x in labels.values() if x.lossless and x.family not in {KIN_FAMILY, *UNSETTLED}]
    folders = {n: zoo / "generators" / n for n in (*FIGURES["fine-tunes"], *strangers)}
    folders |= {n: zoo / "dif-samples" / n.removeprefix("dif/") / "1_fake" for n in FIGURES["services"]}
    shipped = background.get(denoiser)
    found = extract_each(list(folders.values()), denoiser=denoiser, jobs=1)
    profiles: dict[str, Profile] = {}
    for name, images in zip(folders, found, strict=True):
        if isinstance(images, DifregError):
            raise images
        profiles[name] = profile_of(images, shipped, name)
    return profiles, strangers


def matrix(profiles: Sequence[Profile], figure: str, metric: str) -> dict[str, object]:
    """One figure, row by row."""
    m = len(profiles)
    cells = matrices.cells(profiles, metric)
    grid = [cells[k * m : (k + 1) * m] for k in range(m)]
    return {
        "measure": "matrix",
        "figure": figure,
        "metric": metric,
        "orientation": "rows are fingerprints, columns images",
        "names": [p.name for p in profiles],
        "n": [len(p) for p in profiles],
        "photographs": len(profiles[0].background.negatives),
        "values": [[round(c.value, 3) for c in row] for row in grid],
        "low": [[round(c.low, 3) for c in row] for row in grid],
        "high": [[round(c.high, 3) for c in row] for row in grid],
    }


def pooled(profiles: Mapping[str, Profile], base: str, others: Sequence[str], asked: str) -> dict[str, object]:
    """Accuracy of one fingerprint on several sets' images, together and one by one."""
    f = profiles[base]
    cells: list[MatrixCell] = [matrices.cells((f, profiles[x]), "accuracy")[1] for x in others]
    scored = correlations(f.fingerprint.detector[None], f.background.negatives)
    rejected = float((scored <= f.fingerprint.threshold).mean())
    n = sum(c.n for c in cells)
    hits = sum((2 * c.value - rejected) * c.n for c in cells) / n
    low, high = intervals.accuracy(min(max(hits, 0.0), 1.0), n, rejected, len(f.background.negatives))
    return {
        "measure": "pooled",
        "fingerprint": base,
        "images": asked,
        "sets": len(others),
        "n": n,
        "photographs": len(f.background.negatives),
        "accuracy": round((hits + rejected) / 2, 3),
        "interval": [round(low, 3), round(high, 3)],
        "hits": round(hits, 3),
        "photographs_rejected": round(rejected, 3),
        "by_set": {c.images: round(c.value, 3) for c in cells},
    }


def figures(zoo: Path, denoiser: str) -> Iterator[dict[str, object]]:
    """All of it."""
    with single_threaded():
        profiles, strangers = read(zoo, denoiser)
        for figure, names in FIGURES.items():
            for metric in ("accuracy", "auc"):
                yield {"denoiser": denoiser, **matrix([profiles[n] for n in names], figure, metric)}
        for base, children in CHILDREN.items():
            yield {"denoiser": denoiser, **pooled(profiles, base, children, "its fine-tunes")}
            everyone = [c for own in CHILDREN.values() for c in own]
            yield {"denoiser": denoiser, **pooled(profiles, base, everyone, "all fine-tunes")}
            yield {"denoiser": denoiser, **pooled(profiles, base, strangers, "strangers")}
            back = [matrices.cells((profiles[c], profiles[base]), "accuracy")[1] for c in children]
            yield {
                "denoiser": denoiser,
                "measure": "back",
                "images": base,
                "fingerprints": {c.fingerprint: round(c.value, 3) for c in back},
                "n": back[0].n,
                "mean": round(float(np.mean([c.value for c in back])), 3),
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
