"""Cross-detection: scoring the images of one generator with the fingerprint of another, in both orientations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from difreg.lineage.answers import CrossDetection
from difreg.registry.detection import correlations, detection, mann_whitney
from difreg.registry.profiles import Profile

FOLDS = 20


def cross_detect(fingerprint: Profile, images: Profile) -> CrossDetection | None:
    """Score ``images``' images under ``fingerprint``'s fingerprint; None if it was trained on all of them.

    An image that trained the fingerprint never scores it.
    """
    fresh = images.without(frozenset(fingerprint.contents))
    return cross_detect_all([fingerprint], fresh)[0] if fresh else None


def cross_detect_all(fingerprints: Sequence[Profile], images: Profile) -> list[CrossDetection]:
    """:func:`cross_detect` of one set of images under many fingerprints, none of which was trained on them."""
    filters = np.stack([f.fingerprint.detector for f in fingerprints])
    thresholds = np.array([f.fingerprint.threshold for f in fingerprints])
    background = images.background
    found = detection(correlations(filters, images.sketches), correlations(filters, background.negatives), thresholds)
    scores = np.stack([f.fingerprint.aim for f in fingerprints]) @ images.direction
    return [
        CrossDetection(f.name, images.name, float(s), float(a), float(r), float(p), len(images))
        for f, s, a, r, p in zip(fingerprints, scores, found.auc, found.accuracy, found.p_value, strict=True)
    ]


def cross_detect_each(fingerprints: Sequence[Profile], images: Profile) -> list[CrossDetection | None]:
    """:func:`cross_detect` of one set of images under many fingerprints, whatever they were trained on."""
    mine = frozenset(images.contents)
    free = [f for f in fingerprints if mine.isdisjoint(f.contents)]
    # A fingerprint that trained on none of the images can score them together with all such others.
    found = iter(cross_detect_all(free, images) if free else ())
    return [next(found) if mine.isdisjoint(f.contents) else cross_detect(f, images) for f in fingerprints]


def cross_detect_self(made: Profile) -> CrossDetection | None:
    """A generator's images under its own fingerprint, none of which it trained on; None for fewer than three images.

    Each of up to 20 images is scored by the fingerprint of the others, of which its threshold is too; more are left
    out in 20 parts. What scores is always the closed form: another solver would need the images again.
    """
    n = len(made)
    if n < 3:
        return None
    parts = np.array_split(np.arange(n), min(n, FOLDS))
    hits, rejections, wins = np.empty((3, n))
    for part in parts:
        rest = made.without(frozenset(made.contents[k] for k in part))
        if rest is None:
            return None
        detector, threshold = rest.fingerprint.detector[None], np.array([rest.fingerprint.threshold])
        negatives = correlations(detector, made.background.negatives)
        scores = correlations(detector, made.sketches[part])
        hits[part], rejections[part] = scores[0] > threshold, (negatives <= threshold).mean()
        wins[part] = [detection(s[None, None], negatives, threshold).auc[0] for s in scores[0]]
    score = float((made.jackknife[0] * made.units).sum(1).mean() / np.linalg.norm(made.units.mean(0)))
    accuracy, auc = float(hits.mean() + rejections.mean()) / 2, float(wins.mean())
    p_value = mann_whitney(auc, n, len(made.background.negatives))
    return CrossDetection(made.name, made.name, score, auc, accuracy, p_value, n)
