"""Detecting: which registered generators' fingerprint a single image carries.

The raw correlation with a fingerprint tells generated images from photographs well, but unrelated upsamplers share its
loudest peaks; so an image is attributed by its whitened kinship, as a trace of one image, and the correlation and its
p-value are told beside it. (Measured on 36 sets, each image left out of its own: 378 attributed, all to the right
family; with the relatives taken out, none of 720, and none of 71 photographs.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from difreg.lineage import answers as a
from difreg.lineage.calibration import calibration_at, log_likelihood_ratio
from difreg.lineage.histories import history_caveats
from difreg.lineage.keeping.foreign import detect_caveats
from difreg.lineage.kinship import attributable, probability, score
from difreg.lineage.phases import search
from difreg.lineage.student import student_scale, tail
from difreg.lineage.tracing import DECIDED, posterior
from difreg.registry.background import Background
from difreg.registry.detection import correlations
from difreg.registry.fingerprints import panel_scale
from difreg.registry.histories.record import Histories
from difreg.registry.phases import aligned_units, best_correlations
from difreg.registry.profiles import Profile

Array = NDArray[np.float64]
TOLD = 8
BLOCK = 64  # images turned through all phases at once
TAIL = 4  # degrees of freedom of photographs' correlations


@dataclass(frozen=True)
class Scores:
    """(members, images) correlations, their p-values against photographs, kinship and its logarithmic ratio; and the
    phase found for each image, if one was searched for."""

    correlation: Array
    p_value: Array
    kinship: Array
    log_ratio: Array
    phases: tuple[a.FoundPhase | None, ...]


def measure(
    query: Profile,
    members: Sequence[Profile],
    homes: Sequence[str],
    judged: NDArray[np.bool_],
    search_phase: bool = False,
) -> Scores:
    """Score every image of ``query`` with every member; one that was trained on it is solved again without."""
    correlation, p_value = _photographic(query.sketches, members, query.background, search_phase)
    directions = np.stack([m.direction for m in members])
    scales = np.array([m.fingerprint.scale for m in members])
    apart: dict[int, dict[int, Profile | None]] = {}
    for row, member in enumerate(members):
        held = set(member.contents)
        for k in (k for k, content in enumerate(query.contents) if content in held):
            fresh = member.without({query.contents[k]})
            apart.setdefault(k, {})[row] = fresh
            correlation[row, k], p_value[row, k] = np.nan, np.nan
            if fresh:
                alone = _photographic(query.sketches[[k]], [fresh], query.background, search_phase)
                correlation[row, k], p_value[row, k] = alone[0][0, 0], alone[1][0, 0]
    kinship, log_ratio = np.empty_like(correlation), np.empty_like(correlation)
    found: list[a.FoundPhase | None] = []
    for k, turned in enumerate(_turned(query, search_phase)):
        theirs, wide = directions, scales
        if k in apart:
            theirs, wide = directions.copy(), scales.copy()
            for row, fresh in apart[k].items():
                theirs[row] = fresh.direction if fresh else np.nan
                wide[row] = fresh.fingerprint.scale if fresh else np.nan
        if search_phase:
            single = np.ones(len(members), np.int64)
            told = search(turned, theirs, wide, single, judged, single < 1, homes, query.background)
            kinship[:, k], log_ratio[:, k] = told.kinship, told.log_ratios
            found.append(told.told())
        else:
            kinship[:, k] = score(theirs, wide, turned, panel_scale(turned, query.background.panel))
            log_ratio[:, k] = log_likelihood_ratio(kinship[:, k], calibration_at(query.background.calibrations, 1))
            found.append(None)
    return Scores(correlation, p_value, kinship, log_ratio, tuple(found))


def _turned(query: Profile, search_phase: bool) -> Iterator[Array]:
    """Each image's whitened direction, (192,); or that under each phase, (128, 192)."""
    if not search_phase:
        yield from query.units
        return
    for begin in range(0, len(query), BLOCK):
        block = query.sketches[begin : begin + BLOCK]
        yield from np.stack(list(aligned_units(block, query.background.whitening)), axis=1)


