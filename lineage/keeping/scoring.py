"""A generator's row and column of scores, and the families they change.

Kinship with everybody is one product over the population; images' sketches are read only of those whose kinship or
cross-detection is kept. Up to 300 generators every pair's cross-detection is kept, beyond that each fingerprint's
strongest and those within its family.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from difreg.lineage import answers as a
from difreg.lineage.crossdetection import cross_detect, cross_detect_each
from difreg.lineage.families import PREFIX, Community, Edge, communities
from difreg.lineage.families import number as family_number
from difreg.lineage.keeping import history
from difreg.lineage.keeping.members import Members
from difreg.lineage.keeping.population import Population
from difreg.lineage.kinship import Kinship, kinships, with_doubt
from difreg.registry.profiles import Profile
from difreg.storage.catalog import Transaction
from difreg.storage.records import CrossRecord, FamilyRecord, KinshipRecord

ALL_PAIRS = 300  # generators up to which every pair's cross-detection is kept
STRONGEST = 50
LAST_FAMILY = "last_family"  # the setting that keeps the highest number a family ever had


def score(tx: Transaction, members: Members, new: Profile, verb: str = "add") -> None:
    """Store the scores of ``new``, a registered generator's latest version, with all others, and the families.

    What ``verb`` changed about the families goes into the history.
    """
    touched = score_kinship(tx, members, new)
    score_cross(tx, members, new, refresh_families(tx, verb) if touched else set())


def score_kinship(tx: Transaction, members: Members, new: Profile) -> bool:
    """Store the kinship of ``new`` alone; whether families may have changed by it."""
    others = members.population([v for v in tx.latest_refs() if v.generator != new.name])
    kin = kinship_rows(new, others, _declared_relatives(tx, new.name))
    touched = any(k.accepted for k in (*tx.kinship(new.name), *kin))
    tx.replace_kinship(new.name, kin)
    return touched


def score_cross(tx: Transaction, members: Members, new: Profile, moved: Iterable[str]) -> None:
    """Store the cross-detection of ``new``, once families are known; ``moved`` have another one now."""
    others = members.population([v for v in tx.latest_refs() if v.generator != new.name])
    foreign = [members.get(v) for v in tx.foreign_refs(members.background.denoiser)]
    if len(others) < ALL_PAIRS:
        rows = cross_rows(new, [others.profile(row) for row in range(len(others))])
        tx.replace_cross(new.name, [*rows, *_back(new, foreign)])
    else:
        _score_strongest(tx, new, others, moved, foreign)


def score_foreign(tx: Transaction, members: Members, new: Profile) -> None:
    """Store the scores of ``new``, a fingerprint without images, with all others' images."""
    others = members.population([v for v in tx.latest_refs() if v.generator != new.name])
    tx.replace_cross(new.name, forward_rows(new, [others.profile(row) for row in range(len(others))]))
    if len(others) >= ALL_PAIRS:
        tx.prune_cross(STRONGEST, {new.name})


def _declared_relatives(tx: Transaction, name: str) -> frozenset[str]:
    """Declared parents of ``name`` and generators that declare it as theirs."""
    record = tx.generator(name)
    return frozenset((*(p.name for p in record.parents if record), *tx.children(name))) if record else frozenset()


def kinship_rows(new: Profile, others: Population, declared: frozenset[str]) -> list[KinshipRecord]:
    """Kinship that is kept: accepted, or declared and judged. Images that both sides hold count for neither."""
    apart, _ = others.apart(new.contents)
    known = zip(kinships(new, apart), apart.members, strict=True)
    kept = [(k, apart.profile(m.row)) for k, m in known if k.accepted or (k.judged and m.name in declared)]
    return [_kinship_row(new, other, with_doubt(k, new, other)) for k, other in kept]


def _kinship_row(new: Profile, other: Profile, k: Kinship) -> KinshipRecord:
    one, two = sorted((new, other), key=lambda p: p.name)
    ratio = k.log_likelihood_ratio / math.log(10)
    numbers = (k.cosine, k.kinship, ratio, k.probability, k.low, k.high, k.support)
    replicates = k.replicates.hex() if k.replicates is not None else None
    return KinshipRecord(one.name, two.name, one.version, two.version, *numbers, k.accepted, replicates)


