"""Registering a version: its row and column of scores, the families they change, all in one transaction.

Scores rest on two generators and the background alone, so that a new generator moves no number that is stored.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from difreg import __version__, dates
from difreg.lineage import answers as a
from difreg.lineage.caveats import fingerprint_caveats
from difreg.lineage.crossdetection import cross_detect, cross_detect_all
from difreg.lineage.families import Community, Edge, communities
from difreg.lineage.kinship import Kinship, kinships, with_doubt
from difreg.lineage.members import Members
from difreg.lineage.views import images_answer, stored_kin
from difreg.registry.extraction import ImageSet
from difreg.registry.images import CROP
from difreg.registry.metadata import Metadata
from difreg.registry.profiles import Profile, to_arrays
from difreg.storage.catalog import Transaction
from difreg.storage.records import (
    CrossRecord,
    FamilyRecord,
    ImageRecord,
    KinshipRecord,
    NewVersion,
    ParentRecord,
    SkippedRecord,
    VersionRecord,
)

ALL_PAIRS = 300  # generators up to which every pair's cross-detection is kept
STRONGEST = 50


def register(
    tx: Transaction, members: Members, new: Profile, found: ImageSet, metadata: Metadata
) -> tuple[VersionRecord, bool]:
    """Keep ``new`` as the next version of its name, unless its latest version has these very images.

    Returns
    -------
    The version, and whether it was made just now.
    """
    declare(tx, new.name, metadata)
    identity = _identity(new, found)
    latest = tx.latest(new.name)
    created = latest is None or latest.identity != identity
    if latest is None or created:
        digest = members.blobs.put(to_arrays(new), {"format": "difreg-version-1", "denoiser": found.denoiser})
        latest = tx.add_version(new.name, _row(new, found, identity, digest))
        tx.log("add", new.name, f"version {latest.number}: {latest.images} images, {len(found.skipped)} skipped")
    _score(tx, members, replace(new, version=latest.number), latest)
    return latest, created


def _score(tx: Transaction, members: Members, new: Profile, version: VersionRecord) -> None:
    """The row and the column of scores that a generator has, and the families they make."""
    members.put(version, new)
    others = [members.get(v) for v in tx.latest_all() if v.generator != new.name]
    tx.replace_kinship(new.name, _kinship_rows(new, others, _declared_relatives(tx, new.name)))
    refresh_families(tx)
    tx.replace_cross(new.name, _cross_rows(new, others))
    if len(others) >= ALL_PAIRS:
        tx.prune_cross(STRONGEST)


def _declared_relatives(tx: Transaction, name: str) -> frozenset[str]:
    """Declared parents of ``name`` and generators that declare it as theirs."""
    out = set()
    for g in tx.generators():
        parents = {p.name for p in g.parents}
        out |= parents if g.name == name else {g.name} if name in parents else set()
    return frozenset(out)


def declare(tx: Transaction, name: str, metadata: Metadata) -> None:
    """Store what is declared about ``name``; what is not declared stays as it was."""
    tx.declare(
        name,
        observed=True,
        released=metadata.released,
        released_latest=dates.parse(metadata.released).latest if metadata.released else None,
        not_before=metadata.not_before,
        not_before_earliest=dates.parse(metadata.not_before).earliest if metadata.not_before else None,
        base=metadata.base,
        source=metadata.source,
        certainty=metadata.certainty,
        note=metadata.note,
        parents=[ParentRecord(p.name, p.relation, p.source) for p in metadata.parents] or None,
        tags=dict(metadata.tags) or None,
    )


def _identity(new: Profile, found: ImageSet) -> str:
    told = {
        "images": sorted(i.sha256 for i in found.images),
        "solver": new.fingerprint.solver,
        "denoiser": found.denoiser,
        "background": new.background.name,
        "canvas": CROP,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _row(new: Profile, found: ImageSet, identity: str, digest: str) -> NewVersion:
    return NewVersion(
        digest=digest,
        identity=identity,
        solver=new.fingerprint.solver,
        denoiser=found.denoiser,
        background=new.background.name,
        canvas=CROP,
        seed=None,
        tool=f"difreg {__version__}",
        images=len(new),
        reliability=new.reliability,
        separation=new.fingerprint.separation,
        jpeg=new.fingerprint.jpeg,
        caveats=tuple((c.code, c.text) for c in fingerprint_caveats(new)),
        files=tuple(ImageRecord(i.file, i.size, i.sha256, i.content) for i in found.images),
        skipped=tuple(SkippedRecord(s.file, s.code, s.reason) for s in found.skipped),
    )


def _apart(new: Profile, other: Profile) -> Profile | None:
    """``other`` without the images that ``new`` holds too: nothing is kin by sharing a picture."""
    return other.without(frozenset(new.contents))


def _kinship_rows(new: Profile, others: Sequence[Profile], declared: frozenset[str]) -> list[KinshipRecord]:
    """Kinship that is kept: accepted, or declared and judged."""
    apart = [o for o in (_apart(new, o) for o in others) if o is not None]
    known = zip(kinships(new, apart), apart, strict=True)
    kept = [(k, o) for k, o in known if k.accepted or (k.judged and o.name in declared)]
    return [_kinship_row(new, o, with_doubt(k, new, o)) for k, o in kept]


def _kinship_row(new: Profile, other: Profile, k: Kinship) -> KinshipRecord:
    one, two = sorted((new, other), key=lambda p: p.name)
    ratio = k.log_likelihood_ratio / math.log(10)
    numbers = (k.cosine, k.kinship, ratio, k.probability, k.low, k.high, k.support)
    return KinshipRecord(one.name, two.name, one.version, two.version, *numbers, accepted=k.accepted)


def _cross_rows(new: Profile, others: Sequence[Profile]) -> list[CrossRecord]:
    if not others:
        return []
    mine = frozenset(new.contents)
    forth = [cross_detect(new, o) for o in others]
    # A fingerprint that trained on none of the new images can score them together with all such others.
    free = [o for o in others if mine.isdisjoint(o.contents)]
    back = [*(cross_detect_all(free, new) if free else []), *(cross_detect(o, new) for o in others if o not in free)]
    versions = {p.name: p.version for p in (new, *others)}
    return [_cross_row(c, versions) for c in (*forth, *back) if c is not None]


def _cross_row(c: a.CrossDetection, versions: Mapping[str, int]) -> CrossRecord:
    ends = (c.fingerprint, c.images, versions[c.fingerprint], versions[c.images])
    return CrossRecord(*ends, c.score, c.auc, c.accuracy, c.p_value, c.n)


def refresh_families(tx: Transaction) -> None:
    """Families from the accepted kinship that is stored; names and titles stay."""
    edges = [Edge(k.a, k.b, k.probability, k.support) for k in tx.kinship() if k.accepted]
    known = [Community(f.name, f.members, f.support) for f in tx.families()]
    tx.set_families([FamilyRecord(c.name, None, c.support, c.members) for c in communities(edges, known)])


def added_fields(tx: Transaction, registered: tuple[VersionRecord, bool], found: ImageSet) -> dict[str, Any]:
    """The fields of ``add``'s answer that the catalogue knows."""
    version, created = registered
    record = tx.generator(version.generator)
    return {
        "generator": version.generator,
        "version": version.number,
        "created": created,
        "digest": version.digest,
        "images": images_answer(found),
        "quality": a.Quality(version.reliability, version.separation),
        "kin": stored_kin(tx, version.generator),
        "family": record.family if record else None,
        "warnings": tuple(a.Caveat(code, text) for code, text in version.caveats),
    }
