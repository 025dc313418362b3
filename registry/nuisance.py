"""Known directions that are no generator's own: what the first Stable Diffusion scripts' watermark adds to a sketch.

They lie beside the backgrounds, numbered by themselves, so that a new one moves no score of a background.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from difreg.registry.background import Background, checked
from difreg.registry.whitening import LEAST, SIZE, Whitening

DEFAULT = "nuisance-1"
WATERMARKED = 0.3  # cosine of a template
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Nuisance:
    """``watermark``: (192,) coefficients, as :func:`difreg.registry.whitening.coefficients` gives them."""

    name: str
    denoiser: str
    watermark: Array
    digest: str

    def marked(self, whitening: Whitening) -> Array:
        """(192,) unit direction of the watermark among whitened templates."""
        white = self.watermark * whitening.weights
        out: Array = white / max(float(np.linalg.norm(white)), LEAST)
        return out


@cache
def get(denoiser: str, name: str = DEFAULT) -> Nuisance | None:
    """The shipped nuisance directions of ``denoiser``, or None where there are none."""
    folder = files("difreg.registry.backgrounds")
    stem = f"{denoiser}.{name}"
    if not stem.isascii() or "/" in stem or "\\" in stem or not folder.joinpath(f"{stem}.json").is_file():
        return None
    return parse(folder.joinpath(f"{stem}.json").read_bytes(), folder.joinpath(f"{stem}.safetensors").read_bytes())


def parse(facts_json: bytes, arrays: bytes) -> Nuisance:
    """From the bytes of the two files; the digest is checked."""
    facts, held = checked(facts_json, arrays)
    return Nuisance(facts["name"], facts["denoiser"], held["watermark"].astype(np.float64), facts["digest"])


def watermark_of(background: Background) -> Array:
    """(192,) unit direction of the watermark under a background; zeros where its denoiser has none on record."""
    known = get(background.denoiser)
    return np.zeros(SIZE) if known is None else known.marked(background.whitening)
