"""The catalogue: all or nothing, one number a version however many write, and what a removed generator leaves."""

from __future__ import annotations

import math
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest
from databases import DATABASES, fresh
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from difreg.errors import NotFoundError, StorageError
from difreg.storage.catalog import Catalog
from difreg.storage.records import (
    CrossRecord,
    FamilyRecord,
    ImageRecord,
    KinshipRecord,
    NewVersion,
    ParentRecord,
    SkippedRecord,
)

NEW = NewVersion("d" * 64, "i", "lattice", "dncnn", "background-1", 16, 2**40, "0.1", 2, 0.5, 0.75, 0.25)


def cross(fingerprint: str, images: str, score: float) -> CrossRecord:
    return CrossRecord(fingerprint, images, 1, 1, score, 0.5, 0.5, 0.5, 20)


def kin(a: str, b: str) -> KinshipRecord:
    return KinshipRecord(a, b, 1, 2, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "catalog.db"


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(database: str, path: Path) -> Iterator[str]:
    with fresh(database, path) as made:
        yield made


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    it = Catalog(url)
    yield it
    it.close()


on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def names(catalog: Catalog, observed: bool | None = None) -> list[str]:
    with catalog.read() as tx:
        return [g.name for g in tx.generators(observed)]


@on_sqlite
def test_reading_makes_nothing(catalog: Catalog, path: Path) -> None:
    with catalog.read() as tx:
        assert (tx.generators(), tx.latest_all(), tx.cross(), tx.kinship(), tx.families()) == ([], [], [], [], [])
        assert tx.generator("x") is None
        assert tx.latest("x") is None
        assert len(tx.digest()) == 16
    assert not catalog.exists()
    assert not path.parent.exists()
    with catalog.write() as tx:
        tx.declare("x", observed=True)
    assert catalog.exists()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_halfway_leaves_nothing(catalog: Catalog, error: type[BaseException]) -> None:
    def half() -> None:
        with catalog.write() as tx:
            tx.add_version("x", NEW)
            tx.log("add", "x", "")
            raise error

    for before in ([], ["kept"]):
        with pytest.raises(error):
            half()
        assert names(catalog) == before
        with catalog.write() as tx:
            assert tx.changes() == []
            tx.declare("kept", observed=True)
    with catalog.write() as tx:
        assert tx.add_version("x", NEW).number == 1


def test_a_reader_sees_one_snapshot_and_cannot_write(catalog: Catalog) -> None:
    with catalog.write() as tx:
        tx.add_version("x", NEW)
    with catalog.read() as tx:
        assert len(tx.versions("x")) == 1
        with catalog.write() as other:
            other.add_version("x", NEW)
        assert len(tx.versions("x")) == 1
    with catalog.read() as tx:
        assert len(tx.versions("x")) == 2
    with pytest.raises(StorageError), catalog.read() as tx:
        tx.declare("y", observed=True)
    assert names(catalog) == ["x"]


def test_threads_get_dense_numbers(catalog: Catalog) -> None:
    def add(_: int) -> int:
        with catalog.write() as tx:
            return tx.add_version("x", NEW).number

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, range(40))) == list(range(1, 41))


