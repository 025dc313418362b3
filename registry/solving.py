"""Solving a fingerprint with a solver that needs the images again, and what is kept of it.

A network's fingerprint is folded to 16 pixels to score sketches, as every fingerprint does. Kinship is not read from
it: it stays with the template of the sketches, which is the more reliable statistic. Nothing here loads torch before
something is solved.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from difreg.errors import StorageError
from difreg.registry.background import Background
from difreg.registry.detection import correlations, detection
from difreg.registry.extraction import ImageSet, Progress
from difreg.registry.fingerprints import Fingerprint, solve_lattice, whitened_direction
from difreg.registry.sketches import PERIOD
from difreg.registry.solvers import Solved, fold_to
from difreg.registry.threads import single_threaded
from difreg.registry.whitening import Template

Array = NDArray[np.float64]
CANVAS = {"unet": 32, "paper": 256}
LEAST = {"lattice": 2, "unet": 4, "paper": 2}  # images; unet is tested on halves of two
SOLVERS = tuple(LEAST)


@dataclass(frozen=True)
class Solution:
    """A solved fingerprint and what scoring cannot read from the sketches.

    Attributes
    ----------
    array
        (3, P, P) float32 on the solver's own canvas.
    seed
        None for a fingerprint that was solved elsewhere.
    threshold
        Correlation of a sketch with :attr:`folded` above which an image counts as carrying it.
    separation
        AUC of its own images, held out, against the background's photographs; NaN where none were held out.
    photographs
        SHA-256 over those of the photographs it was solved with; empty for the background's.
    facts
        What else the solver told: see :class:`difreg.registry.solvers.Solved`.
    """

    solver: str
    array: NDArray[np.float32]
    seed: int | None
    threshold: float
    separation: float
    photographs: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def canvas(self) -> int:
        """Period in pixels."""
        return int(self.array.shape[-1])

    @property
    def folded(self) -> Array:
        """(3, 16, 16): what scores sketches, which have no flat part in any channel."""
        return on_sketches(self.array)

    def fingerprint(self, sketches: Array, background: Background, tiles: Array | None = None) -> Fingerprint:
        """The fingerprint, with the template of the images' (n, 3, 16, 16) sketches."""
        closed = solve_lattice(sketches, background, tiles)
        return Fingerprint(
            solver=self.solver,
            array=self.folded,
            detector=self.folded,
            template=closed.template,
            scale=closed.scale,
            threshold=self.threshold,
            separation=self.separation,
            jpeg=closed.jpeg,
            own_aim=whitened_direction(self.folded, background.whitening),
        )

    def alone(self, background: Background) -> Fingerprint:
        """The fingerprint where there are no sketches: it scores images, and is no part of kinship."""
        aim = whitened_direction(self.folded, background.whitening)
        nothing = Template(np.full_like(aim, np.nan), np.nan)
        f = self.folded
        return Fingerprint(self.solver, f, f, nothing, np.nan, self.threshold, self.separation, np.nan, aim)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As arrays to be stored beside the sketches; :func:`stored` reads them."""
        told = {
            "solver": self.solver,
            "seed": self.seed,
            "threshold": _told(self.threshold),
            "separation": _told(self.separation),
            "photographs": self.photographs,
            "facts": self.facts,
        }
        text = json.dumps(told, sort_keys=True, allow_nan=False).encode()
        return {"solved": self.array, "solution": np.frombuffer(text, np.uint8)}


def stored(arrays: Mapping[str, NDArray[Any]]) -> Solution | None:
    """The solution among stored arrays; None where they are those of a ``lattice`` fingerprint.

    Raises
    ------
    StorageError
        If it is damaged.
    """
    if "solution" not in arrays:
        return None
    try:
        told = json.loads(arrays["solution"].tobytes())
        threshold, separation = (np.nan if told[k] is None else float(told[k]) for k in ("threshold", "separation"))
        seed = None if told["seed"] is None else int(told["seed"])
        return Solution(
            str(told["solver"]),
            arrays["solved"],
            seed,
            threshold,
            separation,
            str(told["photographs"]),
            dict(told["facts"]),
        )
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise StorageError("A stored fingerprint is damaged.", "Run `difreg verify`.") from error


def _told(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def on_sketches(array: NDArray[Any]) -> Array:
    """(3, P, P) folded to 16 pixels, less each channel's mean, which no sketch has."""
    made = fold_to(array)
    out: Array = made - made.mean((1, 2), keepdims=True)
    return out


def photographs_digest(reals: ImageSet | None) -> str:
    """What names a set of photographs whatever their order; empty for none."""
    if reals is None:
        return ""
    return hashlib.sha256("".join(sorted(i.content for i in reals.images)).encode()).hexdigest()


