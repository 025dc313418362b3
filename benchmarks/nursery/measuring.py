"""All figures of a nursery, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import numpy as np

from benchmarks.nursery.figures import Figure, decay_figures, meaning_figures, relation_figures
from benchmarks.nursery.rulers import Rulers
from benchmarks.nursery.scoring import QUERY, REGISTERED, Scored, draw, scored
from benchmarks.nursery.shelf import Grown
from benchmarks.nursery.yardsticks import PANELS, Yardsticks
from difreg.lineage.background_builder import SIZES, Material
from difreg.lineage.kinship import threshold
from difreg.registry.whitening import template


def measure(material: Material, grown: Mapping[str, Grown], draws: int, seed: int) -> Iterator[Figure]:
    """Figures of the nursery itself, then of kinship by panel and by number of images compared with."""
    yield from nursery_figures(material, grown)
    distances = {n: g.row.distance for n, g in grown.items()}
    for panel in PANELS:
        yardsticks = Yardsticks(material, grown, panel)
        rulers = Rulers(yardsticks, knots(grown, yardsticks, draws, seed))
        for images in SIZES:
            made = rulers.calibration(frozenset(), images)
            yield {"measure": "calibration", "panel": panel, **asdict(made), "threshold": round(threshold(made), 3)}
        for size in (QUERY, REGISTERED):
            pairs = list(scored(draw(grown, material, (QUERY, size), draws, seed), yardsticks))
            pairs = rulers.told(pairs, QUERY)
            common = {"panel": panel, "n": [QUERY, size], "draws": draws}
            for figures in (relation_figures(pairs), decay_figures(pairs, distances), meaning_figures(pairs)):
                yield from ({**common, **f} for f in figures)


def knots(grown: Mapping[str, Grown], yardsticks: Yardsticks, draws: int, seed: int) -> dict[int, list[Scored]]:
    """All pairs with as many images on either side, for each number that a calibration is fitted to."""
    out = {}
    for n in SIZES:
        out[n] = list(scored(draw(grown, yardsticks.material, (n, n), draws, seed), yardsticks))
    return out


def nursery_figures(material: Material, grown: Mapping[str, Grown]) -> Iterator[Figure]:
    """How many sets there are, and by architecture how founders turned out."""
    whitening = Yardsticks(material, {}, PANELS[0]).without(frozenset()).whitening
    seconds = {(g.family, g.row.node.kind, g.row.node.data, g.row.seconds) for g in grown.values()}
    yield {
        "measure": "nursery",
        "sets": len(grown),
        "founders": sum(g.row.node.kind == "founder" for g in grown.values()),
        "trees": len({g.family for g in grown.values() if g.row.node.kind == "A"}),
        "images": sum(len(g.images) for g in grown.values()),
        "training_seconds": round(sum(s for *_, s in seconds)),
    }
    architectures = sorted({g.row.architecture for g in grown.values()})
    for name in architectures:
        founders = [g for g in grown.values() if g.row.architecture == name and g.row.node.kind == "founder"]
        units = [whitening(g.sketches[g.of("a")]) for g in founders]
        yield {
            "measure": "founders",
            "architecture": name,
            "founders": len(founders),
            "psnr": round(float(np.median([g.row.psnr for g in founders])), 2),
            "reliability_8": round(float(np.median([template(u[:8]).reliability for u in units])), 3),
            "reliability_32": round(float(np.median([template(u).reliability for u in units])), 3),
            "fold_energy": round(float(np.median([256 * (g.sketches.mean(0) ** 2).sum() for g in founders])), 4),
        }
