"""Answers of the verbs that take images in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from difreg.lineage.answers.auditing import Change
from difreg.lineage.answers.common import (
    Answer,
    Caveat,
    Failure,
    Images,
    Kin,
)
from difreg.lineage.answers.keeping import WeightsRow
from difreg.lineage.answers.projecting import GraphFollowed


@dataclass(frozen=True)
class Quality:
    """``reliability``: expected squared correlation of the template with a perfect one, in (-inf, 1];
    ``separation``: leave-one-out AUC of the own images against held-out photographs."""

    reliability: float
    separation: float


@dataclass(frozen=True)
class Added(Answer):
    """Answer of ``add``. ``created`` is False where these very images were already the latest version; ``changes`` are
    what this changed about families and contradicted declarations; ``weights`` are those on record of the version;
    ``graph`` tells whether a server's graph followed,
    and is None where there is none; nothing
    was registered if ``dry_run``, and ``version`` is the number it would have.
    """

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
    changes: tuple[Change, ...] = ()
    graph: GraphFollowed | None = None
    dry_run: bool = False
    weights: WeightsRow | None = None


@dataclass(frozen=True)
class AddedEach(Answer):
    """Answer of ``add --each``."""

    schema: ClassVar[str] = "difreg/add-each"
    generators: tuple[Added, ...]
    failed: tuple[Failure, ...]
    graph: GraphFollowed | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class ImportedDif(Answer):
    """Answer of ``import-dif``. ``denoiser`` is the one assumed; ``scores`` whether it is the registry's, so that the
    fingerprint scores images. Nothing was kept if ``dry_run``, and ``version`` is the number it would have.
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
    dry_run: bool = False


@dataclass(frozen=True)
class Sketched(Answer):
    """Answer of ``sketch``: the file that was written and what is in it."""

    schema: ClassVar[str] = "difreg/sketch"
    file: str
    images: Images