def imported(solved: Solved) -> Solution:
    """A fingerprint that was solved elsewhere, whose images are not at hand.

    Its threshold is half-way between the two centres it came with, which are of the images it was fitted to. A fitted
    array agrees with those in proportion to its energy; so the part of their correlation that lies on the lattice is
    the lattice's share of its length.
    """
    array = np.asarray(solved.array, np.float64)
    length = float(np.linalg.norm(array - array.mean()))
    share = array.shape[-1] / PERIOD * float(np.linalg.norm(on_sketches(array))) / length
    middle = (solved.facts["mu_real"] + solved.facts["mu_fake"]) / 2
    facts = _plain({**solved.facts, "steps": solved.steps})
    return Solution(solved.solver, solved.array, solved.seed, middle * share, np.nan, facts=facts)


def solve(
    solver: str,
    images: ImageSet,
    background: Background,
    reals: ImageSet | None = None,
    *,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Solution:
    """Solve a fingerprint with ``unet`` or ``paper``.

    Parameters
    ----------
    images, reals
        Generated images and photographs, extracted with the solver's canvas. ``unet`` takes the background's mean of
        photographs where there are no ``reals``; ``paper`` must have them.
    device
        ``cpu``, ``cuda`` or ``auto``.

    Returns
    -------
    For ``unet`` the threshold is half-way from photographs to its own images, and both that and the separation are
    of images that a fingerprint of the other half of them was solved without. ``paper`` holds nothing out: its
    threshold is half-way between the two centres of the images it was solved from, as published, and its separation
    is not known.
    """
    solved = (_unet if solver == "unet" else _paper)(images, background, reals, seed, device, progress)
    array = on_sketches(solved.array)[None]
    with single_threaded():
        if solver == "unet":
            own, separation = _held_out(images, background, reals, seed, device, progress)
            centre = float(correlations(array, background.photo_mean[None])[0, 0])
        else:
            assert reals is not None  # noqa: S101 - _paper had them
            own, centre = (float(correlations(array, x.sketches).mean()) for x in (images, reals))
            separation = np.nan
    facts = {**solved.facts, "steps": solved.steps}
    return Solution(
        solver, solved.array, seed, (own + centre) / 2, separation, photographs_digest(reals), _plain(facts)
    )


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _told(v) if isinstance(v, float) else v for k, v in facts.items()}


def _unet(
    images: ImageSet,
    background: Background,
    reals: ImageSet | None,
    seed: int,
    device: str,
    progress: Progress | None,
    rows: NDArray[np.int64] | None = None,
) -> Solved:
    from difreg.registry.solvers.unet import solve_unet

    canvas = CANVAS["unet"]
    fakes = _folds(images) if rows is None else _folds(images)[rows]
    copies = canvas // PERIOD
    photographs = np.tile(background.photo_mean, (1, copies, copies)) if reals is None else _folds(reals)
    made = solve_unet(fakes, photographs, canvas=canvas, seed=seed, device=device)
    if progress and rows is None:
        progress(1, 3, "fitting the fingerprint")
    return made


def _held_out(
    images: ImageSet,
    background: Background,
    reals: ImageSet | None,
    seed: int,
    device: str,
    progress: Progress | None,
) -> tuple[float, float]:
    """Mean correlation and AUC of each half of the images with a fingerprint of the other half."""
    order = np.argsort([i.content for i in images.images])  # so that the order of the files moves nothing
    scores, areas = [], []
    for k, (fitted, tested) in enumerate(((order[::2], order[1::2]), (order[1::2], order[::2]))):
        array = on_sketches(_unet(images, background, reals, seed, device, progress, fitted).array)[None]
        own = correlations(array, images.sketches[tested])
        apart = detection(own, correlations(array, background.negatives), np.zeros(1))
        scores.append(own[0])
        areas.append(float(apart.auc[0]))
        if progress:
            progress(k + 2, 3, "testing it on images held out")
    return float(np.concatenate(scores).mean()), float(np.average(areas, weights=[len(s) for s in scores]))


def _paper(
    images: ImageSet,
    background: Background,  # noqa: ARG001 - the signature of every solver
    reals: ImageSet | None,
    seed: int,
    device: str,
    progress: Progress | None,
) -> Solved:
    from difreg.registry.solvers.paper import solve_paper

    assert reals is not None  # noqa: S101 - asked for before an image was read
    names = [i.file for s in (images, reals) for i in s.images]
    return solve_paper(_folds(images), _folds(reals), seed=seed, device=device, progress=progress, names=names)


def _folds(images: ImageSet) -> NDArray[np.float32]:
    assert images.folds is not None  # noqa: S101 - extracted with a canvas
    return images.folds