def test_processes_get_dense_numbers_from_a_home_that_none_of_them_made(url: str) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from test_storage_catalog import Catalog, NEW\n"
        "c = Catalog(sys.argv[1])\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for _ in range(20):\n"
        "    with c.write() as tx: print(tx.add_version('x', NEW).number)\n"
    )
    command = [sys.executable, "-c", code, url, str(Path(__file__).parent)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    writers = [subprocess.Popen(command, **pipes) for _ in range(3)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    numbers = [int(line) for writer in writers for line in writer.communicate()[0].split()]
    assert [w.returncode for w in writers] == [0, 0, 0]
    assert sorted(numbers) == list(range(1, 61))


def test_an_acknowledged_version_survives_a_kill(url: str) -> None:
    code = (
        "import os, signal, sys; sys.path.insert(0, sys.argv[2])\n"
        "from test_storage_catalog import Catalog, NEW\n"
        "c = Catalog(sys.argv[1])\n"
        "with c.write() as tx: tx.add_version('x', NEW)\n"
        "with c.write() as tx:\n"
        "    tx.add_version('x', NEW)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, url, str(Path(__file__).parent)], check=False)
    with Catalog(url).write() as tx:
        assert [v.number for v in tx.versions("x")] == [1]
        assert tx.add_version("x", NEW).number == 2


def test_a_version_comes_back_as_it_was_written(catalog: Catalog) -> None:
    new = replace(
        NEW,
        seed=None,
        reliability=math.nan,
        caveats=(("jpeg", "8 x 8 grid"), ("few", "2 images")),
        files=tuple(ImageRecord(f"{i}.png", 2**40 + i, "a" * 64, "b" * 64) for i in (3, 1, 2)),
        skipped=(SkippedRecord("z", "flat", "is flat"), SkippedRecord("a", "broken", "is broken")),
    )
    with catalog.write() as tx:
        added = tx.add_version("x", new)
    with catalog.read() as tx:
        (found,) = tx.versions("x")
        assert (tx.latest("x").id, tx.images(found.id), tx.skipped(found.id)) == (
            added.id,
            list(new.files),
            list(new.skipped),
        )
    assert math.isnan(found.reliability)
    assert replace(found, reliability=0.0) == replace(added, reliability=0.0)
    assert found.created.utcoffset() == timedelta(0)
    assert (found.generator, found.number, found.seed, found.caveats) == ("x", 1, None, new.caveats)


def test_latest_all_is_one_version_of_each_observed_generator(catalog: Catalog) -> None:
    with catalog.write() as tx:
        for name, count in (("b", 3), ("A", 1), ("gone", 2), ("é", 1)):
            for _ in range(count):
                tx.add_version(name, NEW)
        tx.declare("empty", observed=True, parents=[ParentRecord("stub")])
        tx.remove("gone")
        assert [(v.generator, v.number) for v in tx.latest_all()] == [("A", 1), ("b", 3), ("é", 1)]
        assert tx.latest("gone") is None


FLOATS = st.floats(allow_infinity=False).map(lambda x: x + 0.0)  # SQLite knows no negative zero


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FLOATS, min_size=7, max_size=7), st.lists(FLOATS, min_size=4, max_size=4))
def test_floats_come_back_nan_included(database: str, kinship: list[float], scores: list[float]) -> None:
    with fresh(database) as url:
        catalog = Catalog(url)
        with catalog.write() as tx:
            for name in "ab":
                tx.declare(name, observed=True)
            tx.replace_kinship("a", [KinshipRecord("a", "b", 1, 1, *kinship)])
            tx.replace_cross("a", [CrossRecord("b", "a", 1, 1, *scores, 3)])
        with catalog.read() as tx:
            assert repr(tx.kinship()) == repr([KinshipRecord("a", "b", 1, 1, *kinship)])
            assert repr(tx.cross()) == repr([CrossRecord("b", "a", 1, 1, *scores, 3)])
        catalog.close()


def test_declared_facts_add_up(catalog: Catalog) -> None:
    day = date(2022, 8, 31)
    with catalog.write() as tx:
        tx.declare("x", observed=True, released="2022-08", released_latest=day, tags={"a": "1", "b": "2"})
        tx.declare("x", observed=True, base=False, note="n", parents=[ParentRecord("p", "merge", "card")])
        found = tx.declare("x", observed=True, base=True, tags={"b": "3"})
    assert (found.released, found.released_latest, found.base, found.note) == ("2022-08", day, True, "n")
    assert found.tags == {"a": "1", "b": "3"}
    assert found.parents == (ParentRecord("p", "merge", "card"),)
    assert found.created.tzinfo is UTC
    with catalog.read() as tx:
        assert tx.generator("x") == found
        assert found in tx.generators()


def test_a_declared_parent_is_a_stub_until_it_is_observed(catalog: Catalog) -> None:
    with catalog.write() as tx:
        tx.declare("child", observed=True, parents=[ParentRecord("p"), ParentRecord("q")])
        assert [g.name for g in tx.generators(observed=False)] == ["p", "q"]
        tx.add_version("p", NEW)
        assert [g.name for g in tx.generators(observed=True)] == ["child", "p"]
        assert not tx.declare("q", observed=False, released="2022").observed
        assert tx.declare("p", observed=False).observed


def test_a_stub_goes_when_nobody_declares_it_and_nothing_is_known_of_it(catalog: Catalog) -> None:
    with catalog.write() as tx:
        tx.declare("a", observed=True, parents=[ParentRecord("bare"), ParentRecord("dated"), ParentRecord("shared")])
        tx.declare("b", observed=True, parents=[ParentRecord("shared")])
        tx.declare("dated", observed=False, released="2022")
        tx.declare("a", observed=True, parents=[])
    assert names(catalog, observed=False) == ["dated", "shared"]
    with catalog.write() as tx:
        tx.remove("b")
    assert names(catalog) == ["a", "dated"]


def test_removed_and_added_again(catalog: Catalog) -> None:
    with catalog.write() as tx:
        for name in "xyz":
            tx.add_version(name, NEW)
        tx.add_version("x", NEW)
        tx.declare("x", observed=True, tags={"k": "v"})
        tx.replace_kinship("x", [kin("x", "y")])
        tx.replace_kinship("z", [kin("y", "z")])
        tx.replace_cross("x", [cross("x", "y", 1), cross("y", "x", 1)])
        tx.replace_cross("z", [cross("z", "y", 1)])
        tx.set_families([FamilyRecord("f", None, 1.0, ("x", "y", "z"))])
        assert tx.remove("x") == (2, False)
    with catalog.write() as tx:
        assert [g.name for g in tx.generators()] == ["y", "z"]
        assert tx.generator("x") is None
        assert tx.kinship() == [kin("y", "z")]
        assert tx.cross() == [cross("z", "y", 1)]
        assert [f.members for f in tx.families()] == [("y", "z")]
        assert [v.number for v in tx.versions("x")] == [1, 2]
        with pytest.raises(NotFoundError):
            tx.remove("x")
        assert tx.add_version("x", NEW).number == 3
        found = tx.generator("x")
        assert (found.observed, found.removed, found.family, found.tags) == (True, False, None, {"k": "v"})


def test_a_removed_parent_stays_as_a_stub_and_so_do_its_ancestors(catalog: Catalog) -> None:
    with catalog.write() as tx:
        tx.declare("child", observed=True, parents=[ParentRecord("parent")])
        tx.declare("parent", observed=True, parents=[ParentRecord("grandparent")])
        tx.add_version("grandparent", NEW)
        assert tx.remove("grandparent") == (1, True)
        assert tx.remove("parent") == (0, True)
        stubs = tx.generators(observed=False)
        assert [(g.name, g.observed, g.removed) for g in stubs] == [
            ("grandparent", False, True),
            ("parent", False, True),
        ]
        assert tx.generator("grandparent") == stubs[0]
        tx.remove("child")
        assert tx.generators() == []
        assert not tx.declare("parent", observed=False).observed


def test_parents_in_a_circle_do_not_hang(catalog: Catalog) -> None:
    with catalog.write() as tx:
        tx.declare("a", observed=True, parents=[ParentRecord("b")])
        tx.declare("b", observed=True, parents=[ParentRecord("a")])
        assert tx.remove("a") == (0, True)
        assert tx.remove("b") == (0, False)
        assert tx.generators() == []


def test_replacing_touches_only_the_generator_named(catalog: Catalog) -> None:
    with catalog.write() as tx:
        for name in "abc":
            tx.declare(name, observed=True)
        tx.replace_kinship("a", [kin("b", "a"), kin("a", "c")])
        tx.replace_kinship("b", [kin("b", "c")])
        assert [(k.a, k.b) for k in tx.kinship()] == [("a", "c"), ("b", "c")]
        assert [(k.a, k.b) for k in tx.kinship("a")] == [("a", "c")]
        tx.replace_cross("a", [cross("a", "b", 1), cross("b", "a", 2), cross("a", "a", 3)])
        tx.replace_cross("c", [cross("b", "c", 4)])
        assert [(r.fingerprint, r.images) for r in tx.cross("a")] == [("a", "a"), ("a", "b"), ("b", "a")]
        tx.replace_cross("a", [])
        assert tx.cross() == [cross("b", "c", 4)]
        with pytest.raises(NotFoundError, match="nobody"):
            tx.replace_cross("a", [cross("a", "nobody", 1)])


def test_kinship_is_kept_in_the_order_of_names(catalog: Catalog) -> None:
    with catalog.write() as tx:
        for name in "ba":
            tx.declare(name, observed=True)
        tx.replace_kinship("b", [kin("b", "a")])
        assert tx.kinship() == [replace(kin("a", "b"), a_version=2, b_version=1)]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.integers(0, 6))
