"""``verify`` and ``doctor``: every problem planted for real, found, and mended where that loses nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import difreg
from difreg import Registry
from difreg.cli.main import run
from difreg.storage.blobs import BlobStore, dumps, loads
from difreg.storage.tables import SCHEMA

TESTS = Path(__file__).parent
DEMO = TESTS.parent / "demo"
GONE = 2**22 + 1  # beyond the largest process id of Linux
ALL = "MATCH (n) RETURN count(n) AS n"


def images(name: str, first: int = 0, count: int = 8) -> list[Path]:
    return sorted((DEMO / name).glob("*.webp"))[first : first + count]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound home: two kin, one of them in two versions, and a stranger; the graph was asked for."""
    home = tmp_path_factory.mktemp("soundness") / "home"
    with difreg.open(home) as registry:
        registry.add("noise1", images("noise1", 8))
        for name in ("noise0", "noise1", "anime"):
            registry.add(name, images(name))
        registry.query(ALL)
    return home


@pytest.fixture
def home(made: Path, home: Path) -> Path:
    shutil.copytree(made, home)
    return home


@pytest.fixture
def registry(home: Path) -> Iterator[Registry]:
    with difreg.open(home) as opened:
        yield opened


def sql(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "catalog.db")) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount, statement


def codes(registry: Registry) -> dict[str, str]:
    """Code and subject of what doctor finds, all unfixed."""
    found = registry.doctor().problems
    assert not any(p.fixed for p in found)
    return {p.code: p.subject for p in found}


def mended(registry: Registry, *expected: str) -> None:
    """``doctor`` finds problems of these codes, ``--fix`` mends all, and then all is well and the answers stand."""
    assert set(codes(registry)) == set(expected)
    answer = registry.doctor(fix=True)
    assert {p.code for p in answer.problems} == set(expected)
    assert answer.sound
    assert registry.doctor().problems == registry.verify().problems == ()
    assert [v.version for v in registry.show("noise1").versions] == [1, 2]
    assert [k.generator for k in registry.show("noise0").kin] == ["noise1"]
    assert registry.families().families[0].members == ("noise0", "noise1")
    kin = registry.query("MATCH (a:Generator)-[k:KIN]->(b) RETURN k.kinship AS z, k.probability AS p").rows
    assert [round(row["z"], 6) for row in kin] == [round(k.kinship, 6) for k in registry.show("noise0").kin]


def left(registry: Registry, code: str) -> str:
    """``doctor --fix`` cannot mend the problem of this code and says what a person must do; no version is lost."""
    before = [v.digest for name in ("noise0", "noise1") for v in registry.show(name).versions]
    (problem, *_) = [p for p in registry.doctor(fix=True).problems if p.code == code]
    assert not problem.fixed
    assert ":" in problem.text
    assert [v.digest for name in ("noise0", "noise1") for v in registry.show(name).versions] == before
    return problem.subject


def blob(home: Path, name: str) -> Path:
    with difreg.open(home) as registry:
        digest = registry.show(name).versions[-1].digest
    return home / "blobs" / digest[:2] / f"{digest}.safetensors"


def test_a_sound_home_is_well(registry: Registry, home: Path) -> None:
    before = {p: p.read_bytes() for p in home.rglob("*.safetensors")}
    assert registry.verify().problems == registry.doctor().problems == registry.doctor(fix=True).problems == ()
    assert registry.verify().versions == registry.doctor().versions == 4
    assert {p: p.read_bytes() for p in home.rglob("*.safetensors")} == before
    assert not (home / "lost").exists()


def test_no_home_is_well_and_stays_none(tmp_path: Path) -> None:
    with difreg.open(tmp_path / "none") as registry:
        assert registry.verify().problems == registry.doctor(fix=True).problems == ()
    assert not (tmp_path / "none").exists()


def test_a_registry_that_was_added_to_and_removed_from_is_well(registry: Registry) -> None:
    registry.remove("noise1")
    assert registry.doctor().problems == ()
    registry.add("noise1", images("noise1", 4))
    registry.rename("anime", "zebra")
    registry.add("more", [*images("noise0", 4), *images("anime")])  # shares images with two
    registry.add("noise0", images("noise0"))
    assert registry.doctor().problems == ()


# What cannot be mended by itself


def test_an_altered_array(registry: Registry, home: Path) -> None:
    path = blob(home, "anime")
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    assert [(p.code, p.subject) for p in registry.verify().problems] == [("altered_blob", "anime:1")]
    assert left(registry, "altered_blob") == "anime:1"
    assert not registry.add("anime", images("anime")).created
    assert registry.doctor().problems == ()


