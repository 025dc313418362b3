"""The index is only a cache, and the population only a shortcut: no number depends on either."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
from painting import contents, jpeg, made, pattern, sketched

from difreg.lineage.crossdetection import cross_detect
from difreg.lineage.keeping import scoring
from difreg.lineage.keeping.members import Members
from difreg.lineage.keeping.population import Measured, Population
from difreg.lineage.kinship import kinships, with_doubt
from difreg.lineage.tracing import trace
from difreg.registry.background import get
from difreg.registry.profiles import Profile, from_arrays, profile, to_arrays
from difreg.storage.blobs import BlobStore
from difreg.storage.catalog import Catalog, Transaction
from difreg.storage.records import CrossRecord, KinshipRecord, NewVersion, ParentRecord, VersionRef

SETTINGS = ("lattice", "wavelet-1", "background-1", 256, None, "difreg")


def stored(blobs: BlobStore, one: Profile) -> VersionRef:
    return VersionRef(one.name, 1, blobs.put(to_arrays(one)))


def shared(name: str, number: int, seed: int, other: int, count: int) -> Profile:
    """A set that shares ``count`` images with the set of the seed ``other``."""
    images = np.concatenate([sketched(pattern(number), 12, seed), sketched(pattern(number), 12, other)[:count]])
    return profile(name, (*contents(seed, 12), *contents(other, 12)[:count]), images, get())


def everyone() -> list[Profile]:
    """Three families of three, some strangers, weak, JPEG-compressed and sharing sets."""
    out = [made(f"kin-{f}{k}", f, seed=10 * f + k) for f in range(3) for k in range(3)]
    out += [made(f"lone-{k}", 50 + k, seed=100 + k) for k in range(8)]
    out += [made("weak", 90, seed=200, strength=0.1), jpeg("jpeg-1", 201), jpeg("jpeg-2", 202)]
    out += [shared("half", 60, 300, 20, 6), shared("whole", 2, 301, 20, 12)]
    assert len({p.name for p in out}) == len(out)
    return out


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


class Counting(BlobStore):
    """Blobs that count how often they are read."""

    reads = 0

    def read(self, digest: str) -> object:
        self.reads += 1
        return super().read(digest)


def test_a_profile_from_the_index_is_the_one_that_is_solved(blobs: BlobStore, tmp_path: Path) -> None:
    for one in everyone():
        ref = stored(blobs, one)
        solved = from_arrays(one.name, 1, blobs.get(ref.digest), get())
        Members(blobs, get(), tmp_path / "index").get(ref)
        again = Members(blobs, get(), tmp_path / "index")
        again.population([ref])
        found = again.get(ref)
        assert (found.name, found.version, found.contents) == (one.name, 1, one.contents)
        one_print, other = found.fingerprint, solved.fingerprint
        np.testing.assert_array_equal(one_print.array, other.array)
        np.testing.assert_array_equal(one_print.template.direction, other.template.direction)
        for fact in ("solver", "scale", "threshold", "separation", "jpeg", "flagged"):
            assert getattr(one_print, fact) == getattr(other, fact)
        assert one_print.template.reliability == other.template.reliability


def test_the_index_spares_the_blobs_until_they_are_needed(blobs: BlobStore, tmp_path: Path) -> None:
    refs = [stored(blobs, one) for one in everyone()]
    counting = Counting(blobs.root)
    first = Members(counting, get(), tmp_path / "index").population(refs)
    assert counting.reads == len(refs)
    counting.reads = 0
    second = Members(counting, get(), tmp_path / "index").population(refs)
    assert counting.reads == 0
    np.testing.assert_array_equal(first.directions, second.directions)
    np.testing.assert_array_equal(first.facts, second.facts)
    second.profile(3)
    assert counting.reads == 1


@pytest.mark.parametrize("harm", ["garbage", "empty", "bit", "short", "folder", "other schema"])
def test_a_damaged_index_changes_nothing_and_mends_itself(blobs: BlobStore, tmp_path: Path, harm: str) -> None:
    refs = [stored(blobs, one) for one in everyone()]
    wanted = Members(blobs, get(), tmp_path / "index").population(refs)
    (file,) = (tmp_path / "index").glob("*.db")
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (digest,) = raw.execute("SELECT min(digest) FROM entry").fetchone()
        if harm == "bit":
            raw.execute("UPDATE entry SET data = zeroblob(length(data)) WHERE digest = ?", (digest,))
        if harm == "short":
            raw.execute("UPDATE entry SET data = x'00', crc = 3523407757 WHERE digest = ?", (digest,))
        if harm == "other schema":
            raw.execute("DROP TABLE entry")
            raw.execute("CREATE TABLE entry (something)")
    raw.close()
    if harm in {"garbage", "empty"}:
        file.write_bytes(b"no database " * 1000 if harm == "garbage" else b"")
    if harm == "folder":
        file.unlink()
        file.mkdir()
    for _ in range(2):
        found = Members(blobs, get(), tmp_path / "index").population(refs)
        np.testing.assert_array_equal(found.directions, wanted.directions)
        np.testing.assert_array_equal(found.facts, wanted.facts)
    if harm in {"garbage", "empty", "bit", "short"}:
        counting = Counting(blobs.root)
        Members(counting, get(), tmp_path / "index").population(refs)
        assert counting.reads == 0


def test_sharing_and_apart(blobs: BlobStore) -> None:
    them = Population.of(everyone())
    asked = contents(20, 12)
    assert [them.names[row] for row in them.sharing(asked)] == ["kin-20", "half", "whole"]
    assert them.sharing(contents(999, 5)) == []
    apart, names = them.apart(asked)
    assert names == ["kin-20", "half", "whole"]
    assert "kin-20" not in apart.names
    assert len(apart.profile(apart.names.index("half"))) == 12
    for row, member in enumerate(apart.members):
        one = apart.profile(row)
        assert (one.name, one.reliability, one.fingerprint.flagged) == (member.name, member.reliability, member.flagged)
        np.testing.assert_array_equal(apart.directions[row], one.direction)
    assert them.apart(contents(999, 5))[0] is them


def test_a_hash_that_only_begins_alike_is_no_shared_image() -> None:
    one = made("a", 1)
    near = one.contents[0][:16] + "0" * 48
    assert Population.of([one]).sharing([near]) == []


def test_measured_packs_and_refuses_what_it_did_not_write() -> None:
    told = Measured.of(made("a", 1))
    back = Measured.unpack(told.pack())
    np.testing.assert_array_equal(back.direction, told.direction)
    assert back.contents == told.contents
    for data in (b"", told.pack()[:-1], told.pack()[: 197 * 8]):
        assert Measured.unpack(data) is None


def test_a_trace_is_the_same_over_profiles_and_the_index(blobs: BlobStore, tmp_path: Path) -> None:
    refs = [stored(blobs, one) for one in everyone()]
    profiles = [from_arrays(r.generator, 1, blobs.get(r.digest), get()) for r in refs]
    Members(blobs, get(), tmp_path / "index").population(refs)
    indexed = Members(blobs, get(), tmp_path / "index").population(refs)
    families = {f"kin-{f}{k}": f"f{f}" for f in range(3) for k in range(3)}
    for asked in (made("q", 1, seed=70), shared("q", 2, 71, 20, 6), jpeg("q", 72), made("q", 80, seed=73)):
        one, two = (trace(asked, m, families) for m in (profiles, indexed))
        assert replace(one, origins=()) == replace(two, origins=())
        assert repr(one.origins) == repr(two.origins)


def slow(tx: Transaction, new: Profile, others: Sequence[Profile]) -> None:
    """Scores by their definition: every pair, one at a time, then pruned as a whole."""
    apart = [o for o in (o.without(frozenset(new.contents)) for o in others) if o]
    declared = {p.name for g in tx.generators() if g.name == new.name for p in g.parents} | set(tx.children(new.name))
    rows = [
        scoring._kinship_row(new, o, with_doubt(k, new, o))
        for o in apart
        for k in kinships(new, [o])
        if k.accepted or (k.judged and o.name in declared)
    ]
    tx.replace_kinship(new.name, rows)
    scoring.refresh_families(tx)
    both = [cross_detect(*pair) for o in others for pair in ((new, o), (o, new))]
    tx.replace_cross(
        new.name,
        [CrossRecord(c.fingerprint, c.images, 1, 1, c.score, c.auc, c.accuracy, c.p_value, c.n) for c in both if c],
    )
    if len(others) >= scoring.ALL_PAIRS:
        tx.prune_cross(scoring.STRONGEST)


def numbers(row: KinshipRecord | CrossRecord) -> tuple[list[str], list[float]]:
    values = astuple(row)
    return [v for v in values if isinstance(v, str)], [float(v) for v in values if not isinstance(v, str)]


@pytest.mark.parametrize(("pairs", "strongest"), [(300, 50), (10, 4), (10, 2), (15, 7)])
def test_rows_are_those_of_the_definition(
    blobs: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pairs: int, strongest: int
) -> None:
    monkeypatch.setattr(scoring, "ALL_PAIRS", pairs)
    monkeypatch.setattr(scoring, "STRONGEST", strongest)
    people = everyone()
    order = np.random.default_rng(pairs * strongest).permutation(len(people)).tolist()
    catalogs = [Catalog(f"sqlite:///{tmp_path}/{way}.db") for way in ("fast", "slow")]
    profiles: list[Profile] = []
    for place in [*order, order[3]]:
        one = people[place]
        ref = stored(blobs, one)
        solved = from_arrays(one.name, 1, blobs.get(ref.digest), get())
        others = sorted((p for p in profiles if p.name != one.name), key=lambda p: p.name)
        for fast, catalog in zip((True, False), catalogs, strict=True):
            with catalog.write() as tx:
                if tx.latest(one.name) is None:
                    tx.add_version(one.name, NewVersion(ref.digest, "i", *SETTINGS, len(one), one.reliability, 0.5, 0))
                if one.name == "lone-3":
                    tx.declare(one.name, observed=True, parents=[ParentRecord("lone-1"), ParentRecord("nobody")])
                if fast:
                    members = Members(blobs, get(), tmp_path / "index")
                    scoring.score(tx, members, members.get(ref))
                else:
                    slow(tx, solved, others)
        profiles = [*others, solved]
    found = []
    for catalog in catalogs:
        with catalog.read() as tx:
            found.append((tx.kinship(), tx.cross(), tx.families()))
        catalog.close()
    assert len(found[0][0]) > 8
    assert found[0][2] == found[1][2]
    for rows, wanted in zip(found[0][:2], found[1][:2], strict=True):
        assert [numbers(r)[0] for r in rows] == [numbers(r)[0] for r in wanted]
        for row, other in zip(rows, wanted, strict=True):
            np.testing.assert_allclose(numbers(row)[1], numbers(other)[1], rtol=1e-9, atol=1e-9)
