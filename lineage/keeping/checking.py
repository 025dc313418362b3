"""Whether a version's arrays are what its record says: form, images, identity, fingerprint and quality.

The same questions are asked of what is stored and of what a bundle brings. Numbers are measured again from the sketches
and compared within :data:`TOLERANCE`, because sums may differ in the last bits from one processor to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from difreg.errors import DifregError, IncompatibleError
from difreg.lineage.keeping import foreign
from difreg.lineage.keeping.registering import identity
from difreg.names import shown
from difreg.registry import denoisers
from difreg.registry.background import get as get_background
from difreg.registry.profiles import HASH, Profile, contents_of, from_arrays, histories_of, sketches_of
from difreg.registry.sketches import PERIOD, SIZE
from difreg.registry.solving import SOLVERS
from difreg.storage.records import ImageRecord, VersionRecord

TOLERANCE = 1e-3  # of reliability, AUC and cosine; of a fingerprint's largest number
FORMAT = "difreg-version-1"
_FORMS = {
    "sketches": ("float16", (3, PERIOD, PERIOD)),
    "scale": ("float32", ()),
    "contents": ("uint8", (HASH,)),
    "tiles": ("uint16", ()),
}
_NEEDED = {"sketches", "scale", "contents", "fingerprint"}
_CANVASES = tuple(PERIOD << k for k in range(6))
_SOLVED = {"solved", "solution"}  # of a solver that needs the images again


class Mismatch(Exception):  # noqa: N818 - a finding, not a failure
    """What does not agree: ``code`` for programs, the text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Settings(Protocol):
    """What a record says of how a version was made."""

    @property
    def identity(self) -> str:
        """Of its images and settings."""

    @property
    def solver(self) -> str:
        """How it was solved."""

    @property
    def denoiser(self) -> str:
        """What made its residuals."""

    @property
    def background(self) -> str:
        """What it was measured with."""

    @property
    def canvas(self) -> int:
        """Pixels on each side that were looked at."""


def examine(
    said: Settings, images: Sequence[ImageRecord], arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, str]
) -> Profile:
    """The profile of a version's arrays under the background it names, if all agrees with its record.

    Parameters
    ----------
    images
        The images it is said to rest on, in the order of its sketches.
    arrays, facts
        What its blob holds.

    Raises
    ------
    Mismatch
        If something does not agree, or this difreg cannot tell.
    """
    if facts.get("format") != FORMAT or said.solver not in SOLVERS:
        raise Mismatch("format", f"it is of a kind this difreg does not know (solver {shown(said.solver, 40)})")
    if facts.get("denoiser") != said.denoiser:
        raise Mismatch("foreign_denoiser", f"its arrays are not of the denoiser {shown(said.denoiser, 40)}")
    _check_form(arrays)
    if list(contents_of(arrays)) != [i.pixels for i in images]:
        raise Mismatch("images", "its arrays are not of the images on record")
    try:
        background = get_background(said.denoiser if images else denoisers.DEFAULT, said.background)
    except IncompatibleError as error:
        raise Mismatch("foreign_background", error.message.rstrip(".")) from error
    try:
        made = from_arrays("", 0, arrays, background)
    except (DifregError, ValueError) as error:
        raise _malformed() from error
    if made.fingerprint.solver != said.solver:
        raise Mismatch("fingerprint", f"its fingerprint was not solved by {shown(said.solver, 40)}")
    if _identity(said, images, made) != said.identity:
        raise Mismatch("identity", "its identity does not come from the images and settings on record")
    array = made.fingerprint.array
    if not np.abs(arrays["fingerprint"] - array).max() <= TOLERANCE * np.abs(array).max():
        raise Mismatch("fingerprint", "its fingerprint does not come from its arrays")
    return made


def _identity(said: Settings, images: Sequence[ImageRecord], made: Profile) -> str:
    if not images and made.solution is not None:
        return foreign.identity_of(made.solution, said.denoiser, said.background)
    hashes = (i.sha256 for i in images)
    return identity(hashes, said.solver, said.denoiser, said.background, said.canvas, made.settings)


def _malformed() -> Mismatch:
    return Mismatch("arrays", "its arrays cannot be sketches and a fingerprint")


def _check_form(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays that :func:`difreg.registry.profiles.to_arrays` cannot have written."""
    names = set(arrays) - {"tiles", "history"}
    solved = names == _NEEDED | _SOLVED
    if not solved and names != _NEEDED:
        raise _malformed()
    if solved:
        kind, shape = arrays["solved"].dtype.name, arrays["solved"].shape
        if kind != "float32" or shape not in {(3, period, period) for period in _CANVASES}:
            raise _malformed()
    count = arrays["contents"].shape[0] if arrays["contents"].ndim == 2 else -1
    forms = [
        (arrays[k].dtype.name, arrays[k].shape) == (kind, (count, *rest))
        for k, (kind, rest) in _FORMS.items()
        if k in arrays
    ]
    fingerprint = arrays["fingerprint"]
    sound = count >= (0 if solved else 2) and all(forms)
    sound = sound and (fingerprint.dtype.name, fingerprint.shape) == ("float32", (3, PERIOD, PERIOD))
    sound = (
        sound
        and all(np.isfinite(a).all() for k, a in arrays.items() if k != "history")
        and bool((arrays["scale"] > 0).all())
    )
    sound = sound and ("tiles" not in arrays or bool((arrays["tiles"] > 0).all()))
    histories = histories_of(arrays)
    sound = sound and (histories is None or histories.is_sound(count))
    if not sound or len(set(contents_of(arrays))) != count:
        raise _malformed()
    flat = sketches_of(arrays).reshape(count, SIZE)
    if count and not ((np.abs(flat).max(1) > 0) & (np.linalg.norm(flat, axis=1) <= 1)).all():
        raise _malformed()


def check_quality(version: VersionRecord, made: Profile) -> None:
    """Compare the quality on record with the one that was measured again.

    Raises
    ------
    Mismatch
        If they differ by more than the tolerance.
    """
    fresh = {"reliability": made.reliability, "separation": made.fingerprint.separation, "jpeg": made.fingerprint.jpeg}
    for name, value in fresh.items():
        if not np.isclose(getattr(version, name), value, rtol=0, atol=TOLERANCE, equal_nan=True):
            told = f"its {name} is on record as {getattr(version, name):.4f}, and is {value:.4f} by its sketches"
            raise Mismatch("quality", told)
    if version.images != len(made):
        raise Mismatch("images", f"it has {len(made)} images, and {version.images} are on record")