@pytest.mark.parametrize("again", ["add", "bundle", "lost"])
def test_a_missing_array_comes_back(registry: Registry, home: Path, tmp_path: Path, again: str) -> None:
    registry.export_bundle(tmp_path / "x.difreg")
    path = blob(home, "anime")
    if again == "lost":
        (home / "lost").mkdir()
        path.rename(home / "lost" / path.name)
        mended(registry, "missing_blob")
        return
    path.unlink()
    assert [(p.code, p.subject) for p in registry.verify().problems] == [("missing_blob", "anime:1")]
    assert left(registry, "missing_blob") == "anime:1"
    if again == "bundle":
        registry.import_bundle(tmp_path / "x.difreg")
    else:
        registry.add("anime", images("anime"))
    assert registry.doctor().problems == ()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE version SET reliability = reliability + .01 WHERE number = 2", "quality"),
        ("UPDATE version SET separation = NULL WHERE number = 2", "quality"),
        ("UPDATE version SET images = 9 WHERE number = 2", "images"),
        ("UPDATE version SET identity = 'x' WHERE number = 2", "identity"),
        ("UPDATE version SET canvas = 512 WHERE number = 2", "identity"),
        ("UPDATE version SET solver = 'magic' WHERE number = 2", "format"),
        ("UPDATE image SET sha256 = pixels WHERE place = 3 AND version_id = 3", "identity"),
        ("UPDATE image SET pixels = sha256 WHERE place = 3 AND version_id = 3", "images"),
        ("DELETE FROM image WHERE version_id = 3", "images"),
        ("UPDATE version SET denoiser = 'periodic-1' WHERE number = 2", "foreign_denoiser"),
        ("UPDATE version SET background = 'background-0' WHERE number = 2", "foreign_background"),
    ],
)
def test_a_version_that_is_not_what_its_arrays_say(registry: Registry, home: Path, statement: str, code: str) -> None:
    sql(home, statement)
    assert [(p.code, p.subject) for p in registry.verify().problems] == [(code, "noise1:2")]
    assert left(registry, code) == "noise1:2"


def test_an_old_background_is_told_of_current_versions_only(registry: Registry, home: Path) -> None:
    sql(home, "UPDATE version SET background = 'background-0' WHERE number = 1 AND generator_id = 1")
    assert "old_background" not in codes(registry)
    sql(home, "UPDATE version SET background = 'background-0' WHERE number = 2")
    assert codes(registry)["old_background"] == "noise1:2"


def test_arrays_that_were_exchanged_with_their_digests(registry: Registry, home: Path) -> None:
    blobs = BlobStore(home / "blobs")
    one, two = (blob(home, name).stem for name in ("anime", "noise0"))
    arrays, facts = blobs.read(one)
    digest = blobs.put({**arrays, "fingerprint": arrays["fingerprint"] * np.float32(1.1)}, facts)
    sql(home, f"UPDATE version SET digest = '{digest}' WHERE digest = '{one}'")  # noqa: S608 - our own words
    assert [p.code for p in registry.verify().problems] == ["fingerprint"]
    sql(home, f"UPDATE version SET digest = '{two}' WHERE digest = '{digest}'")  # noqa: S608 - our own words
    assert [p.code for p in registry.verify().problems] == ["images"]
    digest = blobs.put({"x": np.zeros(3)}, facts)
    sql(home, f"UPDATE version SET digest = '{digest}' WHERE generator_id = 3")  # noqa: S608 - our own words
    assert [p.code for p in registry.verify().problems] == ["arrays"]
    assert {"arrays", "orphan_blob"} == set(codes(registry))


def test_half_a_version(registry: Registry, home: Path) -> None:
    sql(home, "DELETE FROM image WHERE version_id = 3", "DELETE FROM version WHERE number = 2")
    assert [(p.code, p.subject) for p in registry.verify().problems] == [("half_version", "noise1")]
    assert codes(registry)["half_version"] == "noise1"


def test_a_damaged_catalogue(registry: Registry, home: Path) -> None:
    registry.close()
    data = bytearray((home / "catalog.db").read_bytes())
    data[4096 * 2 : 4096 * 3] = os.urandom(4096)
    (home / "catalog.db").write_bytes(data)
    assert "catalogue" in {p.code for p in registry.doctor().problems}
    (home / "catalog.db").write_bytes(b"no database at all" * 300)
    (problem,) = registry.doctor(fix=True).problems
    assert (problem.code, problem.fixed) == ("catalogue", False)


def test_a_newer_schema_asks_for_an_upgrade(registry: Registry, home: Path) -> None:
    sql(home, f"UPDATE meta SET value = '{SCHEMA + 1}' WHERE key = 'schema'")  # noqa: S608 - our own words
    (problem,) = registry.doctor(fix=True).problems
    assert "Upgrade difreg" in problem.text


