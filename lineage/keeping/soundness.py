"""Whether what is stored is still what was written: every array against its digest, every version against its arrays.

Nothing here trusts a cache: arrays are read anew, and scores, families and the cached graph are compared with what the
sketches give now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from difreg.errors import DifregError, InputError, StorageError
from difreg.lineage.families import Community, communities
from difreg.lineage.keeping import scoring, weighing
from difreg.lineage.keeping.checking import TOLERANCE, Mismatch, check_quality, examine
from difreg.lineage.keeping.members import Members
from difreg.lineage.keeping.population import Measured, Population
from difreg.names import shown
from difreg.registry.background import Background
from difreg.registry.profiles import Profile
from difreg.storage.blob_places import Blobs
from difreg.storage.catalog import Transaction
from difreg.storage.records import CrossRecord, KinshipRecord, VersionRef

RESTORE = "import a bundle that holds it, restore it from a copy of the home, or add its images again"
Pair = tuple[str, str]


@dataclass(frozen=True)
class Found:
    """A problem: ``code`` for programs, ``subject`` what it is about; ``mendable`` without losing anything.

    ``digest`` names the arrays it is about, if it is about some.
    """

    code: str
    subject: str
    text: str
    mendable: bool = False
    digest: str = ""


def versions(tx: Transaction, blobs: Blobs) -> Iterator[Found]:
    """Problems of the versions on record, those of removed generators included, and of their arrays."""
    there = set(blobs.digests())
    for version in tx.every_version():
        subject = f"{version.generator}:{version.number}"
        if version.digest not in there:
            text = f"its arrays {version.digest[:12]} are missing: {RESTORE}"
            yield Found("missing_blob", subject, text, digest=version.digest)
            continue
        try:
            arrays, facts = blobs.read(version.digest)
        except StorageError as error:
            damaged = f"its arrays {version.digest[:12]} are not what was written ({error.message.rstrip('.')})"
            yield Found("altered_blob", subject, f"{damaged}: {RESTORE}", digest=version.digest)
            continue
        try:
            check_quality(version, examine(version, tx.images(version.id), arrays, facts))
        except Mismatch as mismatch:
            yield Found(mismatch.code, subject, f"{mismatch}; {_HINTS.get(mismatch.code, _RECORD)}")


_RECORD = "the catalogue was changed by something other than difreg: restore it from a copy of the home"
_HINTS = {
    "foreign_denoiser": "scores of two denoisers never mix: add its images to a registry of that denoiser",
    "foreign_background": "upgrade difreg: pip install --upgrade difreg",
    "format": "upgrade difreg: pip install --upgrade difreg",
}


def weights(tx: Transaction, blobs: Blobs) -> Iterator[Found]:
    """Weights on record whose arrays are missing, damaged or others."""
    there = set(blobs.digests())
    for record in tx.every_weights():
        subject, what = f"{record.generator}:{record.number}", f"what is kept of its weights, {record.digest[:12]},"
        if record.digest not in there:
            yield Found("missing_blob", subject, f"{what} is missing: {_GIVE}", digest=record.digest)
            continue
        try:
            made = weighing.stored(blobs, record)
        except InputError:
            yield Found("weights", subject, f"{what} is not of weights: {_GIVE}")
            continue
        except DifregError as error:
            text = f"{what} is not what was written ({error.message.rstrip('.')}): {_GIVE}"
            yield Found("altered_blob", subject, text, digest=record.digest)
            continue
        if (made.signature, made.norm, made.kurtosis) != (record.signature, record.norm, record.kurtosis):
            yield Found("weights", subject, f"{what} does not agree with the catalogue: {_GIVE}")


_GIVE = "give them again: difreg add NAME IMAGES --weights FILE"


def belonging(tx: Transaction, denoiser: str, background: Background) -> Iterator[Found]:
    """Versions of another denoiser than the registry's, and current ones solved under an older background."""
    for version in tx.every_version():
        subject = f"{version.generator}:{version.number}"
        if version.images and version.denoiser != denoiser:
            text = f"it is of the denoiser {shown(version.denoiser, 40)}, the registry of {denoiser}"
            yield Found("foreign_denoiser", subject, f"{text}: {_HINTS['foreign_denoiser']}")
    for version in tx.latest_all():
        if version.images and version.background != background.name and version.denoiser == denoiser:
            told = f"it was solved under {shown(version.background, 40)}; today's is {background.name}"
            subject = f"{version.generator}:{version.number}"
            yield Found("old_background", subject, f"{told}: add its images again for a version under that one")


def orphans(tx: Transaction, blobs: Blobs) -> list[str]:
    """Arrays that no version needs."""
    return sorted(set(blobs.digests()) - tx.needed_digests())


@dataclass(frozen=True)
class Scores:
    """What is stored of scores and families and should not be, or should be and is not.

    Attributes
    ----------
    generators
        Those whose scores must be made again.
    found
        A line a pair.
    """

    generators: frozenset[str]
    found: tuple[Found, ...]


def scores(tx: Transaction, members: Members) -> Scores:
    """Compare stored kinship and cross-detection with what the sketches give now.

    Parameters
    ----------
    members
        Without an index, so that the sketches speak.
    """
    latest = tx.latest_refs()
    population = members.population(latest)
    stale: dict[Pair, list[str]] = defaultdict(list)
    for found in (_stale_kinship(tx, members, latest, population), _stale_cross(tx, members, latest)):
        for (one, two), why in sorted(found.items()):
            known = stale[min(one, two), max(one, two)]
            known += [] if why in known else [why]
    text = "its stored scores are not those its sketches give"
    lines = [Found("stale_scores", ", ".join(pair), f"{text}: {'; '.join(whys)}", True) for pair, whys in stale.items()]
    return Scores(frozenset(name for pair in stale for name in pair), tuple(lines))


