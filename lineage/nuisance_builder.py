"""Building a denoiser's nuisance directions, by doing to photographs what is known: ``difreg background build``."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from difreg import __version__
from difreg.lineage.background_builder import JPEG_SOURCES, read_split
from difreg.registry import background as backgrounds
from difreg.registry import denoisers
from difreg.registry.extraction import Progress
from difreg.registry.histories.watermark import marked
from difreg.registry.images import open_crop
from difreg.registry.nuisance import DEFAULT
from difreg.registry.sketches import sketch
from difreg.registry.whitening import SIZE, coefficients

Array = NDArray[np.float64]


def build_nuisance(zoo: Path, output: Path, *, denoiser: str, progress: Progress | None = None) -> Path:
    """Build the nuisance directions of ``denoiser`` from ``zoo`` and write them into the folder ``output``."""
    photographs = [p for p in read_split(zoo)["make"] if p.parent.name in JPEG_SOURCES]
    facts = {
        "name": DEFAULT,
        "denoiser": denoiser,
        "difreg": __version__,
        "photographs": len(photographs),
        "made_from": hashlib.sha256(b"".join(p.read_bytes() for p in photographs)).hexdigest(),
    }
    shift = watermark_shift(photographs, denoiser, progress)
    return backgrounds.save(output, facts, {"watermark": shift.astype(np.float32)})


def watermark_shift(photographs: Sequence[Path], denoiser: str, progress: Progress | None = None) -> Array:
    """(192,) unit coefficients that the watermark adds to photographs in the mean."""
    noise = denoisers.get(denoiser).residual
    total = np.zeros(SIZE)
    for done, path in enumerate(photographs, 1):
        pixels = open_crop(path).pixels
        before, after = sketch(noise(pixels)), sketch(noise(marked(pixels)))
        if before is not None and after is not None:
            total += coefficients((after - before)[None])[0]
        if progress:
            progress(done, len(photographs), "marking photographs")
    out: Array = total / np.linalg.norm(total)
    return out
