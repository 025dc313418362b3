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
from difreg.registry.whitening import Whitening, coefficients, template

Array = NDArray[np.float64]
PANELS = ("real", "real and nursery")


class Yardsticks:
    """Backgrounds by what is left out of them, each made once."""

    def __init__(self, material: Material, grown: Mapping[str, Grown], panel: str) -> None:
        self.material, self.panel = material, panel
        founders = {n: g for n, g in grown.items() if g.row.node.kind == "founder"}
        self.founders = {n: coefficients(g.sketches) for n, g in founders.items()} if panel == PANELS[1] else {}
        self._made: dict[frozenset[str], Background] = {}

    def without(self, out: frozenset[str]) -> Background:
        """The background without the families of the nursery and the clusters of the collection in ``out``."""
        clusters = {label.cluster for label in self.material.labels.values()}
        used = out & (clusters | set(self.founders))
        if used not in self._made:
            out_clusters = frozenset(out & clusters)
            made = assemble(self.material, out_clusters, ())
            panel, names = self._panel(made.whitening, made.panel, made.panel_names, used)
            self._made[used] = replace(made, panel=panel, panel_names=names)
        return self._made[used]

    def _panel(
        self, whitening: Whitening, panel: Array, names: tuple[str, ...], out: frozenset[str]
    ) -> tuple[Array, tuple[str, ...]]:
        extra = [n for n in self.founders if n not in out]
        rows = [template(whitening.unit(self.founders[n])).direction for n in extra]
        return np.stack([*panel, *rows]), (*names, *extra)