def test_pruning_keeps_the_best_and_the_family(database: str, rng: random.Random, keep: int) -> None:
    people = [f"g{i}" for i in range(7)]
    family = {name: rng.choice(["f", "g", None]) for name in people}
    score = {(a, b): rng.choice([math.nan, rng.random()]) for a in people for b in people}
    with fresh(database) as url:
        catalog = Catalog(url)
        with catalog.write() as tx:
            for name in people:
                tx.declare(name, observed=True)
            tx.set_families([FamilyRecord(f, None, 1, tuple(n for n in people if family[n] == f)) for f in "fg"])
            for name in people:
                tx.replace_cross(name, [cross(a, b, s) for (a, b), s in score.items() if name in (a, b)])
            gone = tx.prune_cross(keep)
            left = {(r.fingerprint, r.images) for r in tx.cross()}
        catalog.close()
    wanted = {(a, b) for a, b in score if family[a] is not None and family[a] == family[b]}
    for a in people:
        ranked = sorted(people, key=lambda b: (math.isnan(score[a, b]), -score[a, b] if score[a, b] >= 0 else 0, b))
        wanted |= {(a, b) for b in ranked[:keep]}
    assert left == wanted
    assert gone == len(score) - len(wanted)


def test_families_keep_their_titles(catalog: Catalog) -> None:
    with catalog.write() as tx:
        for name in "abc":
            tx.declare(name, observed=True)
        tx.set_families([FamilyRecord("one", "Title", 0.9, ("b", "a")), FamilyRecord("two", "Other", 0.8, ("c",))])
        tx.set_families([FamilyRecord("one", None, math.nan, ("c",))])
        (found,) = tx.families()
        assert (found.name, found.title, found.members) == ("one", "Title", ("c",))
        assert math.isnan(found.support)
        assert [g.family for g in tx.generators()] == [None, None, "one"]
        tx.set_families([FamilyRecord("one", "New", 1.0, ("c",))])
        assert tx.families()[0].title == "New"
        tx.set_title("one", None)
        assert tx.families()[0].title is None