def test_an_old_schema_is_upgraded_by_fix_alone(tmp_path: Path) -> None:
    home = tmp_path / "old"
    home.mkdir()
    with closing(sqlite3.connect(home / "catalog.db")) as connection, connection:
        connection.executescript((TESTS / "schemas" / "schema-1.sql").read_text())
    before = (home / "catalog.db").read_bytes()
    with difreg.open(home) as registry:
        assert [(p.code, p.fixed) for p in registry.doctor().problems] == [("old_schema", False)]
        assert not list(home.glob("*.backup-*"))
        assert (home / "catalog.db").read_bytes()[100:] == before[100:]
        first = registry.doctor(fix=True).problems[0]
        assert (first.code, first.fixed) == ("old_schema", True)
        assert list(home.glob("*.backup-*"))
        assert "old_schema" not in codes(registry)


def test_a_denoiser_this_difreg_has_not(home: Path) -> None:
    sql(home, "UPDATE meta SET value = 'dreams-9' WHERE key = 'denoiser'")
    with difreg.open(home) as registry:
        (problem,) = registry.doctor().problems
        assert "dreams-9" in problem.text


# What can be mended


def test_arrays_that_no_version_needs_are_put_aside(registry: Registry, home: Path) -> None:
    digest = BlobStore(home / "blobs").put({"x": np.arange(3)})
    assert codes(registry)["orphan_blob"] == digest
    mended(registry, "orphan_blob")
    assert loads((home / "lost" / f"{digest}.safetensors").read_bytes())[0]["x"].tolist() == [0, 1, 2]


def test_arrays_that_may_be_another_registrys_are_left(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFREG_DATABASE_URL", f"sqlite:///{home}/other.db")
    with difreg.open(home) as registry:
        registry.init()
        found = registry.doctor(fix=True).problems
        assert {(p.code, p.fixed) for p in found} == {("orphan_blob", False)}
        assert len(found) == 4
    assert len(list(home.glob("blobs/*/*.safetensors"))) == 4


def test_leftovers_of_killed_processes(registry: Registry, home: Path) -> None:
    folder = next(home.glob("blobs/??"))
    places = [
        folder / f".tmp-{GONE}-00",
        home / "graph" / f".tmp-{GONE}-00",
        home / ".catalog.db.backup-1.part",
    ]
    mine = folder / f".tmp-{os.getpid()}-00"
    for path in (*places, mine):
        path.write_bytes(b"half")
    os.utime(places[2], (0, 0))
    found = registry.doctor().problems
    assert {p.subject for p in found if p.code == "leftover"} == set(map(str, places))
    mended(registry, "leftover")
    assert not any(path.exists() for path in (*places, mine))  # nobody writes arrays while doctor holds the lock


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kinship SET kinship = kinship * 2",
        "UPDATE kinship SET probability = .5",
        "UPDATE kinship SET accepted = 0",
        "UPDATE kinship SET b_version = 7",
        "DELETE FROM kinship",
        "UPDATE cross_detection SET auc = auc / 2 WHERE n = 8",
        "DELETE FROM cross_detection WHERE fingerprint_id = 3",
    ],
)
def test_stale_scores(registry: Registry, home: Path, statement: str) -> None:
    sql(home, statement)
    expected = {"stale_scores"}
    found = set(codes(registry))
    assert expected <= found <= expected | {"stale_family", "stale_graph"}
    assert ("stale_family" in found) == any(x in statement for x in ("accepted", "FROM kinship", "probability"))
    mended(registry, *found)


def test_scores_that_should_not_be(registry: Registry, home: Path) -> None:
    columns = "cosine, kinship, log10_likelihood_ratio, probability, low, high, support, accepted, replicates"
    sql(home, f"INSERT INTO kinship SELECT 2, 3, 1, 1, {columns} FROM kinship")  # noqa: S608 - our own words
    found = codes(registry)
    assert found["stale_scores"] == "anime, noise0"
    mended(registry, *found)


def test_scores_of_one_that_is_not_there_any_more(registry: Registry, home: Path) -> None:
    sql(home, "UPDATE generator SET removed = created, family_id = NULL WHERE name = 'noise1'")
    assert {"stale_scores", "stale_family"} <= set(codes(registry))
    found = registry.doctor().problems
    stale = {p.subject: p.text for p in found if p.code == "stale_scores"}
    assert set(stale) == {"anime, noise1", "noise0, noise1"}
    assert "kinship of a version that is not current; cross-detection of" in stale["noise0, noise1"]
    assert registry.doctor(fix=True).sound
    assert registry.doctor().problems == ()
    assert registry.show("noise0").kin == ()


