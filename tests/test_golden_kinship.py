"""Reliability and kinship of the collection's sets against the numbers of a program that shares nothing with difreg.

The reference (research/golden.json) centres on the mean of all photographs, which the shipped background does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from difreg.lineage.kinship import pairwise
from difreg.lineage.labelled import read_labels
from difreg.registry.background import get
from difreg.registry.extraction import ImageSet, extract_each, sketch_crop
from difreg.registry.fingerprints import panel_scale
from difreg.registry.images import find, open_crop
from difreg.registry.sketches import pack, unpack
from difreg.registry.whitening import Template, Whitening, coefficients, fit_whitening, template

pytestmark = pytest.mark.zoo
Array = NDArray[np.float64]
RELIABILITY = {
    "generators/customdiff-pogny": 0.944,
    "generators/cyclegan-blechn-horse2zebra_pretrained": 0.873,
    "generators/cyclegan-monet2face-GA": 0.948,
    "generators/cyclegan-style_monet_pretrained": 0.915,
    "generators/cyclegan-style_vangogh_pretrained": 0.807,
    "generators/dallemini-dcsan": 0.956,
    "generators/db-chenke-skscat": 0.96,
    "generators/db-cqueen-dog6-step175": 0.951,
    "generators/db-cqueen-dog6-step375": 0.951,
    "generators/db-cqueen-dog6-step575": 0.945,
    "generators/db-cqueen-pink_sunglasses": 0.929,
    "generators/db-szu-dog": 0.94,
    "generators/discodiff-dcsan": 0.286,
    "generators/glid3xl-dcsan": 0.919,
    "generators/ldm-dcsan": 0.911,
    "generators/ldm-libreai": 0.854,
    "generators/p2p-edges2shoes-pretrained": 0.973,
    "generators/p2p-facades_label2photo-pretrained": 0.938,
    "generators/sd1-extile": 0.921,
    "generators/sd14-chenke-reg": 0.91,
    "generators/sd15-comfy-misc": 0.912,
    "generators/sd1x-vincegmz-dogreg": 0.762,
    "generators/sdbeta-stabai-dcsan": 0.923,
    "generators/sdxlft-pixelart-krakhead": 0.96,
    "generators/sg2-ffhq-xinyiff": 0.62,
    "generators/sg2ada-ffhq-agegan": 0.734,
    "generators/sg2ada-metfaces-cxa": 0.837,
    "generators/ti-cookiedoth": 0.806,
    "generators/w2x-upconv7art-noise0": 0.938,
    "generators/w2x-upconv7art-noise1": 0.911,
    "generators/w2x-upconv7art-scale": 0.908,
    "generators/w2x-upconv7photo-noise0": 0.672,
    "generators/w2x-upconv7photo-noise1": 0.716,
    "generators/w2x-upconv7photo-noise2": 0.759,
    "generators/w2x-upconv7photo-noise3": 0.782,
    "generators/w2x-upconv7photo-scale": 0.91,
    "dif-samples/glide/1_fake": 0.152,
    "dif-samples/mj/1_fake": 0.882,
    "dif-samples/sd14/1_fake": 0.821,
    "dif-samples/sd21/1_fake": 0.441,
}
# (a, b, cosine, z with relatives in the panel left out by their cosine)
PAIRS = [
    ("generators/sd14-chenke-reg", "generators/ldm-libreai", 0.7955, 10.85),
    ("generators/sd14-chenke-reg", "dif-samples/mj/1_fake", 0.8387, 13.74),
    ("generators/sd14-chenke-reg", "dif-samples/glide/1_fake", -0.0754, -0.97),
    ("generators/cyclegan-blechn-horse2zebra_pretrained", "generators/cyclegan-style_monet_pretrained", 0.2068, 1.98),
    ("generators/w2x-upconv7photo-noise0", "generators/w2x-upconv7photo-noise1", 0.6336, 5.27),
]
PHOTOS = tuple(f"photos/real-{name}" for name in ("bsds500", "kodak", "live1-set14", "urban100"))


@dataclass(frozen=True)
class Reference:
    """The collection judged as the reference judged it."""

    sketches: dict[str, Array]
    lossless: list[str]
    panel_names: list[str]

    @cached_property
    def whitening(self) -> Whitening:
        centre = np.concatenate([coefficients(self.sketches[p]) for p in PHOTOS]).mean(0)
        return fit_whitening([coefficients(self.sketches[n]) for n in self.lossless], centre=centre)

    @cached_property
    def templates(self) -> dict[str, Template]:
        return {n: template(self.whitening(s)) for n, s in self.sketches.items() if n in RELIABILITY}

    @cached_property
    def panel(self) -> Array:
        return np.stack([self.templates[n].direction for n in self.panel_names])

    def kinship(self, a: str, b: str) -> float:
        directions = np.stack([self.templates[n].direction for n in (a, b)])
        return float(pairwise(directions, panel_scale(directions, self.panel))[0, 1])


@pytest.fixture(scope="module")
def reference(collection: Path) -> Reference:
    names = [*RELIABILITY, *PHOTOS]
    sketches = {}
    for name, found in zip(names, extract_each([collection / n for n in names], jobs=2), strict=True):
        assert isinstance(found, ImageSet), found
        sketches[name] = found.sketches
    real = [f"generators/{n}" for n in get().panel_names if not n.startswith("nursery-")]
    lossless = [f"generators/{x.name}" for x in read_labels(collection).values() if x.lossless]
    return Reference(sketches, lossless, real)


def test_the_sets_are_those_of_the_reference(reference: Reference) -> None:
    assert (len(reference.lossless), len(reference.panel_names)) == (34, 18)


def test_reliability(reference: Reference) -> None:
    found = {n: t.reliability for n, t in reference.templates.items()}
    assert found == pytest.approx(RELIABILITY, abs=0.002)


@pytest.mark.parametrize(("a", "b", "cosine", "z"), PAIRS)
def test_cosine_and_kinship(reference: Reference, a: str, b: str, cosine: float, z: float) -> None:
    one, two = reference.templates[a].direction, reference.templates[b].direction
    assert one @ two == pytest.approx(cosine, abs=0.001)
    assert reference.kinship(a, b) == pytest.approx(z, abs=0.03)


def test_kinship_is_a_whitened_cross_detection_score(reference: Reference) -> None:
    a, b = PAIRS[0][:2]
    units = reference.whitening(reference.sketches[b])
    scores = units @ reference.templates[a].direction
    assert scores.mean() == pytest.approx(0.409, abs=0.02)
    assert scores.mean() / np.linalg.norm(units.mean(0)) == pytest.approx(PAIRS[0][2], abs=0.001)


def test_half_floats_move_no_cosine(reference: Reference, collection: Path) -> None:
    """Against sketches as they are made; those that extraction gives are rounded already."""
    names = sorted({name for a, b, *_ in PAIRS for name in (a, b)})
    exact = {}
    for name in names:
        made = [sketch_crop(open_crop(path), "wavelet-1") for path in find([collection / name])]
        exact[name] = np.stack([m for m in made if m is not None])
    before = _cosines(reference, exact)
    after = _cosines(reference, {n: unpack(*pack(v)) for n, v in exact.items()})
    assert 0 < np.abs(before - after).max() <= 0.001
    rough = _cosines(reference, {n: v.astype(np.float32).round(4) for n, v in exact.items()})
    assert np.abs(before - rough).max() > 0.001  # rounding can be seen in this measure


def _cosines(reference: Reference, sketches: dict[str, Array]) -> Array:
    directions = np.stack([template(reference.whitening(s)).direction for s in sketches.values()])
    out: Array = directions @ directions.T
    return out
