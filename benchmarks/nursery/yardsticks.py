"""The background a pair is judged by: the product's own from real generators, with founders in the panel or without.

Whatever is asked about is left out: a founder never judges its own family, a real generator never its own cluster. The
whitening stays that of real generators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.nursery.shelf import Grown
from difreg.lineage.background_builder import Material, assemble
from difreg.registry.background import Background
from difreg.registry.whitening import coefficients

Array = NDArray[np.float64]
PANELS = ("real", "real and nursery")


class Yardsticks:
    """Backgrounds by what is left out of them, each made once."""

    def __init__(self, material: Material, grown: Mapping[str, Grown], panel: str) -> None:
        self.material = replace(material, founders=founders(grown) if panel == PANELS[1] else {})
        self.clusters = frozenset(label.cluster for label in material.labels.values())
        self._made: dict[frozenset[str], Background] = {}

    def without(self, out: frozenset[str]) -> Background:
        """The background without the families of the nursery and the clusters of the collection in ``out``."""
        used = out & (self.clusters | set(self.material.founders))
        if used not in self._made:
            self._made[used] = assemble(self.material, used, ())
        return self._made[used]


def founders(grown: Mapping[str, Grown]) -> dict[str, Array]:
    """Coefficients of every third image of each founder."""
    return {n: coefficients(g.sketches[::3]) for n, g in grown.items() if g.row.node.kind == "founder"}
