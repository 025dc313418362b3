"""Bundles: generators with all their versions in one file, to be read by another registry.

What is read is checked whole, every array against its digest and against what the manifest says of it, and measured
again: a bundle brings sketches and declarations, never a score.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from difreg.errors import IncompatibleError, NotFoundError, StorageError
from difreg.lineage import answers as a
from difreg.lineage.bundles import container as bundle_file
from difreg.lineage.bundles import manifest as bundle_manifest
from difreg.lineage.bundles.container import BundleFile
from difreg.lineage.bundles.manifest import (
    FACTS,
    BundledGenerator,
    BundledTitle,
    BundledVersion,
    Manifest,
)
from difreg.lineage.caveats import fingerprint_caveats, solver_caveats
from difreg.lineage.keeping import foreign
from difreg.lineage.keeping.checking import Mismatch, examine
from difreg.names import shown
from difreg.registry.metadata import DeclaredParent, Metadata
from difreg.registry.profiles import Profile
from difreg.registry.threads import single_threaded
from difreg.storage.blob_places import Blobs
from difreg.storage.blobs import dumps, loads
from difreg.storage.catalog import Transaction
from difreg.storage.records import GeneratorRecord, NewVersion, VersionRecord


def collect(tx: Transaction, names: Sequence[str], denoiser: str) -> Manifest:
    """The manifest of all generators, or of ``names`` with the ancestors they declare as stubs.

    Raises
    ------
    NotFoundError
        If one of ``names`` has no images here, or there is nothing to export.
    """
    records = {g.name: g for g in tx.generators()}
    for name in names:
        if name not in records or not records[name].observed:
            hint = "See `difreg list`; a bundle takes all versions of a generator."
            raise NotFoundError(f"There is no generator '{shown(name)}' with images to export.", hint)
    whole = set(names) or {g.name for g in records.values() if g.observed}
    if not whole:
        raise NotFoundError("The registry holds no generator to export.", "Register some: difreg add NAME IMAGES...")
    taken = _with_ancestors(whole, records) if names else set(records)
    generators = tuple(_bundled(tx, records[name], name in whole) for name in sorted(taken))
    families = ((f.title, tuple(m for m in f.members if m in whole)) for f in tx.families())
    titles = tuple(BundledTitle(title, members) for title, members in families if title and members)
    return Manifest(denoiser, generators, titles)


def _with_ancestors(names: Collection[str], records: Mapping[str, GeneratorRecord]) -> set[str]:
    found, ahead = set(names), list(names)
    while ahead:
        fresh = {p.name for p in records[ahead.pop()].parents if p.name in records} - found
        found |= fresh
        ahead += fresh
    return found


def _bundled(tx: Transaction, record: GeneratorRecord, whole: bool) -> BundledGenerator:
    parents = tuple(DeclaredParent(p.name, p.relation, p.source) for p in record.parents)
    declared = Metadata(**{f: getattr(record, f) for f in FACTS}, parents=parents, tags=record.tags)
    if not whole:
        return BundledGenerator(record.name, False, declared, {}, ())
    versions = tuple(_bundled_version(tx, v) for v in tx.versions(record.name))
    return BundledGenerator(record.name, True, declared, record.aliases, versions)


def _bundled_version(tx: Transaction, v: VersionRecord) -> BundledVersion:
    """A version without the folders its images lay in, which are nobody else's business."""
    return BundledVersion(
        number=v.number,
        digest=v.digest,
        identity=v.identity,
        solver=v.solver,
        denoiser=v.denoiser,
        background=v.background,
        canvas=v.canvas,
        seed=v.seed,
        tool=v.tool,
        created=v.created,
        files=tuple(replace(i, file=Path(i.file).name or "image") for i in tx.images(v.id)),
        skipped=tuple(replace(s, file=Path(s.file).name or "image") for s in tx.skipped(v.id)),
    )


def write(manifest: Manifest, blobs: Blobs, output: Path, provenance: a.Provenance) -> a.Bundled:
    """Write the bundle, and tell what is in it.

    Raises
    ------
    StorageError
        If an array is missing or damaged, or the file cannot be written.
    """
    digests = sorted({v.digest for g in manifest.generators for v in g.versions})

    def arrays() -> Iterator[tuple[str, bytes]]:
        for digest in digests:
            yield digest, dumps(*blobs.read(digest))

    sha256 = bundle_file.write(output, bundle_manifest.dumps(manifest), arrays())
    observed = sum(g.observed for g in manifest.generators)
    versions = sum(len(g.versions) for g in manifest.generators)
    counts = {"generators": observed, "stubs": len(manifest.generators) - observed, "versions": versions}
    return a.Bundled(provenance, file=str(output), sha256=sha256, **counts)


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every array was checked against its manifest; ``made`` are its versions, by digest and identity,
    with the quality that was measured here.
    """

    file: BundleFile
    manifest: Manifest
    made: Mapping[tuple[str, str], NewVersion]


def read(file: BundleFile) -> Bundle:
    """All of a bundle but its arrays, which were looked at one by one.

    Raises
    ------
    InputError, IncompatibleError
        If anything in it is not sound, or this difreg has not what it takes to tell.
    """
    manifest = bundle_manifest.loads(file.manifest())
    versions = [v for g in manifest.generators for v in g.versions]
    if {v.digest for v in versions} != file.digests:
        raise file.damaged("the arrays in it are not those its manifest names")
    with single_threaded():
        made = {(v.digest, v.identity): _checked(file, v, manifest.denoiser) for v in versions}
    return Bundle(file, manifest, made)


def _checked(file: BundleFile, version: BundledVersion, denoiser: str) -> NewVersion:
    data = file.blob(version.digest)
    try:
        arrays, facts = loads(data)
        plain = dumps(arrays, facts) == data
    except (StorageError, ValueError) as error:
        raise file.damaged(f"the array {version.digest[:12]} is not one difreg writes") from error
    if not plain:
        raise file.damaged(f"the array {version.digest[:12]} is not one difreg writes")
    try:
        if version.files and version.denoiser != denoiser:
            raise Mismatch("foreign_denoiser", f"its denoiser is not {shown(denoiser, 40)}")
        profile = examine(version, version.files, arrays, facts)
    except Mismatch as found:
        if found.code in {"format", "foreign_background"}:
            hint = "Upgrade difreg: pip install --upgrade difreg."
            raise IncompatibleError(f"{file.told} holds a version this difreg cannot check: {found}.", hint) from found
        raise file.damaged(f"of the version {version.digest[:12]}, {found}") from found
    return _made(version, profile)


def _made(version: BundledVersion, profile: Profile) -> NewVersion:
    """A version to be kept: its own words on where it comes from, and what was measured here."""
    own = {k: v for k, v in vars(version).items() if k != "number"}
    if not version.files:
        return replace(foreign.row(profile, version.identity, version.digest, version.denoiser), **own)
    caveats = (*fingerprint_caveats(profile), *solver_caveats(profile.solution))
    return NewVersion(
        **own,
        images=len(profile),
        reliability=profile.reliability,
        separation=profile.fingerprint.separation,
        jpeg=profile.fingerprint.jpeg,
        caveats=tuple((c.code, c.text) for c in caveats),
    )
