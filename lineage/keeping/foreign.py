"""Fingerprints without images: the paper's checkpoints, solved elsewhere and imported.

A checkpoint does not say which denoiser made it. Only where the user says that it was the registry's does it score
images, in ``detect`` and as the fingerprint of a cross-detection; it is no part of kinship and families, which need
sketches. The catalogue knows such a version by its zero images, and ``latest_refs`` leaves it out for everybody else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

import numpy as np

from difreg import __version__
from difreg.errors import IncompatibleError, InputError
from difreg.lineage.answers import Caveat
from difreg.lineage.keeping import registering
from difreg.lineage.keeping.members import Members
from difreg.lineage.keeping.scoring import score_foreign
from difreg.names import shown
from difreg.registry import denoisers
from difreg.registry.metadata import Metadata
from difreg.registry.profiles import Profile, profile, to_arrays
from difreg.registry.solvers import Solved
from difreg.registry.solving import Solution, imported
from difreg.storage.catalog import Transaction
from difreg.storage.records import NewVersion, VersionRecord

UNKNOWN = "unknown"
VERB = "import-dif"


def check_assumed(denoiser: str | None) -> None:
    """Refuse an assumed denoiser that does not exist."""
    if denoiser is not None and denoiser not in denoisers.names():
        raise IncompatibleError(
            f"This difreg has no denoiser '{shown(denoiser, 40)}'.", f"It has: {', '.join(denoisers.names())}."
        )


def identity_of(solution: Solution, denoiser: str, background: str) -> str:
    """What two imports of the same fingerprint have in common."""
    told = hashlib.sha256(solution.array.tobytes()).hexdigest()
    return registering.identity((told,), solution.solver, denoiser, background, solution.canvas)


def register(
    tx: Transaction, members: Members, name: str, solved: Solved, assumed: str | None
) -> tuple[VersionRecord, bool]:
    """Keep an imported fingerprint as the next version of ``name``, unless its latest version is this very one.

    Returns
    -------
    The version, and whether it was made just now.

    Raises
    ------
    InputError
        If ``name`` has images: a fingerprint of them is worth more, and this one would take its place.
    """
    latest = tx.latest(name)
    if latest is not None and latest.images:
        raise InputError(f"'{shown(name)}' is registered with images of its own.", "Import it under another name.")
    solution = imported(solved)
    denoiser = assumed or UNKNOWN
    identity = identity_of(solution, denoiser, members.background.name)
    created = latest is None or latest.identity != identity
    if latest is None or created:
        made = profile(name, (), np.empty((0, 3, 16, 16)), members.background, solution=solution)
        digest = members.blobs.put(to_arrays(made), {"format": "difreg-version-1", "denoiser": denoiser})
        registering.declare(tx, name, Metadata(), VERB)
        latest = tx.add_version(name, row(made, identity, digest, denoiser))
        tx.log(VERB, name, f"version {latest.number}: imported without images, denoiser {denoiser}")
    if latest.denoiser == members.background.denoiser:
        score_foreign(tx, members, members.get(latest))
    return latest, created


def row(made: Profile, identity: str, digest: str, denoiser: str) -> NewVersion:
    """What is kept of an imported fingerprint."""
    known = "is taken to have been" if denoiser != UNKNOWN else "is not known to have been"
    text = f"imported without images: no kinship can be read from it, and its denoiser {known} " + (
        denoiser if denoiser != UNKNOWN else f"{made.background.denoiser}, so that it scores nothing"
    )
    return NewVersion(
        digest=digest,
        identity=identity,
        solver=made.fingerprint.solver,
        denoiser=denoiser,
        background=made.background.name,
        canvas=made.solution.canvas if made.solution else 0,
        seed=None,
        tool=f"difreg {__version__}",
        images=0,
        reliability=np.nan,
        separation=np.nan,
        jpeg=np.nan,
        caveats=(("foreign", text),),
    )


def profiles(tx: Transaction, members: Members, exclude: Collection[str] = ()) -> list[Profile]:
    """Imported fingerprints that may score images in this registry, by name."""
    refs = tx.foreign_refs(members.background.denoiser)
    return [members.get(v) for v in refs if v.generator not in exclude]


def detect_caveats(made: Profile) -> Caveat:
    """What is said beside a detection by an imported fingerprint."""
    return Caveat("foreign", f"{shown(made.name)} was imported without images: its score attributes nothing")