def test_the_digest_names_the_state(catalog: Catalog, tmp_path: Path) -> None:
    other = Catalog(f"sqlite:///{tmp_path}/other.db")
    seen = set()
    for step in (
        lambda tx: tx.declare("x", observed=True),
        lambda tx: tx.add_version("x", NEW),
        lambda tx: tx.add_version("x", replace(NEW, digest="e" * 64)),
        lambda tx: tx.declare("x", observed=True, released="2022"),
        lambda tx: tx.declare("x", observed=True, parents=[ParentRecord("y")]),
        lambda tx: tx.declare("x", observed=True, tags={"k": "v"}),
        lambda tx: tx.set_families([FamilyRecord("f", None, 1.0, ("x",))]),
        lambda tx: tx.set_title("f", "Title"),
    ):
        digests = []
        for each in (catalog, other):
            with each.write() as tx:
                step(tx)
                digests.append(tx.digest())
        assert digests[0] == digests[1]
        seen.add(digests[0])
    assert len(seen) == 8
    with catalog.write() as tx:
        before = tx.digest()
        tx.log("trace", "x", "")
        assert tx.digest() == before


def test_text_from_outside_is_only_text(catalog: Catalog) -> None:
    hostile = "'; DROP TABLE generator; -- \" % ? :x {y}"
    with catalog.write() as tx:
        parent = ParentRecord(hostile + "2", source=hostile)
        tx.declare(hostile, observed=True, tags={hostile: hostile}, parents=[parent])
        tx.add_version(hostile, replace(NEW, files=(ImageRecord("caf\udce9\0.png", 1, "", ""),)))
        tx.log("add", hostile, "caf\udce9")
    with catalog.read() as tx:
        found = tx.generator(hostile)
        assert (found.tags, found.parents[0].source) == ({hostile: hostile}, hostile)
        assert tx.images(tx.latest(hostile).id)[0].file == "caf\\udce9\\x00.png"
        assert tx.generator("\udce9") is None
        assert [c.subject for c in tx.changes(hostile)] == [hostile]


@pytest.mark.parametrize("folder", ["q?mode=ro", "per%20cent", "hash#1", "blank é"])
def test_a_home_may_be_called_anything(tmp_path: Path, folder: str) -> None:
    catalog = Catalog(f"sqlite:///{tmp_path / folder / 'catalog.db'}")
    with catalog.write() as tx:
        tx.declare("x", observed=True)
    catalog.close()
    assert (tmp_path / folder / "catalog.db").is_file()


@on_sqlite
def test_a_home_deleted_meanwhile_is_empty_and_can_be_used(catalog: Catalog, path: Path) -> None:
    with catalog.write() as tx:
        tx.declare("x", observed=True)
    for file in path.parent.iterdir():
        file.unlink()
    assert names(catalog) == []
    with catalog.write() as tx:
        tx.declare("y", observed=True)
    assert names(catalog) == ["y"]


@on_sqlite
def test_a_catalogue_from_the_future(catalog: Catalog, path: Path) -> None:
    with catalog.write() as tx:
        tx.declare("x", observed=True)
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE meta SET value = '99'")
    raw.close()
    for use in (catalog.read, catalog.write):
        with pytest.raises(StorageError, match="newer difreg") as caught, use():
            pass
        assert "pgrade" in caught.value.hint


