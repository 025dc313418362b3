"""Cross-detection: scoring the images of one generator with the fingerprint of another, in both orientations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from difreg.lineage.answers import CrossDetection
from difreg.registry.detection import correlations, detection
from difreg.registry.profiles import Profile


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
