"""Photographs the nursery trains on and shows: the split of the backgrounds keeps the two apart.

Founders learn from the *make* half; rendered are unseen photographs of *test*, in two pools without a common one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import convolve, sobel
from torch import Tensor

from difreg.lineage.background_builder import read_split

BATCH, CROP = 8, 64
URBAN = "real-urban100"
Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Photographs:
    """``make``: (n, 256, 256, 3) in [-1, 1], ``urban`` which of them are; ``pools``: pixels (m, 256, 256, 3), uint8."""

    make: Pixels
    urban: NDArray[np.bool_]
    pools: Mapping[str, NDArray[np.uint8]]
    files: Mapping[str, tuple[str, ...]]


def load(zoo: Path, pool: int, seed: int) -> Photographs:
    """The photographs of the collection ``zoo``, with ``pool`` of the unseen half in each of the pools a and b."""
    halves = read_split(zoo)
    make = np.stack([_pixels(p) for p in halves["make"]]).astype(np.float32) / 127.5 - 1
    order = np.random.default_rng([seed, 7]).permutation(len(halves["test"]))
    chosen = {n: [halves["test"][k] for k in order[s : s + pool]] for n, s in (("a", 0), ("b", pool))}
    return Photographs(
        make,
        np.array([p.parent.name == URBAN for p in halves["make"]]),
        {n: np.stack([_pixels(p) for p in paths]) for n, paths in chosen.items()},
        {n: tuple(f"{p.parent.name}/{p.name}" for p in paths) for n, paths in chosen.items()},
    )


def _pixels(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path).convert("RGB"))[:256, :256]


def stream(seed: int, name: str) -> np.random.Generator:
    """Random numbers of one run or one set, whatever else was done before."""
    return np.random.default_rng([seed, *hashlib.sha256(name.encode()).digest()[:8]])


class Domains:
    """The training photographs as tuning data: ``""`` as they are, and A, B, C, F as :func:`altered` says."""

    def __init__(self, photographs: Photographs) -> None:
        self.of = cache(lambda domain: altered(photographs, domain))

    def batch(self, domain: str, rng: np.random.Generator) -> Tensor:
        """(8, 3, 64, 64) crops, flipped at random."""
        images = self.of(domain)
        crops = []
        for _ in range(BATCH):
            top, left = rng.integers(images.shape[1] - CROP + 1, size=2)
            crop = images[rng.integers(len(images)), top : top + CROP, left : left + CROP]
            crops.append(crop[:, ::-1] if rng.random() < 0.5 else crop)
        return torch.from_numpy(np.stack(crops)).movedim(-1, 1)


def altered(photographs: Photographs, domain: str) -> Pixels:
    """A: shifted colours. B: urban photographs. C: posterised, dark edges. F: blurred, pale and grainy."""
    made = photographs.make
    if domain == "A":
        mix = np.array([[0.75, 0.25, 0.0], [0.0, 0.75, 0.25], [0.25, 0.0, 0.75]], np.float32)
        shifted: Pixels = np.clip(made @ mix.T + np.array([0.1, -0.1, 0.05], np.float32), -1, 1)
        return shifted
    if domain == "B":
        urban: Pixels = made[photographs.urban]
        return urban
    if domain == "C":
        flat = np.rint((made + 1) * 2.5) / 2.5 - 1
        grey = made.mean(-1)
        edge = np.hypot(sobel(grey, 1), sobel(grey, 2))
        dark: Pixels = ((flat + 1) * (1 - np.clip(edge - 0.4, 0, 1))[..., None] - 1).astype(np.float32)
        return dark
    if domain == "F":
        smooth = convolve(made, np.full((1, 3, 3, 1), 1 / 9, np.float32), mode="nearest")
        grain = np.random.default_rng(5).normal(0, 0.04, made.shape[:3])[..., None]
        pale: Pixels = np.clip(0.6 * smooth + 0.25 + grain, -1, 1).astype(np.float32)
        return pale
    return made


def moved(images: Sequence[NDArray[np.uint8]], rng: np.random.Generator) -> NDArray[np.float32]:
    """Each image moved by a random offset of 0 to 15 pixels, mirrored at its border: (n, 256, 256, 3), [-1, 1]."""
    out = []
    for image in images:
        top, left = rng.integers(16, size=2)
        wide = np.pad(image, ((0, 15), (0, 15), (0, 0)), mode="reflect")
        out.append(wide[top : top + image.shape[0], left : left + image.shape[1]])
    return np.stack(out).astype(np.float32) / 127.5 - 1
