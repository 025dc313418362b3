"""Answers of the verbs that ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from difreg.lineage.answers.common import (
    Answer,
    Caveat,
    Failure,
    FoundPhase,
    Images,
    Kin,
    Skipped,
)
from difreg.lineage.answers.keeping import ChangeRow


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
class Meaning:
    """Of grown pairs of ``images`` images each whose kinship is from ``low`` to below ``high``: the share of each kind,
    were all kinds as frequent; ``text`` says so."""

    images: int
    low: float | None
    high: float | None
    shares: dict[str, float]
    text: str


@dataclass(frozen=True)
class Likeness:
    """Likeness of two templates period by period, which decoders that were tuned for long or imitate another keep.

    ``p_value`` is one-sided, against strangers, by ``yardstick``; ``found`` says that kinship was not and this is worth
    a look; ``text`` says it in words. It makes nobody kin.
    """

    score: float
    p_value: float
    found: bool
    yardstick: str
    text: str


@dataclass(frozen=True)
class WeightsCompared:
    """What the weights of both decoders say: the fields of :class:`WeightKin`, None where layers differ, in words as
    ``text``.
    """

    distance: float | None
    error: float | None
    kin: bool | None
    same: bool | None
    elder: str | None
    text: str


@dataclass(frozen=True)
class Compared(Answer):
    """Answer of ``compare``; the first cross-detection has ``a`` as the fingerprint, the second ``b``. ``weights`` is
    None unless those of both are on record, ``likeness`` where compression or blur may make it.
    """

    schema: ClassVar[str] = "difreg/compare"
    a: str
    b: str
    cross_detection: tuple[CrossDetection, ...]
    kinship: Kin
    verdict: str
    warnings: tuple[Caveat, ...] = ()
    meaning: Meaning | None = None
    weights: WeightsCompared | None = None
    likeness: Likeness | None = None


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
    """Images of a traced set that share one answer; ``nearest`` is the registered generator of the highest kinship."""

    images: tuple[str, ...]
    verdict: str
    family: str | None
    probability: float
    title: str | None = None
    likelihood_ratio: float | None = None
    none_probability: float | None = None
    reliability: float | None = None
    nearest: str | None = None
    indistinguishable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Agreement:
    """Whether one image agrees with the verdict on its part (the place of that in ``parts``).

    ``score`` is its kinship with the part's family, mean over the members. ``probability`` is, under ``kin``, that it
    is of the other images' origin and not a stranger's, at prior 1/2; under ``none``, that no relative is registered;
    else that of the family. ``agrees`` is None where that is open.
    """

    file: str
    part: int
    family: str | None
    score: float
    probability: float
    agrees: bool | None


@dataclass(frozen=True)
class Traced(Answer):
    """Answer of ``trace``. ``family`` is the likeliest family; None where that is one generator without a family.

    ``needed_images`` counts further images for a reliability of one half; None where it is met or cannot be told. Where
    the verdict is ``mixed`` each part has its own answer, and the numbers of the whole are those of one origin.
    ``phase`` is None where none was searched for.
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
    agreement: tuple[Agreement, ...] = ()
    phase: FoundPhase | None = None


@dataclass(frozen=True)
class TracedEach(Answer):
    """Answer of ``trace --each``."""

    schema: ClassVar[str] = "difreg/trace-each"
    traces: tuple[Traced, ...]
    failed: tuple[Failure, ...]


@dataclass(frozen=True)
class Witness:
    """A version that a trace was judged by, as the registry keeps it."""

    generator: str
    version: int
    versions: int
    digest: str
    images: int
    created: datetime
    warnings: tuple[Caveat, ...]


@dataclass(frozen=True)
class Evidence:
    """What stands behind a trace beside its own numbers: the yardstick, the witnesses and their history."""

    background: BackgroundShown
    witnesses: tuple[Witness, ...]
    history: tuple[ChangeRow, ...]


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
    where it surely carries none of those, None where that is open; ``probability`` is the likeliest family's. ``phase``
    is None where none was searched for.
    """

    file: str
    generated: bool | None
    generator: str | None
    family: str | None
    probability: float
    scores: tuple[DetectionScore, ...]
    warnings: tuple[Caveat, ...] = ()
    phase: FoundPhase | None = None


@dataclass(frozen=True)
class Detected(Answer):
    """Answer of ``detect``; ``images`` in the order given, those that were skipped apart."""

    schema: ClassVar[str] = "difreg/detect"
    images: tuple[DetectedImage, ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Exported(Answer):
    """Answer of ``export``: the file that was written."""

    schema: ClassVar[str] = "difreg/export"
    file: str
    form: str
    nodes: int
    edges: int


@dataclass(frozen=True)
class BackgroundShown(Answer):
    """Answer of ``background show`` and ``background build``: what the yardstick is made of.

    ``acceptance`` is the kinship that is accepted, by calibration: for each number of images in the smaller set.
    """

    schema: ClassVar[str] = "difreg/background"
    name: str
    denoiser: str
    digest: str
    photographs: int
    negatives: int
    whitening_sets: int
    panel: tuple[str, ...]
    calibrations: tuple[dict[str, float], ...]
    acceptance: tuple[float, ...]
    file: str | None = None


@dataclass(frozen=True)
class QuestionParameter:
    """A value that a question of the cookbook needs; ``default`` is null where it is required."""

    name: str
    kind: str
    about: str
    required: bool
    default: int | float | str | None


@dataclass(frozen=True)
class QuestionRow:
    """A named question: what it answers, its parameters, and its Cypher."""

    name: str
    about: str
    parameters: tuple[QuestionParameter, ...]
    cypher: str


@dataclass(frozen=True)
class Questions(Answer):
    """Answer of ``query --list``: the cookbook."""

    schema: ClassVar[str] = "difreg/questions"
    questions: tuple[QuestionRow, ...]


@dataclass(frozen=True)
class Queried(Answer):
    """Answer of ``query``: rows by column; ``truncated`` where there were more than the limit."""

    schema: ClassVar[str] = "difreg/query"
    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    truncated: bool
