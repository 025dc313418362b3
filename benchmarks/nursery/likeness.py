"""Likeness by period among strangers, of the nursery and real, and the nulls that ship."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks.nursery.relations import STRANGERS
from benchmarks.nursery.scoring import draw, scored
from benchmarks.nursery.shelf import Grown
from benchmarks.nursery.yardsticks import PANELS, Yardsticks
from difreg.lineage.background_builder import SIZES, Material, assemble
from difreg.lineage.calibration import Draws
from difreg.lineage.labelled import settled_pairs
from difreg.lineage.likeness import Null, cut, fit_nulls, likeness, real_panel
from difreg.registry.background import Background
from difreg.registry.whitening import template

Array = NDArray[np.float64]


def nulls(material: Material, grown: Mapping[str, Grown], draws: int, seed: int) -> tuple[Null, ...]:
    """From strangers of the nursery by what they share, and from unrelated real generators."""
    yardsticks = Yardsticks(material, grown, PANELS[0])
    strangers = {}
    for n in SIZES:
        found: dict[str, list[Array]] = {kind: [] for kind in STRANGERS}
        for pair in scored(draw(grown, material, (n, n), draws, seed), yardsticks):
            if pair.relation in found:
                found[pair.relation].append(pair.likeness)
        real = _real_strangers(material, n, draws, seed)
        strangers[n] = [Draws.of(np.concatenate(v)) for v in [*found.values(), real] if v]
    return fit_nulls(strangers)


def _real_strangers(material: Material, images: int, draws: int, seed: int) -> list[Array]:
    """(draws,) likeness of each unrelated pair of real generators; sources of both left out."""
    rng = np.random.default_rng([seed, images, images])
    picks = {n: [rng.permutation(len(v)) for _ in range(draws)] for n, v in material.coefficients.items()}
    made: dict[frozenset[str], Background] = {}
    found = []
    for one, two, _ in (pair for pair in settled_pairs(material.labels) if not pair[2]):
        out = frozenset(material.labels[n].cluster for n in (one, two))
        if out not in made:
            made[out] = assemble(material, out, ())
        background = made[out]
        sides = ((one, [p[:images] for p in picks[one]]), (two, [p[-images:] for p in picks[two]]))
        blocks = (
            cut(
                np.stack([template(background.whitening.unit(material.coefficients[n][p])).direction for p in rows]),
                real_panel(background),
            )
            for n, rows in sides
        )
        found.append(likeness(*blocks))
    return found