def _photographic(
    sketches: Array, members: Sequence[Profile], background: Background, search_phase: bool
) -> tuple[Array, Array]:
    """(members, images) correlations and their p-values; of a search the highest, against photographs' highest."""
    filters = np.stack([m.fingerprint.detector for m in members])
    correlate = best_correlations if search_phase else correlations
    found = correlate(filters, sketches)
    return found, _p_values(found, correlate(filters, background.negatives), search_phase)


def _p_values(found: Array, photographs: Array, highest: bool = False) -> Array:
    """One-sided p-values of (f, n) correlations against (f, m) of photographs.

    Photographs follow a Student t of four degrees: each left out in turn, .012 of them have p < .01 under
    ``periodic-1`` and .034 under ``wavelet-1``; with a normal's tail it would be .018 and .038. Where each is the
    highest of many, they lean to the right: the spread is that of the upper half about the median, and .020 have.
    """
    centre = np.median(photographs, 1, keepdims=True) if highest else photographs.mean(1, keepdims=True)
    known = np.sort(photographs)[:, (photographs.shape[1] + 1) // 2 :] if highest else photographs
    spread = student_scale(known - centre, TAIL)[:, None] * sqrt(1 + 1 / photographs.shape[1])
    return tail((found - centre) / spread, TAIL)


def detect(
    query: Profile,
    files: Sequence[str],
    members: Sequence[Profile],
    families: Mapping[str, str],
    prior: float,
    search_phase: bool = False,
    silent: Collection[str] = (),
) -> tuple[a.DetectedImage, ...]:
    """A row an image, in the order of ``files``; no image is attributed by what the ``silent`` members say."""
    homes = [families.get(m.name, m.name) for m in members]
    judged = np.array([attributable(m) and m.name not in silent for m in members])
    scores = measure(query, members, homes, judged, search_phase)
    ratios = scores.log_ratio
    known = query.histories or Histories.unknown(len(query))
    usable = judged[:, None] & ~np.isnan(ratios)
    return tuple(
        _row(file, k, members, homes, families, scores, ratios[:, k], usable[:, k], prior, known.kept([k]))
        for k, file in enumerate(files)
    )


def _row(
    file: str,
    k: int,
    members: Sequence[Profile],
    homes: Sequence[str],
    families: Mapping[str, str],
    scores: Scores,
    ratios: Array,
    judged: NDArray[np.bool_],
    prior: float,
    happened: Histories,
) -> a.DetectedImage:
    groups: dict[str, list[float]] = {}
    for home, ratio, use in zip(homes, np.exp(ratios), judged, strict=True):
        if use:
            groups.setdefault(home, []).append(float(ratio))
    none, shares = posterior({f: float(np.mean(v)) for f, v in groups.items()}, prior)
    best = max(shares, key=lambda f: (shares[f], f), default="")
    order = sorted(np.flatnonzero(~np.isnan(ratios)).tolist(), key=lambda i: (-scores.kinship[i, k], members[i].name))
    attributed = shares.get(best, 0.0) >= DECIDED
    nearest = next((members[i].name for i in order if homes[i] == best and judged[i]), None)
    chances = probability(ratios)
    beside = np.flatnonzero(np.isnan(ratios) & ~np.isnan(scores.p_value[:, k])).tolist()
    beside.sort(key=lambda i: (scores.p_value[i, k], members[i].name))
    rows = tuple(
        a.DetectionScore(
            members[i].name,
            members[i].version,
            float(scores.correlation[i, k]),
            float(chances[i]),
            float(scores.p_value[i, k]),
        )
        for i in (*order[:TOLD], *beside)
    )
    return a.DetectedImage(
        file=file,
        # What hides a fingerprint speaks against none of them.
        generated=True if attributed else (False if none >= DECIDED and not happened.is_altered else None),
        generator=nearest if attributed else None,
        family=families.get(nearest or "") if attributed else None,
        probability=shares.get(best, 0.0),
        scores=rows,
        warnings=(*history_caveats(happened), *(detect_caveats(members[i]) for i in beside)),
        phase=scores.phases[k],
    )
