"""What goes into and comes out of the catalogue: frozen dataclasses that know nothing of SQL.

The layers above work with these alone, so that the tables behind them can change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class ParentRecord:
    """A declared parent: its name, how the child came from it, and who says so."""

    name: str
    relation: str = "unknown"
    source: str | None = None


@dataclass(frozen=True)
class GeneratorRecord:
    """A generator and what is declared about it.

    ``observed`` is False for a stub: a declared parent that has no images here. ``removed`` marks one that was taken
    out and shows only because a generator that stayed descends from it. The dates are as written, with the day the
    rules compare beside them.
    """

    id: int
    name: str
    observed: bool
    base: bool | None
    released: str | None
    released_latest: date | None
    not_before: str | None
    not_before_earliest: date | None
    source: str | None
    certainty: str | None
    note: str | None
    licence: str | None
    url: str | None
    family: str | None
    removed: bool
    parents: tuple[ParentRecord, ...]
    tags: dict[str, str]
    created: datetime
    aliases: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageRecord:
    """An image a fingerprint rests on: size in bytes, SHA-256 of the file (``sha256``) and of the ``pixels``."""

    file: str
    size: int
    sha256: str
    pixels: str


@dataclass(frozen=True)
class SkippedRecord:
    """An image that was not used: ``code`` for programs, ``reason`` for people."""

    file: str
    code: str
    reason: str


@dataclass(frozen=True)
class NewVersion:
    """A fingerprint to be kept as the next version of its generator.

    ``digest`` names the blob, ``identity`` the image set and the way it was solved (the same identity would give the
    same fingerprint). ``images`` counts the images used, ``files`` says which. ``created`` is now where None.
    """

    digest: str
    identity: str
    solver: str
    denoiser: str
    background: str
    canvas: int
    seed: int | None
    tool: str
    images: int
    reliability: float
    separation: float
    jpeg: float
    caveats: tuple[tuple[str, str], ...] = ()
    files: tuple[ImageRecord, ...] = ()
    skipped: tuple[SkippedRecord, ...] = ()
    created: datetime | None = None


@dataclass(frozen=True)
class VersionRecord:
    """One immutable version of a generator's fingerprint. ``caveats`` are (code, text); ``created`` is in UTC."""

    id: int
    generator: str
    generator_id: int
    number: int
    digest: str
    identity: str
    solver: str
    denoiser: str
    background: str
    canvas: int
    seed: int | None
    tool: str
    created: datetime
    images: int
    reliability: float
    separation: float
    jpeg: float
    caveats: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class VersionRef:
    """What names one version, and its blob."""

    generator: str
    number: int
    digest: str


@dataclass(frozen=True)
class KinshipRecord:
    """Kinship of two generators, ``a`` before ``b`` by name, and the versions it was computed from.

    Kept of every ``accepted`` pair and of every declared child and parent, whether accepted or not. ``replicates`` has
    a bit a bootstrap replicate, the first the highest, set where that accepts the pair: hexadecimal digits, or None
    where it is not known.
    """

    a: str
    b: str
    a_version: int
    b_version: int
    cosine: float
    kinship: float
    log10_likelihood_ratio: float
    probability: float
    low: float
    high: float
    support: float
    accepted: bool = True
    replicates: str | None = None


@dataclass(frozen=True)
class CrossRecord:
    """Cross-detection: ``n`` images of the generator ``images`` scored with the generator ``fingerprint``'s."""

    fingerprint: str
    images: str
    fingerprint_version: int
    images_version: int
    score: float
    auc: float
    accuracy: float
    p_value: float
    n: int


@dataclass(frozen=True)
class NewWeights:
    """What is kept of a decoder's weights.

    ``digest`` names the blob; ``file`` and ``sha256`` the file they were read from, ``prefix`` what the names of the
    tensors read began with; ``signature`` is shared by those whose distance is defined. ``norm`` and ``kurtosis`` are
    those of :class:`difreg.registry.weights.Weights`.
    """

    digest: str
    file: str
    sha256: str
    prefix: str
    signature: str
    tensors: int
    parameters: int
    norm: float
    kurtosis: float


@dataclass(frozen=True)
class WeightsRecord(NewWeights):
    """The same on record, of one version of a generator."""

    generator: str
    number: int
    version_id: int


@dataclass(frozen=True)
class WeightDistanceRecord:
    """How far two versions' weights are from each other, as :class:`difreg.registry.weights.Distance` tells it."""

    a_id: int
    b_id: int
    relative: float
    error: float
    rounding: float


@dataclass(frozen=True)
class FamilyRecord:
    """A family and its members by name. A ``title`` of None leaves the one it has."""

    name: str
    title: str | None
    support: float
    members: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class ChangeRecord:
    """One line of the registry's history.

    ``generator_id`` is that of the generator it is about, whatever that is called today; ``changed`` holds what the
    line did to its facts, as {fact: [before, after]}.
    """

    id: int
    time: datetime
    verb: str
    subject: str
    text: str
    generator_id: int | None = None
    changed: dict[str, list[Any]] | None = None