@on_sqlite
@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be looked at" * 20, "foreign"])
def test_another_programs_file_is_left_alone(catalog: Catalog, path: Path, content: bytes | str) -> None:
    path.parent.mkdir()
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as raw:
            raw.execute("CREATE TABLE meta (key, value)")
        raw.close()
    before = path.read_bytes()
    with pytest.raises(StorageError) as caught, catalog.write() as tx:
        tx.declare("x", observed=True)
    assert str(path) in caught.value.message
    assert "--home" in caught.value.hint
    catalog.close()
    if isinstance(content, bytes):
        assert path.read_bytes() == before


def test_a_full_disk_is_told_and_undone(path: Path) -> None:
    code = (
        "import resource, sys; sys.path.insert(0, sys.argv[2])\n"
        "from test_storage_catalog import Catalog, NEW, StorageError, names\n"
        "c = Catalog('sqlite:///' + sys.argv[1])\n"
        "with c.write() as tx: tx.declare('x', observed=True)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n"
        "try:\n"
        "    with c.write() as tx:\n"
        "        tx.declare('y', observed=True, note='n' * 1_000_000)\n"
        "except StorageError as e: print(e.message, '|', e.hint)\n"
        "print(names(c))\n"
    )
    command = [sys.executable, "-c", code, str(path), str(Path(__file__).parent)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "cannot be used" in out[0]
    assert "disk" in out[0]
    assert out[1] == "['x']"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_read_only_home_can_be_read() -> None:
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[2])\n"
        "from test_storage_catalog import Catalog, NEW, StorageError, names\n"
        "c = Catalog('sqlite:///' + sys.argv[1])\n"
        "with c.write() as tx: tx.declare('x', observed=True)\n"
        "names(c); c.close()\n"
        "os.chmod(os.path.dirname(sys.argv[1]), 0o555); os.setuid(65534)\n"
        "print(names(c))\n"
        "try:\n"
        "    with c.write() as tx: tx.declare('y', observed=True)\n"
        "except StorageError as e: print(e.hint)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", code, f"{folder}/catalog.db", str(Path(__file__).parent)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert out[0] == "['x']"
    assert "read-only" in out[1]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:secret@h/d",
        "no url: secret",
        "sqlite://",
        "postgresql://u:secret@127.0.0.1:1/d?connect_timeout=1&password=secret",
        "postgres://u:secret@127.0.0.1:port/d",
    ],
)
def test_a_bad_address_never_shows_the_password(url: str) -> None:
    with pytest.raises(StorageError) as caught, Catalog(url).read():
        pass
    assert "secret" not in caught.value.message + caught.value.hint
    assert caught.value.hint


def test_the_catalogue_loads_nothing_heavy() -> None:
    heavy = "{'numpy', 'torch', 'safetensors'}"
    code = f"import sys, difreg.storage.catalog; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.fixture
def server() -> str:
    with fresh("postgres") as url:
        return url.partition("?")[0]


def test_a_wrong_password_is_told_and_not_shown(server: str) -> None:
    made = make_url(server)
    if not made.password:
        pytest.skip("the server asks for no password")
    wrong = made.set(password=made.password + "s3cret").render_as_string(hide_password=False)
    with pytest.raises(StorageError, match="cannot be used") as caught, Catalog(wrong).read():
        pass
    assert "s3cret" not in caught.value.message + caught.value.hint
    assert "password" in caught.value.hint


def test_a_database_that_is_not_there(server: str) -> None:
    missing = make_url(server).set(database="no_such_one").render_as_string(hide_password=False)
    with pytest.raises(StorageError, match="no_such_one") as caught, Catalog(missing).write():
        pass
    assert "createdb" in caught.value.hint


def test_a_user_without_rights_is_told_so(server: str) -> None:
    import psycopg

    made_up = "x"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS difreg_nobody")
        connection.execute("CREATE ROLE difreg_nobody LOGIN PASSWORD 'x'")
        poor = make_url(server).set(username="difreg_nobody", password=made_up)
        try:
            theirs = Catalog(poor.render_as_string(hide_password=False))
            with pytest.raises(StorageError, match="permission denied") as caught, theirs.write() as tx:
                tx.declare("x", observed=True)
        finally:
            connection.execute("DROP ROLE difreg_nobody")
    assert "right" in caught.value.hint


def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageError, match="driver") as caught, Catalog("postgresql://h/d").read():
        pass
    assert "pip install 'difreg[postgres]'" in caught.value.hint
