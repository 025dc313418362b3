"""What ``doctor`` looks at and mends: what can be made again is, and arrays that nothing needs are put aside.

No version and no array is ever deleted. All is mended while no other process can write, so that what another one is
just making is not taken for a leftover, and is looked at once more afterwards.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from difreg.errors import DifregError, IncompatibleError, StorageError
from difreg.lineage import answers as a
from difreg.lineage import graph
from difreg.lineage.keeping import scoring, soundness
from difreg.lineage.keeping.members import Members
from difreg.lineage.keeping.soundness import Found, Scores
from difreg.names import shown
from difreg.settings import Settings
from difreg.storage.blob_places import Blobs
from difreg.storage.blobs import TEMPORARY, BlobStore, loads
from difreg.storage.catalog import Catalog, Transaction
from difreg.storage.graphs import open_store
from difreg.storage.tables import SCHEMA

LOST = "lost"
OLD = 3600.0  # seconds after which a temporary file is nobody's any more
_SUMS = {
    "KIN": ("kinship", "probability", "low", "high", "support"),
    "CROSS_DETECTS": ("score", "auc", "accuracy", "p_value", "n"),
    "DERIVED_FROM": ("probability", "support"),
    "DECLARED_PARENT": (),
    "MEMBER_OF": (),
}


@dataclass(frozen=True)
class Look:
    """All that one look found, and what mending needs of it."""

    found: tuple[Found, ...]
    leftovers: tuple[Path, ...]
    scores: Scores


@dataclass
class Report:
    """What is told in the end."""

    problems: tuple[a.Problem, ...] = ()
    versions: int = 0


@contextmanager
def reported() -> Iterator[Report]:
    """A report on whatever happens inside: that a catalogue cannot be opened is a finding, too."""
    report = Report()
    try:
        yield report
    except (StorageError, IncompatibleError) as error:
        problem = a.Problem("catalogue", "catalogue", f"{error.message} {error.hint}", fixed=False)
        report.problems = (*report.problems, problem)


def old_schema(catalog: Catalog, fix: bool) -> tuple[a.Problem, ...]:
    """The problem that the catalogue is of an earlier schema, if it is; opening it mends that."""
    found = catalog.schema()
    if found is None or found >= SCHEMA:
        return ()
    text = f"its schema is {found}, today's is {SCHEMA}: the next command that reads it upgrades it, after a backup"
    return (a.Problem("old_schema", "catalogue", text, fixed=fix),)


def stored(tx: Transaction, blobs: Blobs) -> Iterator[Found]:
    """What ``verify`` looks at: the catalogue's file, its versions and their arrays."""
    for text in tx.faults():
        yield Found("catalogue", "catalogue", f"{shown(text)}: restore it from a copy of the home")
    for name in tx.halves():
        yield Found(
            "half_version", name, "its latest version is missing: restore the catalogue from a copy of the home"
        )
    yield from soundness.versions(tx, blobs)
    yield from soundness.weights(tx, blobs)


def look(tx: Transaction, members: Members, settings: Settings, locked: bool) -> Look:
    """Look at everything.

    Parameters
    ----------
    members
        With the index; scores are compared with what the arrays give without it.
    locked
        Whether nobody else can write now.
    """
    found = [_restorable(f, settings) for f in stored(tx, members.blobs)]
    found += soundness.belonging(tx, members.background.denoiser, members.background)
    own = _own(settings)
    hint = f"they go to {LOST}/ of the home" if own else "delete them, if no other registry keeps its arrays there"
    text = f"no version needs these arrays: {hint}"
    found += [Found("orphan_blob", d, text, own, d) for d in soundness.orphans(tx, members.blobs)]
    left = sorted(leftovers(settings, members, locked))
    found += [Found("leftover", shown(str(path)), "a killed process left this file behind", True) for path in left]
    scores = Scores(frozenset(), ())
    if not any(f.code in {"missing_blob", "altered_blob", "arrays", "format"} for f in found):
        fresh = Members(members.blobs, members.background)
        scores = soundness.scores(tx, fresh)
        found += [*scores.found, *soundness.families(tx), *soundness.index(members, fresh, tx.latest_refs())]
    found += projection(tx, settings)
    return Look(tuple(found), tuple(left), scores)


