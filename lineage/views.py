"""Records and measurements as the answers they are told in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from difreg.lineage import answers as a
from difreg.lineage.calibration import p_values, q_values
from difreg.lineage.keeping.population import Member
from difreg.lineage.kinship import Kinship, threshold
from difreg.registry.background import Background
from difreg.registry.extraction import ImageSet
from difreg.registry.profiles import Profile
from difreg.storage.catalog import Transaction
from difreg.storage.records import GeneratorRecord, KinshipRecord, SkippedRecord, VersionRecord


def generator_row(record: GeneratorRecord, latest: VersionRecord | None) -> a.GeneratorRow:
    """A line of ``list``."""
    return a.GeneratorRow(**_row(record, latest))


def generator_detail(record: GeneratorRecord, latest: VersionRecord | None) -> a.GeneratorDetail:
    """The head of ``show``."""
    parents = tuple(a.Parent(p.name, p.relation, p.source) for p in record.parents)
    return a.GeneratorDetail(
        **_row(record, latest),
        parents=parents,
        notes=record.note,
        certainty=record.certainty,
        source=record.source,
        licence=record.licence,
        url=record.url,
    )


def _row(record: GeneratorRecord, latest: VersionRecord | None) -> dict[str, Any]:
    return {
        "name": record.name,
        "version": latest.number if latest else None,
        "family": record.family,
        "images": latest.images if latest else 0,
        "reliability": latest.reliability if latest else None,
        "released": record.released,
        "not_before": record.not_before,
        "base": bool(record.base),
        "observed": record.observed,
        "aliases": tuple(record.aliases),
        "tags": dict(record.tags),
    }


def version_row(
    version: VersionRecord,
    skipped: Sequence[SkippedRecord],
    aliases: Sequence[str] = (),
    weights: a.WeightsRow | None = None,
) -> a.VersionRow:
    """One version in ``show``."""
    return a.VersionRow(
        version=version.number,
        digest=version.digest,
        solver=version.solver,
        denoiser=version.denoiser,
        background=version.background,
        images=version.images,
        reliability=version.reliability,
        created=version.created,
        aliases=tuple(aliases),
        skipped=tuple(a.Skipped(s.file, s.code, s.reason) for s in skipped),
        warnings=tuple(a.Caveat(code, text) for code, text in version.caveats),
        weights=weights,
    )


def kin_answer(known: Kinship, other: Profile | Member) -> a.Kin:
    """Kinship to ``other``."""
    return a.Kin(
        generator=other.name.partition(":")[0] if other.version else other.name,
        version=other.version,
        cosine=known.cosine,
        kinship=known.kinship,
        likelihood_ratio=math.exp(known.log_likelihood_ratio),
        probability=known.probability,
        low=known.low,
        high=known.high,
        support=known.support,
        reliability=other.reliability,
        p_value=known.p_value,
        q_value=known.q_value,
    )


def stored_kin(tx: Transaction, background: Background, name: str) -> tuple[a.Kin, ...]:
    """Accepted kin of a registered generator, nearest first.

    Their q-values are over the registry as it is now: pairs that are not stored have larger p-values, and are counted.
    """
    accepted = sorted((row for row in tx.kinship(name) if row.accepted), key=lambda r: (-r.kinship, r.a, r.b))
    if not accepted:
        return ()
    known = tx.measures({name, *(_other(row, name) for row in accepted)})
    images = np.array([min(known[name][1], known[_other(row, name)][1]) for row in accepted])
    p = p_values(np.array([row.kinship for row in accepted]), images, background.calibrations)
    q = q_values(np.concatenate([p, np.ones(max(tx.recorded_count() - 1 - len(p), 0))]))
    rows = zip(accepted, p.tolist(), q.tolist(), strict=False)
    return tuple(_stored(row, name, known[_other(row, name)][0], p, q) for row, p, q in rows)


def _other(row: KinshipRecord, name: str) -> str:
    return row.b if row.a == name else row.a


def _stored(row: KinshipRecord, name: str, reliability: float, p: float, q: float) -> a.Kin:
    other, version = (row.b, row.b_version) if row.a == name else (row.a, row.a_version)
    ratio = 10.0**row.log10_likelihood_ratio
    numbers = (row.cosine, row.kinship, ratio, row.probability, row.low, row.high, row.support)
    return a.Kin(other, version, *numbers, reliability, p, q)


def images_answer(images: ImageSet) -> a.Images:
    """How many images were used, and which were not."""
    return a.Images(len(images), tuple(a.Skipped(s.file, s.code, s.reason) for s in images.skipped))


def background_answer(background: Background, provenance: a.Provenance, file: str | None = None) -> a.BackgroundShown:
    """What a background is made of."""
    return a.BackgroundShown(
        provenance,
        name=background.name,
        denoiser=background.denoiser,
        digest=background.digest,
        photographs=int(background.facts["photographs"]),
        negatives=len(background.negatives),
        whitening_sets=int(background.facts["whitening_sets"]),
        panel=background.panel_names,
        calibrations=tuple(asdict(c) for c in background.calibrations),
        acceptance=tuple(threshold(c) for c in background.calibrations),
        file=file,
    )