def _score_strongest(
    tx: Transaction, new: Profile, others: Population, moved: Iterable[str], foreign: Sequence[Profile]
) -> None:
    """Cross-detection with those alone whose row is kept, and those rows taken out that it puts in the shade."""
    tx.replace_cross(new.name, ())
    extent = tx.cross_extent()
    families = {member: f for f in tx.families() for member in f.members}
    forth, back = _candidates(new, others, extent, {member: f.name for member, f in families.items()})
    profiles = {row: others.profile(row) for row in forth | back}
    rows = forward_rows(new, [profiles[row] for row in sorted(forth)])
    rows += _back(new, [*(profiles[row] for row in sorted(back)), *foreign])
    tx.replace_cross(new.name, rows)
    # A fingerprint of a family that changed, or with more rows than it may keep, is looked at too.
    room = {name: STRONGEST + (len(families[name].members) - 1 if name in families else 0) for name in extent}
    over = {name for name, (count, _) in extent.items() if count > room[name]}
    alive = {*others.names, new.name}
    tx.prune_cross(STRONGEST, {new.name, *(others.names[row] for row in back), *over, *(alive & set(moved))})


def _candidates(
    new: Profile, others: Population, extent: Mapping[str, tuple[int, float]], families: Mapping[str, str]
) -> tuple[set[int], set[int]]:
    """Rows of ``others`` whose images ``new`` may keep a score of, and whose fingerprints may keep one of its images.

    The score is the cosine of the fingerprint's aim (a lattice fingerprint's template) and the images' template, but
    with generators that share images, which are always looked at.
    """
    scores, back_scores = others.directions @ new.fingerprint.aim, others.aims @ new.direction
    sure = set(others.sharing(new.contents))
    mine = families.get(new.name)
    if mine is not None:
        sure |= {row for row, name in enumerate(others.names) if families.get(name) == mine}
    spare = STRONGEST + len(sure)  # of those that share images the score may turn out lower
    least = np.sort(scores)[-spare] if len(scores) > spare else -np.inf
    slack = 1e-12  # of the order of sums
    known = [extent.get(name, (0, 0.0)) for name in others.names]
    floors = np.array([low if count >= STRONGEST else -np.inf for count, low in known])
    return (
        sure | set(np.flatnonzero(scores >= least - slack).tolist()),
        sure | set(np.flatnonzero(back_scores >= floors - slack).tolist()),
    )


def cross_rows(new: Profile, others: Sequence[Profile]) -> list[CrossRecord]:
    """Cross-detection of ``new`` with each of ``others``, in both orientations."""
    return [*forward_rows(new, others), *_back(new, others)]


def forward_rows(new: Profile, others: Sequence[Profile]) -> list[CrossRecord]:
    """Cross-detection of the images of ``others`` with the fingerprint of ``new``."""
    return _cross_rows((cross_detect(new, o) for o in others), (new, *others))


def _back(new: Profile, others: Sequence[Profile]) -> list[CrossRecord]:
    return _cross_rows(cross_detect_each(others, new), (new, *others))


def _cross_rows(found: Iterable[a.CrossDetection | None], ends: Iterable[Profile]) -> list[CrossRecord]:
    versions = {p.name: p.version for p in ends}
    return [_cross_row(c, versions) for c in found if c is not None]


def _cross_row(c: a.CrossDetection, versions: Mapping[str, int]) -> CrossRecord:
    ends = (c.fingerprint, c.images, versions[c.fingerprint], versions[c.images])
    return CrossRecord(*ends, c.score, c.auc, c.accuracy, c.p_value, c.n)


def refresh_families(tx: Transaction, verb: str = "add", before: Sequence[FamilyRecord] | None = None) -> set[str]:
    """Families from the accepted kinship that is stored; names and titles stay.

    What ``verb`` changed about them since ``before`` (None: now) goes into the history.

    Returns
    -------
    The generators that have another family now.
    """
    were = tx.families()
    known = [Community(f.name, f.members, f.support) for f in were]
    last = _last_family(tx, were)
    found = communities(accepted(tx), known, last)
    highest = max([last, *(family_number(c.name) for c in found)])
    if str(highest) != tx.setting(LAST_FAMILY):
        tx.set_setting(LAST_FAMILY, str(highest))
    moved = tx.set_families([FamilyRecord(c.name, None, c.support, c.members) for c in found])
    history.log_families(tx, verb, were if before is None else before)
    return moved


def accepted(tx: Transaction) -> list[Edge]:
    """All accepted kinship that is stored."""
    rows = ((k, bytes.fromhex(k.replicates) if k.replicates else None) for k in tx.kinship() if k.accepted)
    return [Edge(k.a, k.b, k.probability, k.support, replicates) for k, replicates in rows]


def _last_family(tx: Transaction, families: Sequence[FamilyRecord]) -> int:
    """The highest number a family ever had; homes of earlier releases tell it by their history alone."""
    kept = tx.setting(LAST_FAMILY)
    told = [int(kept)] if kept else [family_number(s) for s in tx.change_subjects(PREFIX)]
    return max([*told, *(family_number(f.name) for f in families)], default=0)
