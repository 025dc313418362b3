"""Weights of registered versions: kept with their distances to all others whose layers are alike, and told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from difreg.errors import DifregError
from difreg.lineage import answers as a
from difreg.lineage.heritage import Apart, Apartness, Bearer, Heir, elder, heirs
from difreg.names import shown
from difreg.numerals import count, share
from difreg.registry.weights import Weights, distance, from_arrays, read_weights, to_arrays
from difreg.storage.blob_places import Blobs
from difreg.storage.catalog import Transaction
from difreg.storage.records import NewWeights, VersionRecord, WeightDistanceRecord, WeightsRecord


@dataclass(frozen=True)
class Read:
    """Weights that were read from a file, and the file."""

    weights: Weights
    file: str
    sha256: str
    prefix: str


def read(path: str | Path) -> Read:
    """Read a file of weights.

    Raises
    ------
    InputError
        If it is no safetensors file, or its decoder cannot be measured.
    """
    path = Path(path)
    weights, prefix = read_weights(path)
    with path.open("rb") as stream:
        return Read(weights, str(path), hashlib.file_digest(stream, "sha256").hexdigest(), prefix)


def attach(tx: Transaction, blobs: Blobs, version: VersionRecord, new: Read) -> WeightsRecord:
    """Keep weights as those of ``version``, in the place of any it had."""
    w = new.weights
    digest = blobs.put(*to_arrays(w))
    row = NewWeights(
        digest, new.file, new.sha256, new.prefix, w.signature, len(w.tensors), w.parameters, w.norm, w.kurtosis
    )
    before = tx.weights(version.id)
    if before is None or (before.digest, before.sha256) != (digest, new.sha256):
        tx.set_weights(version.id, row, _distances(tx, blobs, version.id, w))
        told = f"version {version.number}: weights of {count(len(w.tensors), 'tensor')}"
        tx.log("add", version.generator, f"{told}, {count(w.parameters, 'parameter')}")
    made = tx.weights(version.id)
    assert made is not None  # noqa: S101 (it was just kept)
    return made


def carry(tx: Transaction, blobs: Blobs, before: VersionRecord, version: VersionRecord) -> None:
    """Give a version that has the images of ``before`` and more the weights of that one."""
    known = tx.weights(before.id)
    if known is not None and tx.weights(version.id) is None:
        row = NewWeights(**{f: getattr(known, f) for f in NewWeights.__dataclass_fields__})
        tx.set_weights(version.id, row, _distances(tx, blobs, version.id, stored(blobs, known)))


def stored(blobs: Blobs, record: WeightsRecord) -> Weights:
    """The weights that a record is of.

    Raises
    ------
    StorageError
        If their arrays are missing or damaged.
    InputError
        If they are not of weights.
    """
    return from_arrays(*blobs.read(record.digest))


def _distances(tx: Transaction, blobs: Blobs, version_id: int, mine: Weights) -> Iterator[WeightDistanceRecord]:
    """To all weights on record with the same layers; those whose arrays are lost are left out."""
    for other in tx.every_weights():
        if other.signature != mine.signature or other.version_id == version_id:
            continue
        try:
            found = distance(mine, stored(blobs, other))
        except DifregError:
            continue
        if found is not None:
            pair = min(version_id, other.version_id), max(version_id, other.version_id)
            yield WeightDistanceRecord(*pair, found.relative, found.error, found.rounding)


def descent(tx: Transaction) -> list[Heir]:
    """Whom each generator's latest version came from, by weights."""
    latest = tx.latest_weights()
    return heirs([bearer(w) for w in latest], _apart(tx, latest))


def _apart(tx: Transaction, latest: list[WeightsRecord]) -> Apartness:
    names = {w.version_id: w.generator for w in latest}
    return {
        frozenset((names[d.a_id], names[d.b_id])): Apart(d.relative, d.error, d.rounding)
        for d in (tx.weight_distances() if len(latest) > 1 else ())
        if d.a_id in names and d.b_id in names
    }


def bearer(record: WeightsRecord) -> Bearer:
    """What tells the elder of two."""
    return Bearer(record.generator, record.norm, record.kurtosis)


def shown_weights(tx: Transaction, record: WeightsRecord) -> a.WeightsRow:
    """What is told of a version's weights, with its kin by weights among the latest versions, nearest first."""
    others = {w.version_id: w for w in tx.latest_weights() if w.generator != record.generator}
    found = [(d.b_id if d.a_id == record.version_id else d.a_id, d) for d in tx.weight_distances(record.version_id)]
    kin = [pair for key, d in found if key in others and (pair := _pair(record, others[key], d)).kin]
    kin.sort(key=lambda k: (k.distance, k.generator))
    return a.WeightsRow(
        file=record.file,
        sha256=record.sha256,
        digest=record.digest,
        decoder=record.prefix,
        tensors=record.tensors,
        parameters=record.parameters,
        norm=record.norm,
        kurtosis=record.kurtosis,
        kin=tuple(kin),
    )


def _pair(one: WeightsRecord, two: WeightsRecord, known: WeightDistanceRecord) -> a.WeightKin:
    apart = Apart(known.relative, known.error, known.rounding)
    older = None if apart.copy or not apart.kin else elder(bearer(one), bearer(two))
    return a.WeightKin(
        generator=two.generator,
        version=two.number,
        distance=known.relative,
        error=known.error,
        kin=apart.kin,
        same=apart.copy,
        elder=older.name if older else None,
    )


def compared(tx: Transaction, one: WeightsRecord | None, two: WeightsRecord | None) -> a.WeightsCompared | None:
    """What the weights of two versions say of them; None where one has none."""
    if one is None or two is None:
        return None
    ends = {one.version_id, two.version_id}
    known = next((d for d in tx.weight_distances(one.version_id) if {d.a_id, d.b_id} == ends), None)
    if known is None:
        text = "their decoders have layers of other names or shapes: weights cannot be compared"
        return a.WeightsCompared(None, None, kin=None, same=None, elder=None, text=text)
    pair = _pair(one, two, known)
    told = f"distance {share(pair.distance)} (standard error {share(pair.error)}; strangers are at about 1.414)"
    if pair.same:
        text = f"the same weights, but for rounding; {told}"
    elif not pair.kin:
        text = f"no common ancestry by weights; {told}"
    elif pair.elder is None:
        text = f"kin by weights; {told}; which is the elder is open, length and kurtosis disagree"
    else:
        text = f"kin by weights; {told}; {shown(pair.elder)} is the elder, by shorter weights and smaller kurtosis"
    return a.WeightsCompared(pair.distance, pair.error, kin=pair.kin, same=pair.same, elder=pair.elder, text=text)
