"""Answers of the library: frozen dataclasses whose fields are those of the JSON surface.

:func:`document` turns one into the plain object that is printed as JSON: NaN becomes null, times ISO 8601.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, is_dataclass
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
class Failure:
    """A generator or query that could not be read, in a run over many."""

    generator: str
    reason: str


@dataclass(frozen=True)
class Quality:
    """``reliability``: expected squared correlation of the template with a perfect one, in (-inf, 1];
    ``separation``: leave-one-out AUC of the own images against held-out photographs."""

    reliability: float
    separation: float


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


@dataclass(frozen=True)
class Candidate(Kin):
    """A registered generator as an origin of traced images."""

    family: str | None = None


@dataclass(frozen=True)
class CrossDetection:
    """Scores of ``images`` (a generator's) under ``fingerprint`` (another's); ``n`` images scored.

    ``score`` is the mean whitened correlation over the images (it equals the kinship cosine for lattice fingerprints);
    ``auc``, ``accuracy`` and the one-sided Mann-Whitney ``p_value`` are against the background's held-out photographs.
    """

    fingerprint: str
    images: str
    score: float
    auc: float
    accuracy: float
    p_value: float
    n: int


@dataclass(frozen=True)
class Answer:
    """What every answer has beside its own fields."""

    schema: ClassVar[str] = ""
    provenance: Provenance


@dataclass(frozen=True)
class Added(Answer):
    """Answer of ``add``. ``created`` is False where these very images were already the latest version."""

    schema: ClassVar[str] = "difreg/add"
    generator: str
    version: int
    created: bool
    digest: str
    images: Images
    quality: Quality
    kin: tuple[Kin, ...]
    family: str | None
    seconds: float
    warnings: tuple[Caveat, ...] = ()


@dataclass(frozen=True)
class AddedEach(Answer):
    """Answer of ``add --each``."""

    schema: ClassVar[str] = "difreg/add-each"
    generators: tuple[Added, ...]
    failed: tuple[Failure, ...]


@dataclass(frozen=True)
class GeneratorRow:
    """A generator as ``list`` shows it; numbers are those of the latest version."""

    name: str
    version: int | None
    family: str | None
    images: int
    reliability: float | None
    released: str | None
    not_before: str | None
    base: bool
    observed: bool
    aliases: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parent:
    """A declared parent."""

    name: str
    relation: str
    source: str | None = None


@dataclass(frozen=True)
class GeneratorDetail(GeneratorRow):
    """A generator as ``show`` shows it."""

    parents: tuple[Parent, ...] = ()
    notes: str | None = None
    certainty: str | None = None
    source: str | None = None
    licence: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class VersionRow:
    """One immutable version of a generator's fingerprint."""

    version: int
    digest: str
    solver: str
    denoiser: str
    background: str
    images: int
    reliability: float
    created: datetime
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[Caveat, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing(Answer):
    """Answer of ``list``."""

    schema: ClassVar[str] = "difreg/list"
    generators: tuple[GeneratorRow, ...]


@dataclass(frozen=True)
class Shown(Answer):
    """Answer of ``show``. ``at`` is the moment as of which it is told; None for now. ``kin`` are today's, of the latest
    version, and shown with that one alone.
    """

    schema: ClassVar[str] = "difreg/show"
    generator: GeneratorDetail
    versions: tuple[VersionRow, ...]
    kin: tuple[Kin, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True)
class Removed(Answer):
    """Answer of ``remove``. ``stub`` says that the name stays in the lineage as somebody's declared parent; ``arrays``
    counts those deleted for good by ``purge``; nothing of it was done if ``dry_run``.
    """

    schema: ClassVar[str] = "difreg/remove"
    generator: str
    versions: int
    stub: bool
    purge: bool = False
    arrays: int = 0
    dry_run: bool = False


@dataclass(frozen=True)
class Aliased(Answer):
    """Answer of ``alias``: the version the alias names now and the one it named ``before``; None is no version."""

    schema: ClassVar[str] = "difreg/alias"
    generator: str
    alias: str
    version: int | None
    before: int | None


@dataclass(frozen=True)
class Tagged(Answer):
    """Answer of ``tag``: all tags the generator has now."""

    schema: ClassVar[str] = "difreg/tag"
    generator: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Renamed(Answer):
    """Answer of ``rename``; ``children`` declare the generator by its new name now."""

    schema: ClassVar[str] = "difreg/rename"
    generator: str
    before: str
    children: tuple[str, ...]


@dataclass(frozen=True)
class ChangeRow:
    """One line of the history; ``subject`` is the generator or family it is about, as it was called then."""

    time: datetime
    verb: str
    subject: str
    text: str


@dataclass(frozen=True)
class Recorded(Answer):
    """Answer of ``history``, oldest first."""

    schema: ClassVar[str] = "difreg/history"
    changes: tuple[ChangeRow, ...]


@dataclass(frozen=True)
class DriftStep:
    """One version of a generator against a later one.

    Attributes
    ----------
    before, after
        Version numbers.
    images_before, images_after
        Images compared; those that both versions hold count for the earlier alone.
    verdict
        ``unchanged``, ``changed``, ``open`` or ``insufficient`` (too few images, a weak or a JPEG fingerprint).
    probability
        That the fingerprint changed, at prior 1/2.
    agreement
        Cosine of the two templates, corrected for their own noise: 1 for one source; with ``low`` and ``high``, its
        95 % jackknife interval over images.
    p_value
        Of the permutation test that both sets of images come from one source.
    kinship
        Of the two versions, as between generators: it tells another lineage from a change within one.
    """

    before: int
    after: int
    images_before: int
    images_after: int
    verdict: str
    probability: float
    agreement: float
    low: float
    high: float
    p_value: float
    kinship: Kin | None
    warnings: tuple[Caveat, ...] = ()


@dataclass(frozen=True)
class Drifted(Answer):
    """Answer of ``drift``: each version against the next, and the first against the latest (None for two versions).

    ``verdict`` is ``changed`` where any comparison says so, ``unchanged`` where all do.
    """

    schema: ClassVar[str] = "difreg/drift"
    generator: str
    verdict: str
    steps: tuple[DriftStep, ...]
    overall: DriftStep | None


@dataclass(frozen=True)
class Compared(Answer):
    """Answer of ``compare``; the first cross-detection has ``a`` as the fingerprint, the second ``b``."""

    schema: ClassVar[str] = "difreg/compare"
    a: str
    b: str
    cross_detection: tuple[CrossDetection, ...]
    kinship: Kin
    verdict: str
    warnings: tuple[Caveat, ...] = ()


@dataclass(frozen=True)
class FamilyRow:
    """A family: ``support`` is the least support that holds a member in it (its strongest accepted edge inside)."""

    family: str
    title: str | None
    members: tuple[str, ...]
    support: float
    ancestor: str | None


@dataclass(frozen=True)
class Families(Answer):
    """Answer of ``families``."""

    schema: ClassVar[str] = "difreg/families"
    families: tuple[FamilyRow, ...]
    singletons: tuple[str, ...]


@dataclass(frozen=True)
class Placement:
    """Where a traced set hangs: under a generator or an inferred ancestor, and why."""

    parent: str
    kind: str
    direction: str | None
    reason: str


@dataclass(frozen=True)
class Part:
    """Images of a traced set that share one answer."""

    images: tuple[str, ...]
    verdict: str
    family: str | None
    probability: float


@dataclass(frozen=True)
class Traced(Answer):
    """Answer of ``trace``. ``family`` is the likeliest family; None where that is one generator without a family.

    ``needed_images`` counts further images for a reliability of one half; None where it is met or cannot be told.
    """

    schema: ClassVar[str] = "difreg/trace"
    query: str
    verdict: str
    family: str | None
    title: str | None
    probability: float
    likelihood_ratio: float
    none_probability: float
    candidates: tuple[Candidate, ...]
    indistinguishable: tuple[str, ...]
    placement: Placement | None
    parts: tuple[Part, ...]
    images: Images
    reliability: float
    needed_images: int | None
    warnings: tuple[Caveat, ...]


@dataclass(frozen=True)
class TracedEach(Answer):
    """Answer of ``trace --each``."""

    schema: ClassVar[str] = "difreg/trace-each"
    traces: tuple[Traced, ...]
    failed: tuple[Failure, ...]


@dataclass(frozen=True)
class DetectionScore:
    """One registered generator's say on one image.

    ``score`` is the correlation of the image's residual with the fingerprint, growing with "made by it"; ``p_value`` is
    one-sided against the background's held-out photographs; ``probability`` is that of kinship at prior 1/2.
    """

    generator: str
    version: int
    score: float
    probability: float
    p_value: float


@dataclass(frozen=True)
class DetectedImage:
    """One image. ``generated`` is True where it carries a registered generator's (or its family's) fingerprint, False
    where it surely carries none of those, None where that is open; ``probability`` is the likeliest family's.
    """

    file: str
    generated: bool | None
    generator: str | None
    family: str | None
    probability: float
    scores: tuple[DetectionScore, ...]
    warnings: tuple[Caveat, ...] = ()


@dataclass(frozen=True)
class Detected(Answer):
    """Answer of ``detect``; ``images`` in the order given, those that were skipped apart."""

    schema: ClassVar[str] = "difreg/detect"
    images: tuple[DetectedImage, ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class ImportedDif(Answer):
    """Answer of ``import-dif``. ``denoiser`` is the one assumed; ``scores`` whether it is the registry's, so that the
    fingerprint scores images.
    """

    schema: ClassVar[str] = "difreg/import-dif"
    generator: str
    version: int
    created: bool
    digest: str
    file: str
    denoiser: str | None
    scores: bool
    warnings: tuple[Caveat, ...] = ()


@dataclass(frozen=True)
class Exported(Answer):
    """Answer of ``export``: the file that was written."""

    schema: ClassVar[str] = "difreg/export"
    file: str
    form: str
    nodes: int
    edges: int


@dataclass(frozen=True)
class Initialised(Answer):
    """Answer of ``init``; ``created`` is False where the home was there already."""

    schema: ClassVar[str] = "difreg/init"
    home: str
    created: bool
    denoiser: str


@dataclass(frozen=True)
class Sketched(Answer):
    """Answer of ``sketch``: the file that was written and what is in it."""

    schema: ClassVar[str] = "difreg/sketch"
    file: str
    images: Images


@dataclass(frozen=True)
class BackgroundShown(Answer):
    """Answer of ``background show`` and ``background build``: what the yardstick is made of."""

    schema: ClassVar[str] = "difreg/background"
    name: str
    denoiser: str
    digest: str
    photographs: int
    negatives: int
    whitening_sets: int
    panel: tuple[str, ...]
    calibration: dict[str, float]
    acceptance: float
    file: str | None = None


@dataclass(frozen=True)
class Queried(Answer):
    """Answer of ``query``: rows by column; ``truncated`` where there were more than the limit."""

    schema: ClassVar[str] = "difreg/query"
    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    truncated: bool


@dataclass(frozen=True)
class Bundled(Answer):
    """Answer of ``export bundle``: the file, the SHA-256 of its bytes, and what is in it."""

    schema: ClassVar[str] = "difreg/export-bundle"
    file: str
    sha256: str
    generators: int
    stubs: int
    versions: int


@dataclass(frozen=True)
class ImportedGenerator:
    """What became of one generator of a bundle, where it is called ``bundled``.

    ``action`` is ``new``, ``extended`` (versions or facts were added to one that was here), ``unchanged`` or
    ``skipped``; ``versions`` counts those added; ``note`` says what was left out.
    """

    name: str
    bundled: str
    action: str
    versions: int
    note: str | None


@dataclass(frozen=True)
class Conflict:
    """A fact (or the versions) of a generator that is one thing here and another in a bundle."""

    generator: str
    fact: str
    text: str


@dataclass(frozen=True)
class Imported(Answer):
    """Answer of ``import``; nothing of it was done if ``dry_run``, and nothing can be while there are ``conflicts``.

    ``restored`` are digests of arrays that were missing or damaged here and that the bundle holds.
    """

    schema: ClassVar[str] = "difreg/import"
    file: str
    dry_run: bool
    generators: tuple[ImportedGenerator, ...]
    conflicts: tuple[Conflict, ...]
    restored: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """Something wrong with the registry: ``code`` for programs, ``text`` also says what to do; ``fixed`` if it is."""

    code: str
    subject: str
    text: str
    fixed: bool


@dataclass(frozen=True)
class Checked(Answer):
    """What ``verify`` and ``doctor`` found, and how many versions they looked at."""

    problems: tuple[Problem, ...]
    versions: int

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong any more."""
        return all(problem.fixed for problem in self.problems)


@dataclass(frozen=True)
class Verified(Checked):
    """Answer of ``verify``."""

    schema: ClassVar[str] = "difreg/verify"


@dataclass(frozen=True)
class Diagnosed(Checked):
    """Answer of ``doctor``."""

    schema: ClassVar[str] = "difreg/doctor"


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
