"""The history of a set of images: one row of numbers an image, and what they amount to.

Rows are kept with the images' sketches, in sketch files and in the registry, where no pixels are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from difreg.registry.histories.blocks import comb
from difreg.registry.histories.cells import gridded
from difreg.registry.histories.files import JPEG, LOSSLESS, SAMPLINGS, WEBP, told_by
from difreg.registry.histories.scaling import scaling

# Thresholds: see docs/robustness.md for the rates on lossless sets and photographs.
COMBS = 6.0  # frequencies
PEAK = 60.0
FLOOR = -1.3
GRIDDED = 1.5
HALF = 0.5  # share of the images that settles the whole set

FORMS = (LOSSLESS, JPEG, WEBP)
COLUMNS = (
    "width",
    "height",
    "form",  # place in FORMS
    "quality",  # by the file's tables
    "sampling",  # place in SAMPLINGS
    "combs",
    "comb_y",
    "comb_x",
    "comb_quality",
    "peak",
    "peak_y",
    "peak_x",
    "top",
    "gridded",
)
LUMA = np.array([0.299, 0.587, 0.114])
Flags = NDArray[np.bool_]


def history_of(image: Image.Image, data: bytes, pixels: NDArray[np.uint8]) -> tuple[float, ...]:
    """A row of :data:`COLUMNS`, NaN where there is nothing to tell.

    Parameters
    ----------
    image, data
        The image as opened, and its file.
    pixels
        (256, 256, 3) centre crop, its corner on the 16-pixel grid.
    """
    form, quality, sampling = told_by(image, data)
    luma = pixels.astype(np.float64) @ LUMA
    found, scaled = comb(luma), scaling(luma)
    return (
        *image.size,
        FORMS.index(form),
        quality,
        SAMPLINGS.index(sampling) if sampling else np.nan,
        found.frequencies,
        found.dy,
        found.dx,
        found.quality,
        scaled.peak,
        scaled.fy,
        scaled.fx,
        scaled.top,
        gridded(luma),
    )


@dataclass(frozen=True)
class Histories:
    """(n, columns) float32 ``rows``; a row of NaN for an image of which nothing is known."""

    rows: NDArray[np.float32]

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]]) -> Self:
        """From rows of :func:`history_of`."""
        return cls(np.array(rows, dtype=np.float32).reshape(len(rows), len(COLUMNS)))

    @classmethod
    def unknown(cls, images: int) -> Self:
        """Of images of which nothing is known."""
        return cls(np.full((images, len(COLUMNS)), np.nan, dtype=np.float32))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """A column."""
        out: NDArray[np.float32] = self.rows[:, COLUMNS.index(name)]
        return out

    @property
    def any_known(self) -> bool:
        """Whether anything is known of any image."""
        return not bool(np.isnan(self.rows).all())

    def is_sound(self, images: int) -> bool:
        """Whether it can be of so many images: nothing in it is trusted before."""
        shape, kind = (images, len(COLUMNS)), self.rows.dtype.name
        return self.rows.shape == shape and kind == "float32" and not np.isinf(self.rows).any()

    def kept(self, rows: Sequence[int]) -> Histories:
        """Those of some of the images."""
        return Histories(self.rows[list(rows)])

    def joined(self, other: Histories) -> Histories:
        """These and then the others."""
        return Histories(np.concatenate([self.rows, other.rows]))

    def is_form(self, form: str) -> Flags:
        """(n,) whether the file is of one of :data:`FORMS`."""
        out: Flags = self["form"] == FORMS.index(form)
        return out

    @property
    def combed(self) -> Flags:
        """(n,) lossless files whose pixels were JPEG."""
        out: Flags = self.is_form(LOSSLESS) & (self["combs"] >= COMBS)
        return out

    @property
    def compressed(self) -> Flags:
        """(n,) whether the image was compressed with loss, by its file or its pixels."""
        return self.is_form(JPEG) | self.is_form(WEBP) | self.combed

    @property
    def off_grid(self) -> Flags:
        """(n,) whether blocks of JPEG begin off the 8-pixel grid: it was cropped after compression."""
        out: Flags = (self["combs"] >= COMBS) & ((self["comb_y"] > 0) | (self["comb_x"] > 0))
        return out

    @property
    def resampled(self) -> Flags:
        """(n,) whether it shows the period of an interpolation."""
        out: Flags = self["peak"] > PEAK
        return out

    @property
    def smooth(self) -> Flags:
        """(n,) whether its highest frequencies hold hardly more than rounding."""
        out: Flags = self["top"] < FLOOR
        return out

    @property
    def gridded(self) -> Flags:
        """(n,) whether its content has an 8-pixel grid of its own."""
        out: Flags = self["gridded"] > GRIDDED
        return out

    @property
    def is_compressed(self) -> bool:
        """Whether half of the images or more were compressed with loss."""
        return _half(self.compressed)

    @property
    def is_altered(self) -> bool:
        """Whether half of the images or more were changed in a way that hides kinship, or have content that does."""
        return _half(self.compressed | self.off_grid | self.resampled | self.smooth | self.gridded)


def _half(flags: Flags) -> bool:
    return len(flags) > 0 and bool(flags.mean() >= HALF)
