"""What a picture of one fingerprint shows: the array in space, its spectrum, and the border of the images it is of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from difreg.errors import TooFewImagesError
from difreg.lineage.answers import Provenance
from difreg.names import shown
from difreg.registry import denoisers
from difreg.registry.borders import DEPTH, Border, border
from difreg.registry.extraction import Progress
from difreg.registry.images import UnusableImageError, find, open_whole
from difreg.registry.profiles import Profile
from difreg.registry.sketches import PERIOD

Array = NDArray[np.float64]
PEAK = 5.0  # times the median energy of a frequency
LEAST = 1e-6  # share of the energy below which a frequency is rounding
RMS = 1 / math.sqrt(3 * 256 * 256)  # of a residual of unit norm
Z95 = 1.959963984540054


@dataclass(frozen=True)
class BorderProfile:
    """Energy of the residual towards the border, mean over images and their four edges.

    Attributes
    ----------
    n
        Images measured.
    skipped
        Images that could not be.
    energy, low, high
        (64,) geometric mean at 0 to 63 pixels from the edge over that at 64 to 127, and its 95 % interval over images;
        NaN for one image.
    value
        (64,) mean of the residual itself, over the root of the same.
    """

    n: int
    skipped: int
    energy: Array
    low: Array
    high: Array
    value: Array


@dataclass(frozen=True)
class Portrait:
    """One fingerprint.

    Attributes
    ----------
    array
        (3, P, P) on the solver's own canvas; of ``lattice`` in units of the residual's root mean square.
    tile
        (3, 16, 16) the same, averaged over its tiles.
    border, photographs
        Profiles of the images given, None where none were: a fingerprint keeps none.
    """

    provenance: Provenance
    generator: str
    version: int
    solver: str
    images: int
    reliability: float
    separation: float
    array: Array
    tile: Array
    border: BorderProfile | None = None
    photographs: BorderProfile | None = None

    @property
    def spectrum(self) -> Array:
        """(P, P) energy by frequency, all channels together, zero frequency in the middle."""
        centred = self.array - self.array.mean((1, 2), keepdims=True)
        power: Array = np.fft.fftshift((np.abs(np.fft.fft2(centred)) ** 2).sum(0))
        power /= max(power.sum(), 1e-300)
        return power

    @property
    def peaks(self) -> list[tuple[int, int, int]]:
        """Rows, columns and periods of the lattice's frequencies that stand out of the spectrum."""
        power = self.spectrum
        size = len(power)
        step, middle = size // PERIOD, size // 2
        least = max(PEAK * float(np.median(power)), LEAST)
        lattice = [(r, c) for r in range(0, size, step) for c in range(0, size, step)]
        return [
            (r, c, period((r - middle) // step, (c - middle) // step))
            for r, c in lattice
            if power[r, c] > least and (r, c) != (middle, middle)
        ]

    @property
    def shares(self) -> dict[int, float]:
        """Share of the energy by period, 2 to 16; what is left lies off the lattice."""
        power, size = self.spectrum, self.array.shape[-1]
        step, middle = size // PERIOD, size // 2
        out = dict.fromkeys((2, 4, 8, 16), 0.0)
        for r in range(0, size, step):
            for c in range(0, size, step):
                if (r, c) != (middle, middle):
                    out[period((r - middle) // step, (c - middle) // step)] += float(power[r, c])
        return out


def period(row: int, column: int) -> int:
    """Period in pixels of a frequency of the lattice, given in sixteenths of a cycle a pixel."""
    return PERIOD // math.gcd(row, column, PERIOD)


def portrait(
    made: Profile,
    provenance: Provenance,
    images: BorderProfile | None = None,
    photographs: BorderProfile | None = None,
) -> Portrait:
    """The portrait of a registered fingerprint."""
    f = made.fingerprint
    scale = 1 / RMS if f.solver == "lattice" else 1.0
    own = f.array if made.solution is None else made.solution.array.astype(np.float64)
    facts = (made.name, made.version, f.solver, len(made), made.reliability, f.separation)
    return Portrait(provenance, *facts, scale * own, scale * f.array, images, photographs)


def borders(given: Sequence[str | Path], denoiser: str, progress: Progress | None = None) -> BorderProfile | None:
    """Profile of whole images towards their border; None where none are given.

    Raises
    ------
    TooFewImagesError
        If none of them can be measured.
    """
    if not given:
        return None
    paths, found = find(given), list[Border]()
    made = denoisers.get(denoiser)
    with made.calm():
        for done, path in enumerate(paths, 1):
            try:
                measured = border(open_whole(path), made.residual)
            except UnusableImageError:
                measured = None
            if measured is not None:
                found.append(measured)
            if progress:
                progress(done, len(paths), "measuring borders")
    if not found:
        told = shown(", ".join(map(str, given)))
        raise TooFewImagesError(f"No image in {told} can be measured.", "Give whole images of 256 pixels or more.")
    return summarised(found, len(paths) - len(found))


def summarised(found: Sequence[Border], skipped: int = 0) -> BorderProfile:
    """The profile of one or more images."""
    logs = np.stack([np.log(np.maximum(b.energy, 1e-12)).mean(0) for b in found])
    n, mean = len(found), logs.mean(0)
    half = Z95 * logs.std(0, ddof=1) / math.sqrt(n) if n > 1 else np.full(DEPTH, np.nan)
    value = np.stack([b.value.mean(0) for b in found]).mean(0)
    return BorderProfile(n, skipped, np.exp(mean), np.exp(mean - half), np.exp(mean + half), value)
