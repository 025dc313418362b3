"""How often each sign of an image's past is seen, on images as they are and after each treatment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.robustness.table import file_of
from benchmarks.robustness.treatments import TREATMENTS, Treatment
from difreg.registry.histories.record import COMBS, Histories, history_of

COMPRESSED = ("ti-cookiedoth", "sd1x-vincegmz-dogreg", "real-bsds500", "real-urban100")  # before they were collected
EVERY = 4  # of four images one is treated


def figures(zoo: Path, denoiser: str, seed: int) -> Iterator[dict[str, object]]:  # noqa: ARG001 - pixels alone
    """A line a set as it is, and a line a treatment of all sets that are lossless."""
    folders = [d for part in ("generators", "photos") for d in sorted((zoo / part).iterdir())]
    for folder in folders:
        yield {"measure": "signs", "set": folder.name, **_shares(_looked(sorted(folder.iterdir()), TREATMENTS["none"]))}
    files = [f for d in folders if d.name not in COMPRESSED for f in sorted(d.iterdir())[1::EVERY]]
    for name, treatment in TREATMENTS.items():
        yield {"measure": "signs", "treatment": name, **_shares(_looked(files, treatment))}


def _looked(files: Sequence[Path], treatment: Treatment) -> Histories:
    rows = []
    for file in files:
        with Image.open(file) as image:
            data = file_of(treatment(image.convert("RGB")))
        with Image.open(BytesIO(data)) as image:
            rows.append(history_of(image, data, np.asarray(image.convert("RGB"))))
    return Histories.of(rows)


def _shares(made: Histories) -> dict[str, object]:
    """``jpeg_pixels`` counts the comb alone, whatever the file says."""
    signs = {
        "jpeg_pixels": made["combs"] >= COMBS,
        "off_grid": made.off_grid,
        "resampled": made.resampled,
        "smooth": made.smooth,
        "content_grid": made.gridded,
    }
    return {"n": len(made), **{name: round(float(flags.mean()), 3) for name, flags in signs.items()}}
