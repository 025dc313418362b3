"""What both sides of a pair carry that is no generator's own: compression, an invisible watermark.

Such a pair looks alike whoever made it. It is judged only where it stays kin once the known directions are taken out of
both templates, and of the panel they are measured with.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.calibration import log_likelihood_ratios
from difreg.lineage.keeping.population import Population
from difreg.registry.background import Background
from difreg.registry.fingerprints import panel_scale
from difreg.registry.nuisance import WATERMARKED, watermark_of
from difreg.registry.profiles import Profile
from difreg.registry.whitening import LEAST

Array = NDArray[np.float64]


def watermark_cosine(directions: Array, background: Background) -> Array:
    """Cosine of (..., 192) templates with the watermark."""
    out: Array = directions @ watermark_of(background)
    return out


def confounded(query: Profile, others: Population) -> NDArray[np.bool_]:
    """(m,) whether what the query and a generator both carry may be all that makes them alike."""
    return jpeg_pairs(query, others) | watermark_pairs(query, others)


def jpeg_pairs(query: Profile, others: Population) -> NDArray[np.bool_]:
    """(m,) both look compressed. Nothing is to be had by taking JPEG's directions out: see docs/robustness.md."""
    return others.flagged & query.flagged


def watermark_pairs(query: Profile, others: Population) -> NDArray[np.bool_]:
    """(m,) both carry the watermark, and are not kin without it."""
    mark = watermark_of(query.background)
    both = (others.directions @ mark > WATERMARKED) & (query.direction @ mark > WATERMARKED)
    if both.any():
        z = kinship_without(query.direction, others.directions[both], mark[None], query.background)
        images = np.minimum(others.counts[both], len(query))
        both[both] = log_likelihood_ratios(z, images, query.background.calibrations) < 0
    return both


def kinship_without(one: Array, others: Array, taken: Array, background: Background) -> Array:
    """(m,) kinship of a (192,) direction with (m, 192) others after the (k, 192) rows ``taken`` are projected out."""
    _, values, rows = np.linalg.svd(taken, full_matrices=False)
    basis = rows[values > max(float(values.max()), LEAST) * 1e-6]
    mine, theirs, panel = (_projected(x, basis) for x in (one[None], others, background.panel))
    scales = panel_scale(np.concatenate([mine, theirs]), panel)
    out: Array = theirs @ mine[0] / 2 * (1 / scales[0] + 1 / scales[1:])
    return out


def _projected(directions: Array, basis: Array) -> Array:
    left = directions - directions @ basis.T @ basis
    out: Array = left / np.maximum(np.linalg.norm(left, axis=1, keepdims=True), LEAST)
    return out