def mend(tx: Transaction, members: Members, settings: Settings, seen: Look) -> None:
    """Mend what can be mended; the caller looks again."""
    for problem in seen.found:
        if problem.mendable and problem.code == "orphan_blob":
            _put_aside(members.blobs, settings, problem.digest)
        elif problem.mendable and problem.digest:
            members.blobs.put(*loads(_lost(settings, problem.digest).read_bytes()))
    for path in seen.leftovers:
        with suppress(OSError):
            path.unlink()
    codes = {f.code for f in seen.found if f.mendable}
    if codes & {"stale_scores", "stale_family", "stale_index"}:
        members.forget()
    if codes & {"stale_scores", "stale_family"}:
        fresh = Members(members.blobs, members.background)
        latest = {v.generator: v for v in tx.latest_all()}
        for name in sorted(seen.scores.generators):
            tx.replace_kinship(name, ())
            tx.replace_cross(name, ())
        again = [v for v in latest.values() if v.generator in seen.scores.generators]
        again.sort(key=lambda v: (v.created, v.generator))
        for version in again:
            if version.images:
                scoring.score_kinship(tx, fresh, fresh.get(version))
        moved = scoring.refresh_families(tx, "doctor")  # once all edges are there: a family in between keeps its name
        for version in again:
            if version.images:
                scoring.score_cross(tx, fresh, fresh.get(version), moved)
            elif version.denoiser == members.background.denoiser:
                scoring.score_foreign(tx, fresh, fresh.get(version))
    if codes & {"stale_scores", "stale_family", "stale_graph"}:
        _project(tx, settings)


def _own(settings: Settings) -> bool:
    """Whether the arrays can be no other registry's: they lie in the home, and the home has but this catalogue."""
    file = settings.home / "catalog.db"
    alone = settings.database_url == f"sqlite:///{file}" or not file.exists()
    return alone and settings.blobs == str(settings.home / "blobs")


def _lost(settings: Settings, digest: str) -> Path:
    """Where arrays that nothing needs lie."""
    return settings.home / LOST / f"{digest}.safetensors"


def _restorable(found: Found, settings: Settings) -> Found:
    """``found``, mendable where the arrays it misses were put aside."""
    if found.code not in {"missing_blob", "altered_blob"}:
        return found
    try:
        whole = hashlib.sha256(_lost(settings, found.digest).read_bytes()).hexdigest() == found.digest
    except OSError:
        return found
    return replace(found, mendable=whole)


def _put_aside(blobs: Blobs, settings: Settings, digest: str) -> None:
    if not isinstance(blobs, BlobStore):
        return
    path = _lost(settings, digest)
    try:
        path.parent.mkdir(exist_ok=True)
        blobs.path(digest).replace(path)
    except OSError as error:
        hint = "Check the folder's permissions and the disk."
        raise StorageError(f"{shown(str(path))} cannot be written: {error.strerror}.", hint) from error


def leftovers(settings: Settings, members: Members, locked: bool) -> Iterator[Path]:
    """Temporary files of processes that are no more."""
    if isinstance(members.blobs, BlobStore):
        for path in members.blobs.root.glob(f"*/{TEMPORARY}*"):
            if locked or _nobodys(path):  # arrays are written only by whoever holds the lock
                yield path
    for path in (*(settings.home / "graph").glob(f"{TEMPORARY}*"), *settings.home.glob(".*.part")):
        if _nobodys(path):
            yield path