def _stale_kinship(
    tx: Transaction, members: Members, latest: Sequence[VersionRef], population: Population
) -> dict[Pair, str]:
    stored = {(k.a, k.b): k for k in tx.kinship()}
    parents = {g.name: {p.name for p in g.parents} for g in tx.generators()}
    out: dict[Pair, str] = {}
    for row, version in enumerate(latest):
        mine = members.get(version)
        others = population.only(range(row))
        relatives = frozenset(
            n for n in others.names if n in parents[version.generator] or version.generator in parents[n]
        )
        fresh = {(k.a, k.b): k for k in scoring.kinship_rows(mine, others, relatives)}
        shared = {others.names[k] for k in others.sharing(mine.contents)}
        for other in others.names:
            pair = (min(version.generator, other), max(version.generator, other))
            was, now = stored.pop(pair, None), fresh.get(pair)
            if was is None and now is None:
                continue
            if not _alike(was, now) and other in shared:  # which side gives up a shared image was a matter of order
                now = _turned(members, latest, population, other, mine, other in relatives)
            if not _alike(was, now):
                out[pair] = "kinship"
    out.update(dict.fromkeys(stored, "kinship of a version that is not current"))
    return out


def _turned(
    members: Members, latest: Sequence[VersionRef], population: Population, other: str, mine: Profile, kin: bool
) -> KinshipRecord | None:
    row = population.names.index(other)
    declared = frozenset([mine.name]) if kin else frozenset()
    rows = scoring.kinship_rows(members.get(latest[row]), Population.of([mine]), declared)
    return rows[0] if rows else None


def _stale_cross(tx: Transaction, members: Members, latest: Sequence[VersionRef]) -> dict[Pair, str]:
    """Of few generators every pair is expected, of many those that are stored are compared."""
    stored = {(c.fingerprint, c.images): c for c in tx.cross()}
    every = tx.recorded_count() <= scoring.ALL_PAIRS
    known = {v.generator: v for v in latest}
    without = {v.generator: v for v in tx.foreign_refs(members.background.denoiser)}
    partners: dict[str, set[str]] = {name: set() for name in (*known, *without)}
    out: dict[Pair, str] = {}
    for one, two in stored:
        if two in known and (one in known or one in without):
            first, second = (one, two) if one in without else (max(one, two), min(one, two))
            partners[first].add(second)
        else:
            out[one, two] = "cross-detection of a version that is not current"
    for name in sorted(partners):
        before = {n for n in known if n < name or name in without}
        wanted = before if every else partners[name]
        others = [members.get(known[n]) for n in sorted(wanted)]
        if name in known:
            fresh = scoring.cross_rows(members.get(known[name]), others)
        else:
            fresh = scoring.forward_rows(members.get(without[name]), others)
        made = {(c.fingerprint, c.images): c for c in fresh}
        for other in wanted:
            for pair in ((name, other), (other, name)):
                was, now = stored.get(pair), made.get(pair)
                if not _alike(was, now) and (every or was is not None):
                    out[pair] = "cross-detection"
    return out


def _alike(was: KinshipRecord | CrossRecord | None, now: KinshipRecord | CrossRecord | None) -> bool:
    """Whether two rows say the same, numbers within the tolerance, relative where they are large."""
    if was is None or now is None:
        return was is now
    for f in fields(was):
        one, two = getattr(was, f.name), getattr(now, f.name)
        if isinstance(one, float) and isinstance(two, float):
            slack = 1 / 50 if f.name == "support" else TOLERANCE  # a share of 200 replicates
            if not np.isclose(one, two, rtol=TOLERANCE, atol=slack, equal_nan=True):
                return False
        elif one != two and f.name != "replicates":  # what support counts
            return False
    return True


def families(tx: Transaction) -> Iterator[Found]:
    """Families that the stored kinship does not give."""
    known = [Community(f.name, f.members, f.support) for f in tx.families()]
    was = {c.name: c for c in known}
    now = {c.name: c for c in communities(scoring.accepted(tx), known)}
    for name in sorted({*was, *now}):
        one, two = was.get(name), now.get(name)
        same = one and two and one.members == two.members and np.isclose(one.support, two.support, atol=TOLERANCE)
        if not same:
            yield Found("stale_family", name, "it is not what the stored kinship gives", True)


def index(members: Members, fresh: Members, latest: Sequence[VersionRef]) -> Iterator[Found]:
    """Entries of the index that are not what the sketches give; ``fresh`` has none."""
    known = members.indexed(v.digest for v in latest)
    for version in latest:
        entry = known.get(version.digest)
        if entry is not None and not _agrees(entry, Measured.of(fresh.get(version))):
            subject = f"{version.generator}:{version.number}"
            yield Found("stale_index", subject, "what is kept to spare reading it is not what its arrays give", True)
            return


def _agrees(entry: bytes, now: Measured) -> bool:
    was = Measured.unpack(entry)
    if was is None or was.contents != now.contents:
        return False
    pairs = ((was.direction, now.direction), (was.facts, now.facts))
    return all(np.allclose(one, two, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True) for one, two in pairs)
