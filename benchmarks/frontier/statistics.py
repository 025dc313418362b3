"""Other statistics of kinship than the product's, in one form: a space fitted to real generators, and its panel.

A statistic is a list of masks over the whitened coefficients. Each mask gives a kinship of its own, its images scaled
to unit length anew and its panel's scale taken anew; several are summed and divided by the root of their number
(Stouffer et al. 1949), each being of unit spread for strangers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.kinship import score
from difreg.registry.fingerprints import panel_scale
from difreg.registry.whitening import LEAST, SIZE, basis, template

Array = NDArray[np.float64]
PERIODS = basis()[1]
COLOURS = np.repeat([0, 1, 2], SIZE // 3)


def _mask(periods: Sequence[int] = (2, 4, 8), colours: Sequence[int] = (0, 1, 2)) -> NDArray[np.bool_]:
    out: NDArray[np.bool_] = np.isin(PERIODS, periods) & np.isin(COLOURS, colours)
    return out


STATISTICS: Mapping[str, tuple[NDArray[np.bool_], ...]] = {
    "the product's": (_mask(),),
    "periods 4 and 8": (_mask((4, 8)),),
    "period 8": (_mask((8,)),),
    "period 2": (_mask((2,)),),
    "sum over periods": (_mask((2,)), _mask((4,)), _mask((8,))),
    "sum over colours": (_mask(colours=(0,)), _mask(colours=(1,)), _mask(colours=(2,))),
}


@dataclass(frozen=True)
class Space:
    """Whitened units of images under one mask after another, and the panel's templates there.

    Attributes
    ----------
    weights
        (192,) of the whitening.
    panel
        (p, 192) directions of the panel, whole; a mask cuts them.
    """

    weights: Array
    panel: Array

    def directions(self, values: Array, mask: NDArray[np.bool_]) -> Array:
        """(192,) direction of (n, 192) coefficients under a mask."""
        return template(self.units(values, mask)).direction

    def units(self, values: Array, mask: NDArray[np.bool_] | bool = True) -> Array:
        """(n, 192) whitened coefficients under a mask, each image of unit length."""
        white = values * np.where(mask, self.weights, 0)
        out: Array = white / np.maximum(np.linalg.norm(white, axis=-1, keepdims=True), LEAST)
        return out

    def scales(self, directions: Array, mask: NDArray[np.bool_]) -> Array:
        """(n,) panel scales of (n, 192) directions under a mask."""
        panel = self.panel * mask
        return panel_scale(directions, panel / np.maximum(np.linalg.norm(panel, axis=1, keepdims=True), LEAST))

    def kinship(self, one: Array, two: Array, masks: Sequence[NDArray[np.bool_]]) -> float:
        """Kinship of two sets of coefficients."""
        total = 0.0
        for mask in masks:
            both = np.stack([self.directions(v, mask) for v in (one, two)])
            scales = self.scales(both, mask)
            total += float(score(both[0], scales[0], both[1], scales[1]))
        return total / np.sqrt(len(masks))