def _nobodys(path: Path) -> bool:
    """Whether a temporary file is old, or its name tells a process that is not there."""
    try:
        if time.time() - path.stat().st_mtime > OLD:
            return True
    except OSError:
        return False
    process = path.name.removeprefix(TEMPORARY).partition("-")[0]
    if os.name != "posix" or not path.name.startswith(TEMPORARY) or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def projection(tx: Transaction, settings: Settings) -> Iterator[Found]:
    """Whether the graph that Cypher would be answered from is that of the catalogue.

    One of an earlier state is made again by the next query; a server's is, too, but others may read it before.
    """
    embedded = settings.graph_url == "embedded"
    digest = tx.digest()
    if embedded and not any((settings.home / "graph").glob(f"{digest}-*")):
        return
    try:
        store = open_store(settings)
        try:
            held = store.status().digest
            if embedded and not store.holds(digest):
                why = "it cannot be read"
            elif embedded or held == digest:
                why = "" if _sums(graph.build(tx)) == _asked(store) else "it is not what the catalogue gives"
            else:
                why = "it is of an earlier state" if held else ""
        finally:
            store.close()
    except DifregError as error:
        yield Found("graph", "graph", f"{error.message} {error.hint}")
        return
    if why:
        yield Found("stale_graph", "graph", f"the kept lineage graph is stale: {why}", mendable=True)


def _sums(made: Any) -> dict[str, list[float]]:
    """How many relationships of each type there are, and the sums of their numbers, to six digits."""
    out = {kind: [0.0] * (len(names) + 1) for kind, names in _SUMS.items()}
    for _, _, facts in made.edges(data=True):
        if facts["type"] in out:
            row = out[facts["type"]]
            row[0] += 1
            for k, name in enumerate(_SUMS[facts["type"]], 1):
                row[k] += facts.get(name) or 0.0
    return {kind: [float(f"{x:.6g}") for x in row] for kind, row in out.items()}


def _asked(store: Any) -> dict[str, list[float]]:
    out = {}
    for kind, names in _SUMS.items():
        wanted = ", ".join(["count(r) AS n", *(f"sum(r.{name}) AS s_{name}" for name in names)])
        (row,) = store.query(f"MATCH ()-[r:{kind}]->() RETURN {wanted}").rows
        out[kind] = [float(f"{float(row[key] or 0):.6g}") for key in ("n", *(f"s_{name}" for name in names))]
    return out


def _project(tx: Transaction, settings: Settings) -> None:
    """Let the graph be made again: an embedded one by the next query, a server's now."""
    if settings.graph_url == "embedded":
        for path in (settings.home / "graph").glob("*.kgl"):
            with suppress(OSError):
                path.unlink()
        return
    store = open_store(settings)
    try:
        store.sync(graph.build(tx), tx.digest())
    finally:
        store.close()


def cure(tx: Transaction, members: Members, settings: Settings, fix: bool) -> tuple[a.Problem, ...]:
    """Look, mend if asked to, and look again."""
    seen = look(tx, members, settings, locked=fix)
    if not fix or not any(f.mendable for f in seen.found):
        return problems(seen.found)
    mend(tx, members, settings, seen)
    again = look(tx, members, settings, locked=True)
    tx.log("doctor", "", told(seen.found))
    return problems(seen.found, again.found)


def problems(before: Iterable[Found], after: Sequence[Found] | None = None) -> tuple[a.Problem, ...]:
    """Problems as they are told; ``after`` mending, those that are gone are fixed, and new ones are told too."""
    before = list(before)
    left = {(f.code, f.subject) for f in after} if after is not None else {(f.code, f.subject) for f in before}
    seen = {(f.code, f.subject) for f in before}
    rows = [*before, *(f for f in after or () if (f.code, f.subject) not in seen)]
    return tuple(a.Problem(f.code, f.subject, f.text, (f.code, f.subject) not in left) for f in rows)


def told(found: Iterable[Found]) -> str:
    """What was mended, in a line of the history."""
    counts = Counter(f.code for f in found if f.mendable)
    return "mended " + ", ".join(f"{n} {code}" for code, n in sorted(counts.items()))
