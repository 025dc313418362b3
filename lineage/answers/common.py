"""What all answers are made of, and how one becomes the plain object that is printed as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, ClassVar

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class ImageRef:
    """One image an answer rests on."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Provenance:
    """How an answer was made. ``registry`` is the catalogue's digest; fields that do not apply are None."""

    difreg: str
    denoiser: str | None = None
    background: str | None = None
    solver: str | None = None
    prior: float | None = None
    threshold: float | None = None
    seed: int | None = None
    registry: str | None = None
    images: tuple[ImageRef, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """An image that was not used: ``code`` for programs, ``reason`` for people."""

    file: str
    code: str
    reason: str


@dataclass(frozen=True)
class Images:
    """How many images were used, and which were skipped."""

    used: int
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Caveat:
    """Something that weakens an answer."""

    code: str
    text: str


@dataclass(frozen=True)
class FoundPhase:
    """The likeliest of the phases searched: the images begin ``dy`` rows and ``dx`` columns off their generator's grid,
    modulo ``period``; where ``mirrored``, after mirroring them back. ``probability`` is given that a relative is
    registered. ``searched`` phases were as likely before; likelihood ratios are means over them.
    """

    dy: int
    dx: int
    mirrored: bool
    period: int
    probability: float
    searched: int
    text: str


@dataclass(frozen=True)
class Failure:
    """A generator or query that could not be read, in a run over many."""

    generator: str
    reason: str


@dataclass(frozen=True)
class Kin:
    """Kinship to one generator.

    Attributes
    ----------
    cosine
        Cosine of the two whitened templates, in [-1, 1].
    kinship
        The cosine in units of its spread over the frozen panel of unrelated generators (z).
    likelihood_ratio, probability
        From the background's calibration; ``probability`` at prior 1/2.
    low, high
        95 % jackknife interval of ``kinship`` over images.
    support
        Share of bootstrap replicates over images that are accepted as kin.
    reliability
        Of ``generator``'s template.
    p_value, q_value
        One-sided, by the heavy-tailed distribution of unrelated pairs; adjusted for all generators asked about
        together (Benjamini, Hochberg 1995). NaN where nothing may be concluded.
    """

    generator: str
    version: int
    cosine: float
    kinship: float
    likelihood_ratio: float
    probability: float
    low: float
    high: float
    support: float
    reliability: float
    p_value: float = math.nan
    q_value: float = math.nan


@dataclass(frozen=True)
class Answer:
    """What every answer has beside its own fields."""

    schema: ClassVar[str] = ""
    provenance: Provenance


def document(answer: Answer) -> dict[str, Any]:
    """``answer`` as the plain object of the JSON surface, ``schema`` and ``schema_version`` first, provenance last."""
    body = {f.name: plain(getattr(answer, f.name)) for f in fields(answer) if f.name != "provenance"}
    return {"schema": answer.schema, "schema_version": SCHEMA_VERSION, **body, "provenance": plain(answer.provenance)}


_PLAIN = {str, int, bool}


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def plain(value: Any) -> Any:
    """Dataclasses, tuples, times and not-a-numbers as what JSON has."""
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, Answer):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.name != "provenance"}
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
