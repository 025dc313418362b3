"""Kinship of all pairs of a nursery, and of it with real generators, by the product's own functions.

Content is disjoint: a query shows photographs of pool a, what it is compared with those of pool b. A trace's case is
eight images against a registered set of twenty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.nursery.relations import REAL, relation, shared_data
from benchmarks.nursery.shelf import Grown, Row
from benchmarks.nursery.yardsticks import Yardsticks
from difreg.lineage.background_builder import Material
from difreg.lineage.kinship import score
from difreg.lineage.likeness import Blocks, cut, likeness, real_panel
from difreg.registry.background import Background
from difreg.registry.fingerprints import JPEG_FLAG, RELIABLE, panel_scale
from difreg.registry.whitening import coefficients, template

Array = NDArray[np.float64]
QUERY, REGISTERED = 8, 20


@dataclass(frozen=True)
class Scored:
    """One ordered pair: a query and what it is compared with.

    Attributes
    ----------
    families
        Families of both; the cluster of a real generator.
    z, cosine, likeness
        (draws,).
    judged
        (draws,) whether the product would conclude anything.
    least
        The kinship that is accepted; NaN until :mod:`benchmarks.nursery.rulers` has told it.
    """

    query: str
    other: str
    relation: str
    data: str
    families: tuple[str, str]
    z: Array
    cosine: Array
    likeness: Array
    judged: NDArray[np.bool_]
    least: float = np.nan

    @property
    def reached(self) -> NDArray[np.bool_]:
        """(draws,) whether kinship is as high as what is accepted."""
        out: NDArray[np.bool_] = self.z >= self.least
        return out

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """(draws,) whether the product would call them kin."""
        return self.judged & self.reached


@dataclass(frozen=True)
class Drawn:
    """A set's draws: coefficients of its images, and which of them each draw takes in each part."""

    row: Row | None
    family: str
    values: Array
    query: NDArray[np.int64]
    other: NDArray[np.int64]


@dataclass(frozen=True)
class _Templates:
    directions: Array
    scales: Array
    blocks: Blocks
    judgeable: NDArray[np.bool_]
    flagged: NDArray[np.bool_]


def draw(
    grown: Mapping[str, Grown], material: Material, sizes: tuple[int, int], draws: int, seed: int
) -> dict[str, Drawn]:
    """Draws of every set: images of pool a, and of pool b, so many; of a real generator, both of all its images."""
    rng = np.random.default_rng([seed, *sizes])
    out = {}
    for name, g in grown.items():
        a, b = g.of("a"), g.of("b")
        out[name] = _drawn(g.row, g.family, coefficients(g.sketches), a, b, sizes, draws, rng)
    for name, label in material.labels.items():
        if label.lossless:
            values = material.coefficients[name]
            everything = np.arange(len(values))
            out[name] = _drawn(None, label.cluster, values, everything, everything, sizes, draws, rng)
    return out


def _drawn(
    row: Row | None,
    family: str,
    values: Array,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    sizes: tuple[int, int],
    draws: int,
    rng: np.random.Generator,
) -> Drawn:
    query, other = (
        np.stack([rng.permutation(pool)[:n] for _ in range(draws)]) for pool, n in zip((a, b), sizes, strict=True)
    )
    return Drawn(row, family, values, query, other)


def scored(sets: Mapping[str, Drawn], yardsticks: Yardsticks) -> Iterator[Scored]:
    """All ordered pairs with at least one set of the nursery."""
    families: dict[str, list[str]] = {}
    for name, s in sets.items():
        families.setdefault(s.family, []).append(name)
    real = {s.family for s in sets.values() if s.row is None}
    made: dict[tuple[str, bool, int], _Templates] = {}

    def side(family: str, query: bool, background: Background) -> dict[str, _Templates]:
        out = {}
        for name in families[family]:
            key = name, query, id(background)
            if key not in made:
                s = sets[name]
                made[key] = _templates(s.values, s.query if query else s.other, background)
            out[name] = made[key]
        return out

    for one in families:
        for two in families:
            if {one, two} <= real:
                continue
            background = yardsticks.without(frozenset({one, two}))
            left, right = side(one, True, background), side(two, False, background)
            for a, x in left.items():
                for b, y in right.items():
                    yield _pair(a, b, sets, x, y)


def _templates(values: Array, picks: NDArray[np.int64], background: Background) -> _Templates:
    made = [template(background.whitening.unit(values[p])) for p in picks]
    directions = np.stack([t.direction for t in made])
    return _Templates(
        directions,
        panel_scale(directions, background.panel),
        cut(directions, real_panel(background)),
        np.array([t.reliability >= RELIABLE for t in made]),
        (directions @ background.jpeg.T).max(1) > JPEG_FLAG,
    )


def _pair(a: str, b: str, sets: Mapping[str, Drawn], x: _Templates, y: _Templates) -> Scored:
    one, two = sets[a], sets[b]
    real = one.row is None or two.row is None
    return Scored(
        a,
        b,
        REAL if one.row is None or two.row is None else relation(one.row, two.row),
        "" if real or not (one.row and two.row) else shared_data(one.row, two.row),
        (one.family, two.family),
        score(x.directions, x.scales, y.directions, y.scales),
        (x.directions * y.directions).sum(1),
        likeness(x.blocks, y.blocks),
        x.judgeable & y.judgeable & ~(x.flagged & y.flagged),
    )