def test_stale_families(registry: Registry, home: Path) -> None:
    sql(home, "UPDATE generator SET family_id = 1 WHERE name = 'anime'")
    mended(registry, "stale_family")
    sql(home, "UPDATE generator SET family_id = NULL", "DELETE FROM family")
    mended(registry, "stale_family")


def test_a_stale_or_broken_graph(registry: Registry, home: Path) -> None:
    (kept,) = home.glob("graph/*.kgl")
    whole = kept.read_bytes()
    kept.write_bytes(b"broken")
    mended(registry, "stale_graph")
    sql(home, "UPDATE kinship SET kinship = 99")
    registry.doctor(fix=True)
    registry.query(ALL)
    assert registry.doctor().problems == ()
    registry.add("more", images("anime", 8))
    registry.query(ALL)
    (other,) = home.glob("graph/*.kgl")
    other.write_bytes(whole)  # of the state before
    registry.close()
    assert set(codes(registry)) == {"stale_graph"}
    assert registry.doctor(fix=True).sound
    assert registry.query(ALL).rows[0]["n"] == registry.lineage().number_of_nodes()


def test_an_index_that_lies(registry: Registry, home: Path) -> None:
    (index,) = home.glob("index/*.db")
    with closing(sqlite3.connect(index)) as connection, connection:
        rows = dict(connection.execute("SELECT digest, data FROM entry"))
        one, two = (blob(home, name).stem for name in ("anime", "noise0"))
        connection.execute(
            "UPDATE entry SET data = ?, crc = (SELECT crc FROM entry WHERE digest = ?)", (rows[two], two)
        )
    assert one != two
    mended(registry, "stale_index")


@pytest.mark.parametrize("moment", ["put", "add_version", "replace_cross"])
def test_after_a_kill_in_the_middle_of_add_doctor_makes_all_well(registry: Registry, home: Path, moment: str) -> None:
    module, kind = {
        "put": ("difreg.storage.blobs", "BlobStore"),
        "add_version": ("difreg.storage.transaction", "Transaction"),
        "replace_cross": ("difreg.storage.transaction", "Transaction"),
    }[moment]
    script = f"""
import importlib, os
kind = getattr(importlib.import_module({module!r}), {kind!r})
real = kind.{moment}
def killed(*given):
    real(*given)
    os.kill(os.getpid(), {int(signal.SIGKILL)})
kind.{moment} = killed
import difreg
difreg.open({str(home)!r}).add("more", {[str(p) for p in images("anime", 8)]!r})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [v.version for v in registry.show("noise1").versions] == [1, 2]
    mended(registry, "orphan_blob")
    assert registry.add("more", images("anime", 8)).version == 1
    assert registry.doctor().problems == ()


def test_while_another_process_writes_its_files_are_not_taken(registry: Registry, home: Path) -> None:
    """What is half written under another process's lock is seen by nobody, and mending waits for it."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    path = next(home.glob("blobs/??")) / f".tmp-{child.pid}-00"
    path.write_bytes(b"half")
    assert registry.doctor().problems == ()
    child.communicate(b"\n")
    assert set(codes(registry)) == {"leftover"}


# The command line


def test_the_verbs_exit_by_what_they_find(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify"]) == run(["doctor"]) == run(["doctor", "--fix"]) == 0
    assert capsys.readouterr().out == "all is well: 4 versions checked\n" * 3
    sql(home, "UPDATE kinship SET kinship = 9")
    assert run(["verify"]) == 0
    assert run(["doctor"]) == 1
    assert run(["doctor", "--fix", "--format", "json"]) == 0
    out = capsys.readouterr().out
    document = json.loads(out[out.index("{") :])
    assert document["schema"] == "difreg/doctor"
    assert all(p.keys() == {"code", "subject", "text", "fixed"} and p["fixed"] for p in document["problems"])
    blob(home, "anime").unlink()
    assert run(["verify", "--format", "csv"]) == 1
    assert capsys.readouterr().out.startswith("code,subject,fixed,text\nmissing_blob,anime:1,false,")
    assert run(["doctor", "--fix"]) == 1
    assert "1 problem; 4 versions checked" in capsys.readouterr().out


def test_the_history_tells_what_was_mended(registry: Registry, home: Path) -> None:
    sql(home, "DELETE FROM kinship")
    registry.doctor(fix=True)
    assert any(c.verb == "doctor" and "stale_scores" in c.text for c in registry.history().changes)


def test_a_bundle_of_damaged_arrays_is_not_written(registry: Registry, home: Path, tmp_path: Path) -> None:
    path = blob(home, "anime")
    path.write_bytes(dumps({"x": np.zeros(3)}))
    with pytest.raises(difreg.DifregError, match="damaged"):
        registry.export_bundle(tmp_path / "x.difreg")
    assert list(tmp_path.glob("*.difreg")) == []
