"""Fingerprints: the DIF of a generator, how it was solved, and how good it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from difreg.registry.background import Background
from difreg.registry.detection import correlations, detection, leave_one_out
from difreg.registry.whitening import Template, Whitening, template

Array = NDArray[np.float64]
RELIABLE = 0.5
JPEG_FLAG = 0.3


@dataclass(frozen=True)
class Fingerprint:
    """A solved fingerprint with all that scoring needs.

    Attributes
    ----------
    array
        (3, 16, 16); positive where the generator's residuals are. For ``lattice``: mean sketch of the generator minus
        mean sketch of photographs, the closed form of the Deep Image Fingerprint on its 16-periodic lattice.
    template
        The whitened direction kinship is read from.
    detector
        (3, 16, 16) filter that single images are correlated with. For ``lattice`` matched to ``array`` in the noise of
        photographs (:meth:`difreg.registry.detection.Noise.matched`), else ``array`` itself.
    scale
        Root mean square cosine of the template with the background's panel.
    threshold
        Correlation with the detector above which an image counts as carrying the fingerprint: the midpoint of the mean
        leave-one-out score of its own images and the mean score of photographs (the paper's nearest-centre rule).
    separation
        Leave-one-out AUC of its own images against the held-out photographs.
    jpeg
        Largest cosine of the template with a JPEG direction; above .3 the images were JPEG.
    own_aim
        (192,) whitened direction of ``array`` where that is not the template's; see :attr:`aim`.
    """

    solver: str
    array: Array
    detector: Array
    template: Template
    scale: float
    threshold: float
    separation: float
    jpeg: float
    own_aim: Array | None = None

    @property
    def aim(self) -> Array:
        """(192,) unit direction whose whitened cosine with a set of images is their cross-detection score."""
        return self.template.direction if self.own_aim is None else self.own_aim

    @property
    def flagged(self) -> bool:
        """Whether the images look JPEG-compressed."""
        return self.jpeg > JPEG_FLAG


def lattice_array(sketches: Array, photo_mean: Array, tiles: Array | None = None) -> Array:
    """The array of the closed form, (3, 16, 16): mean sketch, weighted by (n,) ``tiles``, less that of photographs."""
    mean: Array = sketches.mean(0) if tiles is None else np.average(sketches, axis=0, weights=tiles)
    return mean - photo_mean


def solve_lattice(sketches: Array, background: Background, tiles: Array | None = None) -> Fingerprint:
    """The closed-form fingerprint of (n, 3, 16, 16) sketches, n of 2 or more.

    Parameters
    ----------
    tiles
        (n,) how many tiles of 256 x 256 pixels each sketch is the mean of; one each where None. The array weighs the
        images by them, the template does not: in kinship no image counts more than another.
    """
    array = lattice_array(sketches, background.photo_mean, tiles)
    detector = background.noise.matched(array)
    own = leave_one_out(sketches, background.photo_mean, background.noise, tiles)
    photos = correlations(detector[None], background.negatives)
    centre = float(correlations(detector[None], background.photo_mean[None])[0, 0])
    threshold = (float(own.mean()) + centre) / 2
    apart = detection(own[None], photos, np.array([threshold]))
    made = template(background.whitening(sketches))
    return Fingerprint(
        solver="lattice",
        array=array,
        detector=detector,
        template=made,
        scale=float(panel_scale(made.direction[None], background.panel)[0]),
        threshold=threshold,
        separation=float(apart.auc[0]),
        jpeg=float((background.jpeg @ made.direction).max()),
    )


def panel_scale(directions: Array, panel: Array, related: float = 0.35, floor: float = 0.03) -> Array:
    """Root mean square cosine of (..., 192) unit directions with the (p, 192) panel, (...).

    Panel entries with an absolute cosine of ``related`` or more are left out of that direction's scale, so that a
    relative in the panel does not widen it; the smallest third always takes part.
    """
    cosines = np.abs(directions @ panel.T)
    third = np.sort(cosines, axis=-1)[..., (panel.shape[0] - 1) // 3, None]
    used = (cosines < related) | (cosines <= third)
    out: Array = np.maximum(np.sqrt((cosines**2 * used).sum(-1) / used.sum(-1)), floor)
    return out


def whitened_direction(array: Array, whitening: Whitening) -> Array:
    """Unit direction, (192,), of any solver's fingerprint folded to (3, 16, 16)."""
    out: Array = whitening(array[None])[0]
    return out
