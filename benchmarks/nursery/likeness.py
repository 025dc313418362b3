"""Likeness by period among strangers, of the nursery and real, and the nulls that ship."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks.kinship import Bench
from benchmarks.nursery.relations import STRANGERS
from benchmarks.nursery.scoring import draw, scored
from benchmarks.nursery.shelf import Grown
from benchmarks.nursery.yardsticks import PANELS, Yardsticks
from difreg.lineage.background_builder import SIZES, Material, assemble
from difreg.lineage.calibration import Draws
from difreg.lineage.labelled import settled_pairs
from difreg.lineage.likeness import Null, cut, fit_nulls, likeness, real_panel
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
        real = np.stack([z for kin, z in real_likeness(material, (n, n), draws, seed) if not kin])
        strangers[n] = [Draws.of(np.concatenate(v)) for v in found.values() if v] + [Draws.of(real.ravel())]
    return fit_nulls(strangers)


def real_likeness(material: Material, sizes: tuple[int, int], draws: int, seed: int) -> Iterator[tuple[bool, Array]]:
    """Of each settled pair of real generators whether they are kin, and (draws,) likeness; sources of both left out."""
    bench = Bench(material)
    rng = np.random.default_rng([seed, *sizes])
    picks = {n: [rng.permutation(len(v)) for _ in range(draws)] for n, v in material.coefficients.items()}
    made = {}
    for one, two, kin in settled_pairs(material.labels):
        out = frozenset({bench.lossless[one].cluster, bench.lossless[two].cluster})
        if out not in made:
            made[out] = assemble(material, out, ())
        background = made[out]
        first, second = (
            np.stack([template(background.whitening.unit(material.coefficients[n][p])).direction for p in rows])
            for n, rows in (
                (one, [p[: sizes[0]] for p in picks[one]]),
                (two, [p[-sizes[1] :] for p in picks[two]]),
            )
        )
        panel = real_panel(background)
        yield kin, likeness(cut(first, panel), cut(second, panel))
