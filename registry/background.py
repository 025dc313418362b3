"""The background: the frozen, numbered yardstick all scores of one denoiser are measured with.

It holds statistics of photographs, the whitening, a panel of unrelated generators' templates and the calibration of
kinship to likelihood ratio. Nothing else in a registry moves a score.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from difreg.errors import IncompatibleError, StorageError
from difreg.names import shown
from difreg.registry import denoisers
from difreg.registry.detection import Noise
from difreg.registry.sketches import unpack
from difreg.registry.whitening import Whitening

DEFAULT = "background-2"
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Densities of the kinship of sets of which the smaller has ``images`` images.

    Unrelated pairs follow a Student t about 0 of ``degrees`` and ``scale``. Half of kin kept their decoder, a normal of
    ``mean`` and ``spread``; that of the others was tuned or merged, a normal of ``changed_mean`` and
    ``changed_spread``. The log ratio (natural) is held below ``least`` and kept within ``limit``.
    """

    images: int
    degrees: float
    scale: float
    mean: float
    spread: float
    changed_mean: float
    changed_spread: float
    least: float
    limit: float


@dataclass(frozen=True)
class Background:
    """See the module.

    Attributes
    ----------
    photo_mean
        (3, 16, 16) mean sketch of the *make* half of the photographs.
    photographs
        (k, 3, 16, 16) sketches of the *make* half: how they vary decides what a detector turns down.
    negatives
        (m, 3, 16, 16) sketches of the *test* half: the negatives of every AUC, accuracy and p-value.
    whitening
        Coefficients to whitened coefficients.
    panel
        (p, 192) unit templates of unrelated generators, named by ``panel_names``.
    jpeg
        (q, 192) unit directions that JPEG compression adds, a row a quality.
    calibrations
        Kinship to likelihood ratio, by the images of the smaller set; in ascending order of these.
    digest
        SHA-256 of the arrays and the facts, in hexadecimal.
    facts
        Counts and hashes of what made it.
    """

    name: str
    denoiser: str
    photo_mean: Array
    photographs: Array
    negatives: Array
    whitening: Whitening
    panel: Array
    panel_names: tuple[str, ...]
    jpeg: Array
    calibrations: tuple[Calibration, ...]
    digest: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def noise(self) -> Noise:
        """The variation of photographs."""
        return Noise.of(self.photographs)


@cache
def get(denoiser: str = denoisers.DEFAULT, name: str = DEFAULT) -> Background:
    """The shipped background ``name`` of ``denoiser``.

    Raises
    ------
    IncompatibleError
        If this version of difreg ships none of that name.
    """
    folder = files("difreg.registry.backgrounds")
    stem = f"{denoiser}.{name}"
    if not stem.isascii() or "/" in stem or "\\" in stem or not folder.joinpath(f"{stem}.json").is_file():
        raise IncompatibleError(
            f"This difreg has no background '{shown(name, 40)}' of a denoiser '{shown(denoiser, 40)}'.",
            f"Upgrade difreg; this one has the denoisers {', '.join(denoisers.names())}.",
        )
    return parse(folder.joinpath(f"{stem}.json").read_bytes(), folder.joinpath(f"{stem}.safetensors").read_bytes())


def load(path: Path) -> Background:
    """The background in ``path`` (its .json; the arrays lie beside it)."""
    try:
        return parse(path.read_bytes(), path.with_suffix(".safetensors").read_bytes())
    except OSError as error:
        raise StorageError(
            f"The background {path} cannot be read: {error.strerror}.", "Give the .json that `background build` wrote."
        ) from error


def parse(facts_json: bytes, arrays: bytes) -> Background:
    """A background from the bytes of its two files; the digest is checked."""
    facts, a = checked(facts_json, arrays)
    wide = {k: v.astype(np.float64) for k, v in a.items()}
    return Background(
        name=facts["name"],
        denoiser=facts["denoiser"],
        photo_mean=wide["photo_mean"],
        photographs=unpack(a["photographs"], a["photographs_scale"]),
        negatives=unpack(a["negatives"], a["negatives_scale"]),
        whitening=Whitening(wide["centre"], wide["weights"]),
        panel=wide["panel"],
        panel_names=tuple(facts["panel"]),
        jpeg=wide["jpeg"],
        calibrations=tuple(Calibration(**c) for c in facts["calibrations"]),
        digest=facts["digest"],
        facts=facts,
    )


def checked(facts_json: bytes, arrays: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Facts and arrays of a numbered artefact that :func:`save` wrote.

    Raises
    ------
    StorageError
        If its digest does not match.
    """
    from safetensors.numpy import load as load_arrays

    try:
        facts = dict(json.loads(facts_json))
    except (ValueError, TypeError, RecursionError) as error:
        raise StorageError("This is no background: its facts are no JSON object.", "Install difreg again.") from error
    if facts.get("digest") != _digest(facts, arrays):
        raise StorageError(
            f"The background {facts.get('name')} is damaged: its digest does not match.", "Install difreg again."
        )
    return facts, load_arrays(arrays)


def save(folder: Path, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Path:
    """Write ``DENOISER.NAME.safetensors`` and ``.json`` (with the digest of both) into ``folder``; the .json's path."""
    from safetensors.numpy import save as save_arrays

    folder.mkdir(parents=True, exist_ok=True)
    blob = save_arrays({k: np.ascontiguousarray(v) for k, v in sorted(arrays.items())})
    facts = {**facts, "digest": _digest(facts, blob)}
    path = folder / f"{facts['denoiser']}.{facts['name']}.json"
    path.with_suffix(".safetensors").write_bytes(blob)
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return path


def _digest(facts: dict[str, Any], arrays: bytes) -> str:
    told = json.dumps({k: v for k, v in facts.items() if k != "digest"}, sort_keys=True)
    return hashlib.sha256(told.encode() + hashlib.sha256(arrays).digest()).hexdigest()
