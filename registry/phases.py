"""Phases: where on its generator's pixel grid an image begins, when it was cropped off that grid or mirrored.

A crop rolls the sketch, and a mirror reverses it, so that every phase is a rearrangement of numbers that are there.
Kinship lives on the 8 x 8 lattice (64 phases), detection on the 16 x 16 lattice (256); mirroring doubles both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from difreg.registry.detection import LEAST
from difreg.registry.sketches import PERIOD, fold
from difreg.registry.whitening import PERIOD as KIN_PERIOD
from difreg.registry.whitening import SIZE, Whitening, basis

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Phase:
    """An image's corner: ``dy`` rows and ``dx`` columns off the grid; where ``mirrored``, after mirroring it back."""

    dy: int
    dx: int
    mirrored: bool = False

    def aligned(self, tiles: Array) -> Array:
        """What (..., P, P) tiles would be had the image begun on the grid."""
        out: Array = np.roll(tiles[..., ::-1] if self.mirrored else tiles, (self.dy, self.dx), (-2, -1))
        return out


@cache
def phases(period: int = KIN_PERIOD) -> tuple[Phase, ...]:
    """All phases of a lattice, ``2 * period**2``, the undisturbed one first."""
    return tuple(Phase(y, x, m) for m in (False, True) for y in range(period) for x in range(period))


def aligned_units(sketches: Array, whitening: Whitening) -> Iterator[Array]:
    """Whitened images of unit length, (n, 192), under each of :func:`phases` in turn, of (n, 3, 16, 16) sketches.

    A roll turns the two coefficients of a frequency into one another, and these differ in weight and hence the images
    in length: so each phase is whitened for itself.
    """
    folded, rows = fold(sketches, KIN_PERIOD), basis()[0].T
    for phase in phases():
        yield whitening.unit(phase.aligned(folded).reshape(len(folded), SIZE) @ rows)


def best_correlations(fingerprints: Array, sketches: Array) -> Array:
    """The highest of :func:`difreg.registry.detection.correlations` over the 512 phases of the 16 x 16 lattice.

    All 256 shifts come out of one Fourier transform (the cross-correlation theorem).

    Parameters
    ----------
    fingerprints
        (f, 3, 16, 16), any scale.
    sketches
        (n, 3, 16, 16).

    Returns
    -------
    (f, n) in [-1, 1].
    """
    norms = np.maximum(np.linalg.norm(fingerprints.reshape(len(fingerprints), -1), axis=1), LEAST)
    both = [np.conj(np.fft.rfft2(way)) for way in (sketches, sketches[..., ::-1])]
    out = np.empty((len(fingerprints), len(sketches)))
    for k, filtered in enumerate(np.fft.rfft2(fingerprints)):
        found = [np.fft.irfft2((filtered * way).sum(1), s=(PERIOD, PERIOD)).max((-2, -1)) for way in both]
        out[k] = PERIOD * np.maximum(*found) / norms[k]
    return out
