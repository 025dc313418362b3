"""Boundary artefacts: how the residual of a whole image changes towards its border.

A network that pads with zeros leaves a frame at the border of what it makes. The fold over 16 x 16 tiles averages it
out, and a crop of the centre cuts it off, so that it is measured apart, on whole images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from difreg.registry.images import CROP

DEPTH = 64  # pixels from the edge that are looked at
INSIDE = 128  # pixels from the edge up to which the residual is what they are compared with
LENGTH = 1024  # most pixels along an edge, about its middle
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Border:
    """The residual towards the border of one image, edges clockwise from the top.

    Attributes
    ----------
    energy
        (4, 64) mean square at 0 to 63 pixels from the edge, over that at 64 to 127 pixels from it.
    value
        (4, 64) mean, over the root of the same.
    """

    energy: Array
    value: Array


def border(pixels: NDArray[np.uint8], residual: Callable[[NDArray[np.uint8]], Array]) -> Border | None:
    """Measure the border of one image.

    Parameters
    ----------
    pixels
        (height, width, 3), both sides 256 or more: the whole image.
    residual
        A denoiser's, (h, w, 3) to (3, h, w).

    Returns
    -------
    None where there is nothing to compare with: the image is flat away from an edge.
    """
    energy, value = np.empty((2, 4, DEPTH))
    for k in range(4):
        turned = np.rot90(pixels, k)  # the next edge clockwise becomes the top
        length = min(turned.shape[1], LENGTH)
        left = (turned.shape[1] - length) // 2
        strip = residual(np.ascontiguousarray(turned[:CROP, left : left + length]))
        middle = strip[:, :INSIDE, DEPTH:-DEPTH]  # the corners belong to two edges, the ends may be cut
        square = (middle**2).mean((0, 2))
        level = square[DEPTH:].mean()
        if not level > 0:
            return None
        energy[k] = square[:DEPTH] / level
        value[k] = middle[:, :DEPTH].mean((0, 2)) / np.sqrt(level)
    return Border(energy, value)
