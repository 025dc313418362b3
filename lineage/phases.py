"""Searching the phases of images that were cropped off their generator's grid or mirrored, and what that costs.

The likelihood ratio of a search is the mean of the phases' ratios, weighted by how likely each is before looking: one
in four is mirrored in place, which keeps every pixel, and the other 127 share the rest. So a search divides what one
phase tells by 4, or by up to 169. Off the grid strangers have no heavier tail than on it (measured on grown decoders),
so that the calibration is the same; see ``docs/method.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.answers import FoundPhase
from difreg.lineage.calibration import LIMIT, calibration_at, log_likelihood_ratio
from difreg.lineage.keeping.population import Population
from difreg.lineage.kinship import Kinship, probability
from difreg.numerals import count, equal
from difreg.registry.background import Background
from difreg.registry.fingerprints import JPEG_FLAG, panel_scale
from difreg.registry.phases import Phase, aligned_units, phases
from difreg.registry.profiles import Profile, profile
from difreg.registry.whitening import PERIOD, template

Array = NDArray[np.float64]
MIRRORED_IN_PLACE = 0.25


@cache
def prior() -> Array:
    """(128,) probability of each of :func:`difreg.registry.phases.phases` before looking, of images that moved."""
    out = np.full(len(phases()), (1 - MIRRORED_IN_PLACE) / (len(phases()) - 1))
    out[phases().index(Phase(0, 0, mirrored=True))] = MIRRORED_IN_PLACE
    return out


@dataclass(frozen=True)
class Search:
    """What a search found.

    Attributes
    ----------
    place
        Of the likeliest phase, in :func:`difreg.registry.phases.phases`.
    probability
        Of that phase, if a relative is registered.
    kinship
        (m,) kinship with each member at that phase.
    log_ratios
        (m,) natural logarithm of the mean of the likelihood ratios over all phases, weighted by their prior.
    """

    place: int
    probability: float
    kinship: Array
    log_ratios: Array

    @property
    def phase(self) -> Phase:
        """The likeliest phase."""
        return phases()[self.place]

    def told(self) -> FoundPhase:
        """As answers tell it."""
        p, searched = self.phase, len(phases())
        where = f"{count(p.dy, 'row')} and {count(p.dx, 'column')} off the grid of {PERIOD} pixels"
        text = (
            f"searched {searched} phases: likeliest {where}{', mirrored' if p.mirrored else ''} "
            f"(P {equal(self.probability)} if a relative is registered); likelihood ratios are means over all of them"
        )
        return FoundPhase(p.dy, p.dx, p.mirrored, PERIOD, self.probability, searched, text)

    def priced(self, known: Sequence[Kinship]) -> list[Kinship]:
        """Kinship at the likeliest phase, with what the search leaves of its likelihood ratio."""
        return [
            replace(
                k,
                log_likelihood_ratio=float(ratio),
                probability=float(probability(ratio)),
                price=max(k.log_likelihood_ratio - float(ratio), 0.0),
            )
            for k, ratio in zip(known, self.log_ratios, strict=True)
        ]


def directions(sketches: Array, background: Background) -> Array:
    """(128, 192) directions of the template of (n, 3, 16, 16) sketches, a phase a row."""
    return np.stack([template(units).direction for units in aligned_units(sketches, background.whitening)])


def search(
    turned: Array,
    members: Array,
    scales: Array,
    images: NDArray[np.int64],
    judged: NDArray[np.bool_],
    flagged: NDArray[np.bool_],
    homes: Sequence[str],
    background: Background,
) -> Search:
    """Search all phases of one set, or of one image, against every member.

    Parameters
    ----------
    turned
        (128, 192) :func:`directions`.
    members, scales
        (m, 192) directions and (m,) panel scales; NaN for a member that has no part in kinship.
    images
        (m,) images of the smaller set in each pair.
    judged
        (m,) which members may be called kin.
    flagged
        (m,) which look JPEG-compressed: at a phase at which the images do too, nothing speaks for them.
    homes
        (m,) the family of each.
    """
    own = panel_scale(turned, background.panel)
    z = turned @ members.T / 2 * (1 / own[:, None] + 1 / scales)
    ratios = np.empty_like(z)
    for number in np.unique(images).tolist():
        mine = images == number
        ratios[:, mine] = np.exp(log_likelihood_ratio(z[:, mine], calibration_at(background.calibrations, number)))
    compressed = (turned @ background.jpeg.T).max(1) > JPEG_FLAG
    told = np.where(compressed[:, None] & flagged, 0.0, ratios)
    use = np.flatnonzero(judged & ~np.isnan(told).any(0))
    families: dict[str, list[int]] = {}
    for k in use.tolist():
        families.setdefault(homes[k], []).append(k)
    weights = sum((told[:, rows].mean(1) for rows in families.values()), np.zeros(len(turned))) * prior()
    # Where several phases reach the limit of the calibration, the highest kinship decides.
    heights = z[:, use].max(1) if len(use) else np.zeros(len(turned))
    place = int(np.lexsort((heights, weights))[-1])
    with np.errstate(divide="ignore"):
        mean = np.maximum(np.log(prior() @ told), -LIMIT)
    share = float(weights[place] / weights.sum()) if weights.any() else float("nan")
    return Search(place, share, z[place], mean)


def search_set(query: Profile, members: Population, families: Mapping[str, str]) -> Search:
    """Search the phases of images that share one, against registered generators without these images."""
    homes = [families.get(name, name) for name in members.names]
    turned = directions(query.sketches, query.background)
    images = np.minimum(members.counts, len(query))
    columns = (members.directions, members.scales, images, members.reliable & members.evidence, members.flagged)
    return search(turned, *columns, homes, query.background)


def aligned(query: Profile, phase: Phase) -> Profile:
    """The images as they would be, had they begun on the grid."""
    return profile(
        query.name,
        query.contents,
        phase.aligned(query.sketches),
        query.background,
        tiles=query.tiles,
        histories=query.histories,
    )
