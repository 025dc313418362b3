"""Answers of the verbs that keep: what is registered, its names and history, bundles and soundness."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from difreg.lineage.answers.common import (
    Answer,
    Caveat,
    Kin,
    Skipped,
)


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
class WeightKin:
    """Weights of another generator against these.

    Attributes
    ----------
    distance, error
        The length of Wa - Wb by the root mean square of those of Wa and Wb, about 1.414 for strangers; its
        standard error.
    kin, same
        Whether they share ancestry; whether they are the same but for rounding.
    elder
        The one that was there first; None where that is open.
    """

    generator: str
    version: int
    distance: float
    error: float
    kin: bool
    same: bool
    elder: str | None


@dataclass(frozen=True)
class WeightsRow:
    """What is kept of the weights of a version's decoder: of all ``tensors`` of ``file`` that begin with ``decoder``,
    or of all where that is empty; ``kin`` are the latest versions that share ancestry by weights, nearest first.
    """

    file: str
    sha256: str
    digest: str
    decoder: str
    tensors: int
    parameters: int
    norm: float
    kurtosis: float
    kin: tuple[WeightKin, ...] = ()


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
    weights: WeightsRow | None = None


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
    """Answer of ``alias``: the version the alias names now and the one it named ``before``; None is no version.
    Nothing of it was done if ``dry_run``.
    """

    schema: ClassVar[str] = "difreg/alias"
    generator: str
    alias: str
    version: int | None
    before: int | None
    dry_run: bool = False


@dataclass(frozen=True)
class Tagged(Answer):
    """Answer of ``tag``: all tags the generator has now, or would have if ``dry_run``."""

    schema: ClassVar[str] = "difreg/tag"
    generator: str
    tags: dict[str, str]
    dry_run: bool = False


@dataclass(frozen=True)
class Renamed(Answer):
    """Answer of ``rename``; ``children`` declare the generator by its new name now, or would if ``dry_run``."""

    schema: ClassVar[str] = "difreg/rename"
    generator: str
    before: str
    children: tuple[str, ...]
    dry_run: bool = False


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
class StarterInstalled(Answer):
    """Answer of ``starter install``: what became of each generator of the starter registry ``starter``.

    ``changed`` is False where all was here already; ``families`` counts those of the registry now.
    Nothing of it was done if ``dry_run``.
    """

    schema: ClassVar[str] = "difreg/starter-install"
    starter: str
    changed: bool
    generators: tuple[ImportedGenerator, ...]
    restored: tuple[str, ...]
    families: int
    dry_run: bool = False


@dataclass(frozen=True)
class Initialised(Answer):
    """Answer of ``init``; ``created`` is False where the home was there already.
    ``starter`` tells of the starter registry, where it was asked for. Nothing of it was done if ``dry_run``.
    """

    schema: ClassVar[str] = "difreg/init"
    home: str
    created: bool
    denoiser: str
    starter: StarterInstalled | None = None
    dry_run: bool = False


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
