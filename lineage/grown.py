"""Grown kinship: how generators of known ancestry score against one another, counted in narrow bins.

No collection of real generators has decoders that were tuned, merged or imitated to a known degree. A nursery of small
ones, grown for the purpose, has (``docs/nursery.md``). What ships is not their images but the shares of pairs by
kinship, of each kind and for several numbers of images, from which a background is calibrated and explained; and the
coefficients of the founders, which take part in its panel.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.calibration import Draws

Array = NDArray[np.float64]
FORMAT = "difreg-grown-1"
FOUNDER = "nursery-"  # before the name of a founder in a panel
KEPT, CHANGED = "kept", "changed"
STRANGERS = ("same architecture", "same upsampling", "other upsampling", "one of them real")
EDGES = np.arange(-100, 301) / 10  # of the bins; kinship beyond lies in the outermost


@dataclass(frozen=True)
class Grown:
    """Shares of pairs by kinship.

    Attributes
    ----------
    shares
        By number of images a set and kind: (bins,) summing to one; families count alike.
    meaning
        By number of images: rows of kinship, with the share of each kind of pair in it if all kinds were as frequent.
    """

    shares: Mapping[tuple[int, str], Array]
    meaning: Mapping[int, tuple[Mapping[str, Any], ...]]

    def draws(self, images: int, kind: str) -> Draws:
        """Pairs of one kind, each of one number of images a set."""
        share = self.shares[images, kind]
        held = share > 0
        return Draws(((EDGES[1:] + EDGES[:-1]) / 2)[held], share[held])

    def unrelated(self, images: int) -> list[Draws]:
        """Strangers by what they share."""
        return [self.draws(images, kind) for kind in STRANGERS if (images, kind) in self.shares]


def binned(kinship: Array) -> Array:
    """(bins,) counts of kinship."""
    out: Array = np.histogram(np.clip(kinship, EDGES[0], np.nextafter(EDGES[-1], 0)), EDGES)[0].astype(np.float64)
    return out


def dump(grown: Grown, denoiser: str) -> str:
    """As the JSON text that ships."""
    rows = [
        {
            "images": n,
            "kind": kind,
            "first": int(np.flatnonzero(share)[0]),
            "shares": [float(f"{v:.4g}") for v in np.trim_zeros(share)],
        }
        for (n, kind), share in grown.shares.items()
    ]
    meaning = {str(n): list(table) for n, table in grown.meaning.items()}
    return json.dumps({"format": FORMAT, "denoiser": denoiser, "rows": rows, "meaning": meaning}) + "\n"


def parse(text: str) -> Grown:
    """What :func:`dump` wrote."""
    told = json.loads(text)
    shares = {}
    for row in told["rows"]:
        share = np.zeros(len(EDGES) - 1)
        share[row["first"] : row["first"] + len(row["shares"])] = row["shares"]
        shares[row["images"], row["kind"]] = share / share.sum()
    return Grown(shares, {int(n): tuple(table) for n, table in told["meaning"].items()})


def keep_founders(sets: Mapping[str, Array], path: Path) -> None:
    """Write (n, 192) coefficients of founders' images as half floats, each image's largest being one."""
    from safetensors.numpy import save

    path.write_bytes(save({n: (v / np.abs(v).max(1, keepdims=True)).astype(np.float16) for n, v in sets.items()}))


def founders(denoiser: str) -> dict[str, Array]:
    """The founders that ship for ``denoiser``, none where none do; coefficients up to a factor an image."""
    from safetensors.numpy import load

    file = files("difreg.registry.backgrounds").joinpath(f"{denoiser}.founders-1.safetensors")
    return {n: v.astype(np.float64) for n, v in sorted(load(file.read_bytes()).items())} if file.is_file() else {}


@cache
def shipped(denoiser: str) -> Grown:
    """What ships for ``denoiser``."""
    return parse(files("difreg.registry.backgrounds").joinpath(f"{denoiser}.grown-1.json").read_text(encoding="utf-8"))
