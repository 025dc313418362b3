"""From a grown model to sketches by the product's own path: 8-bit PNG files, denoised and folded as a user's are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.nursery.photographs import Photographs, moved, stream
from benchmarks.nursery.recipe import NOISE, Node
from benchmarks.nursery.shelf import Shelf
from benchmarks.nursery.training import Autoencoder
from difreg.registry.extraction import extract, write_sketch

BATCH = 8


def render(
    model: Autoencoder, node: Node, photographs: Photographs, seed: int
) -> tuple[dict[str, NDArray[np.uint8]], float]:
    """Images of a set by file name (``a00.png``: pool and number of the photograph), and their PSNR in decibels."""
    rng = stream(seed, f"render {node.name}")
    torch.manual_seed(int(rng.integers(2**31)))
    out: dict[str, NDArray[np.uint8]] = {}
    errors = []
    for pool, pixels in photographs.pools.items():
        shown = moved(list(pixels), rng)
        made = np.concatenate([_decode(model, part, node) for part in np.split(shown, range(BATCH, len(shown), BATCH))])
        rounded = np.rint((np.clip(made, -1, 1) + 1) * 127.5).astype(np.uint8)
        errors.append(np.mean((rounded / 255.0 - (shown + 1) / 2) ** 2))
        out |= {f"{pool}{k:02d}.png": image for k, image in enumerate(rounded)}
    return out, float(-10 * np.log10(np.mean(errors)))


def _decode(model: Autoencoder, shown: NDArray[np.float32], node: Node) -> NDArray[np.float32]:
    with torch.inference_mode():
        latent, _ = model.latent(torch.from_numpy(shown).movedim(-1, 1), 0.0)
        if node.kind == "K":
            latent = latent + NOISE * latent.std() * torch.randn(latent.shape)
        made: NDArray[np.float32] = model.decoder(latent).movedim(1, -1).float().numpy()
    return made


def keep_sketches(images: dict[str, NDArray[np.uint8]], name: str, denoisers: Sequence[str], shelf: Shelf) -> None:
    """Write the images as PNG files for a moment, and their sketches by each of ``denoisers`` to stay."""
    with TemporaryDirectory() as folder:
        for file, pixels in images.items():
            Image.fromarray(pixels).save(Path(folder) / file, compress_level=1)
        for denoiser in denoisers:
            write_sketch(extract([folder], denoiser=denoiser, jobs=1), shelf.sketch_file(name, denoiser))
