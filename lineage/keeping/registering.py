"""Registering a version: its row and column of scores, the families they change, all in one transaction.

Scores rest on two generators and the background alone, so that a new generator moves no number that is stored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from difreg import __version__, dates
from difreg.errors import InputError, NotFoundError
from difreg.lineage import answers as a
from difreg.lineage.caveats import fingerprint_caveats, solver_caveats
from difreg.lineage.keeping import history, scoring
from difreg.lineage.keeping.members import Members
from difreg.lineage.keeping.scoring import refresh_families as refresh_families
from difreg.lineage.views import images_answer, stored_kin
from difreg.names import shown
from difreg.registry.background import Background
from difreg.registry.extraction import ImageInfo, ImageSet
from difreg.registry.histories.record import Histories
from difreg.registry.images import CROP, drop_duplicates
from difreg.registry.metadata import Metadata
from difreg.registry.profiles import Profile, to_arrays
from difreg.storage.catalog import Transaction
from difreg.storage.records import (
    ImageRecord,
    NewVersion,
    ParentRecord,
    SkippedRecord,
    VersionRecord,
)


def register(
    tx: Transaction, members: Members, new: Profile, found: ImageSet, metadata: Metadata
) -> tuple[VersionRecord, bool]:
    """Keep ``new`` as the next version of its name, unless its latest version has these very images.

    Returns
    -------
    The version, and whether it was made just now.
    """
    declare(tx, new.name, metadata, "add")
    identity = _identity(new, found)
    latest = tx.latest(new.name)
    created = latest is None or latest.identity != identity
    facts = {"format": "difreg-version-1", "denoiser": found.denoiser}
    if latest is None or created:
        digest = members.blobs.put(to_arrays(new), facts)
        latest = tx.add_version(new.name, _row(new, found, identity, digest))
        tx.log("add", new.name, f"version {latest.number}: {latest.images} images, {len(found.skipped)} skipped")
    elif not members.blobs.verify(latest.digest):  # the same images give the same arrays again
        for again in (new, replace(new, histories=None)):  # the first versions kept no histories
            if members.blobs.put(to_arrays(again), facts) == latest.digest:
                break
    # What is scored is what was kept: half floats are a little coarser than what was solved.
    scoring.score(tx, members, members.get(latest))
    return latest, created


def appended(tx: Transaction, members: Members, name: str, found: ImageSet) -> ImageSet:
    """The images of the latest version of ``name``, from its stored sketches, and those of ``found`` it has not yet.

    Raises
    ------
    NotFoundError
        If there is no version to append to.
    """
    latest = tx.latest(name)
    if latest is None or not latest.images:
        hint = "Leave out --append to register its first version."
        raise NotFoundError(f"'{shown(name)}' has no version to append to.", hint)
    infos = [ImageInfo(i.file, i.size, i.sha256, i.pixels) for i in tx.images(latest.id)] + [*found.images]
    before = members.get(latest)
    if (before.tiles is None) != (found.tiles is None):
        area = "crop" if before.tiles is None else "whole"
        raise InputError(
            f"Version {latest.number} of '{shown(name)}' was made with --area {area}.", f"Append with --area {area}."
        )
    sketches = np.concatenate([before.sketches, found.sketches])
    tiles = np.concatenate([s.tiles for s in (before, found) if s.tiles is not None] or [np.empty(0)])
    known = [s.histories or Histories.unknown(len(s)) for s in (before, found)]
    kept, twice = drop_duplicates([(i.file, i.content) for i in infos])
    happened = known[0].joined(known[1]).kept(kept)
    return ImageSet(
        found.denoiser,
        tuple(infos[k] for k in kept),
        sketches[kept],
        (*found.skipped, *twice),
        found.area,
        tiles[kept] if len(tiles) else None,
        histories=happened if happened.any_known else None,
    )


def declare(tx: Transaction, name: str, metadata: Metadata, verb: str, observed: bool = True) -> None:
    """Store what is declared about ``name`` and what that changes; what is not declared stays as it was.

    Parameters
    ----------
    observed
        False for one of which there are no images; it never makes a stub of an observed one.

    Raises
    ------
    InputError
        If it is declared as its own parent.
    """
    if name in {p.name for p in metadata.parents}:
        raise InputError(f"'{shown(name)}' cannot be its own parent.", "Name what it was made from.")
    before = tx.recorded(name)
    touched = {p.name for p in metadata.parents}
    touched |= {p.name for p in before.parents} if before and touched else set()
    parents = {p: tx.recorded(p) for p in sorted(touched)}
    tx.declare(
        name,
        observed=observed,
        released=metadata.released,
        released_latest=dates.parse(metadata.released).latest if metadata.released else None,
        not_before=metadata.not_before,
        not_before_earliest=dates.parse(metadata.not_before).earliest if metadata.not_before else None,
        base=metadata.base,
        source=metadata.source,
        certainty=metadata.certainty,
        note=metadata.note,
        licence=metadata.licence,
        url=metadata.url,
        parents=[ParentRecord(p.name, p.relation, p.source) for p in metadata.parents] or None,
        tags=dict(metadata.tags) or None,
    )
    history.log_facts(tx, verb, before, name)
    history.log_relatives(tx, verb, parents)


def _identity(new: Profile, found: ImageSet) -> str:
    images, solver = (i.sha256 for i in found.images), new.fingerprint.solver
    return identity(images, solver, found.denoiser, new.background.name, _canvas(new), new.settings)


def _canvas(new: Profile) -> int:
    return new.solution.canvas if new.solution else CROP


def identity(
    images: Iterable[str],
    solver: str,
    denoiser: str,
    background: str,
    canvas: int,
    settings: Mapping[str, object] | None = None,
) -> str:
    """What two versions of the same images (SHA-256 of their files) and settings have in common.

    ``settings`` are those of :attr:`difreg.registry.profiles.Profile.settings`.
    """
    told = {
        "images": sorted(images),
        "solver": solver,
        "denoiser": denoiser,
        "background": background,
        "canvas": canvas,
        **(settings or {}),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _row(new: Profile, found: ImageSet, identity: str, digest: str) -> NewVersion:
    return NewVersion(
        digest=digest,
        identity=identity,
        solver=new.fingerprint.solver,
        denoiser=found.denoiser,
        background=new.background.name,
        canvas=_canvas(new),
        seed=new.solution.seed if new.solution else None,
        tool=f"difreg {__version__}",
        images=len(new),
        reliability=new.reliability,
        separation=new.fingerprint.separation,
        jpeg=new.fingerprint.jpeg,
        caveats=tuple((c.code, c.text) for c in (*fingerprint_caveats(new), *solver_caveats(new.solution))),
        files=tuple(ImageRecord(i.file, i.size, i.sha256, i.content) for i in found.images),
        skipped=tuple(SkippedRecord(s.file, s.code, s.reason) for s in found.skipped),
    )


def added_fields(
    tx: Transaction, background: Background, registered: tuple[VersionRecord, bool], found: ImageSet
) -> dict[str, Any]:
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
        "kin": stored_kin(tx, background, version.generator),
        "family": record.family if record else None,
        "warnings": tuple(a.Caveat(code, text) for code, text in version.caveats),
    }
