"""Old homes: upgraded from every earlier schema, after a backup, to the very schema a fresh home gets."""

from __future__ import annotations

import errno
import math
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from databases import DATABASES, fresh
from sqlalchemy import Column, Integer, create_engine, func, insert, inspect, select, text
from test_storage_catalog import NEW

from difreg.errors import StorageError
from difreg.storage import connection as db
from difreg.storage import migrations, tables
from difreg.storage.catalog import Catalog
from difreg.storage.records import ParentRecord

SCHEMAS = Path(__file__).parent / "schemas"
EARLIER = tuple(range(1, tables.SCHEMA))


def dump(schema: int) -> str:
    """A small home of an earlier schema as SQL, written by the difreg of that time."""
    return (SCHEMAS / f"schema-{schema}.sql").read_text(encoding="utf-8")


def old_home(path: Path, schema: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as raw:
        raw.executescript(dump(schema))
    raw.close()
    return path


def structure(url: str) -> dict[str, Any]:
    """What SQLAlchemy's inspection tells of all tables, in an order of its own."""
    engine = create_engine(db.parse(url))
    try:
        see = inspect(engine)
        out = {}
        for table in see.get_table_names():
            columns = {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in see.get_columns(table)}
            keys = {str(sorted(k.items(), key=str)) for k in see.get_foreign_keys(table)}
            if engine.dialect.name == "sqlite":  # of keys declared with their column the inspection tells no options
                with engine.connect() as connection:
                    keys = {row[2:] for row in connection.exec_driver_sql(f'PRAGMA foreign_key_list("{table}")')}
            indexes = {str(sorted(i.items(), key=str)) for i in see.get_indexes(table)}
            unique = {tuple(u["column_names"]) for u in see.get_unique_constraints(table)}
            primary = tuple(see.get_pk_constraint(table)["constrained_columns"])
            out[table] = (columns, keys, indexes, unique, primary)
        return out
    finally:
        engine.dispose()


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    return tmp_path / "home" / "catalog.db"


def backups(path: Path) -> list[Path]:
    return sorted(path.parent.glob("catalog.db.backup-*"))


def check_schema_1(catalog: Catalog) -> None:
    """Everything that ``schema-1.sql`` holds reads back."""
    with catalog.read() as tx:
        assert [(g.name, g.observed) for g in tx.generators()] == [("child", True), ("nobody", False), ("sd", True)]
        sd, child = tx.generator("sd"), tx.generator("child")
        assert (sd.released, sd.released_latest, sd.not_before) == ("2022-08", date(2022, 8, 31), "2022")
        assert (sd.base, sd.source, sd.certainty, sd.note) == (True, "card", "sure", "it's 'quoted'")
        assert (sd.tags, sd.family, sd.licence, sd.url, sd.aliases) == ({"k": "v"}, "family-1", None, None, {})
        assert child.parents == (ParentRecord("nobody", "merge"), ParentRecord("sd", "fine-tune", "card"))
        first, second = tx.versions("sd")
        assert (first.digest, second.digest, second.number, second.seed) == ("d" * 64, "e" * 64, 2, 2**40)
        assert math.isnan(second.reliability)
        assert first.caveats == (("few", "2 images"),)
        assert [(i.file, i.size) for i in tx.images(first.id)] == [("one.png", 10), ("zwei é.png", 2**40)]
        assert [s.code for s in tx.skipped(first.id)] == ["broken"]
        (kin,) = tx.kinship()
        assert (kin.a, kin.b, kin.b_version, kin.support, kin.accepted) == ("child", "sd", 2, 0.7, True)
        assert kin.replicates is None
        (cross,) = tx.cross()
        assert (cross.fingerprint, cross.score, cross.n) == ("child", 0.5, 20)
        assert math.isnan(cross.auc)
        assert [(f.name, f.title, f.members) for f in tx.families()] == [("family-1", "Title", ("child", "sd"))]
        assert [(c.verb, c.subject, c.text) for c in tx.changes("sd")] == [
            ("add", "sd", "version 1: 2 images, 1 skipped")
        ]
        assert tx.setting("denoiser") == "wavelet-1"
        assert [v.number for v in tx.versions("gone")] == [1]
    with catalog.write() as tx:
        assert tx.add_version("gone", NEW).number == 2
        tx.set_alias("sd", "prod", 1)
        assert tx.declare("sd", observed=True, licence="MIT").aliases == {"prod": 1}


def test_there_is_a_dump_and_a_step_for_every_earlier_schema() -> None:
    steps = {p.stem for p in Path(migrations.__file__).parent.glob("to_*.py")}
    assert steps == {f"to_{number + 1}" for number in EARLIER}
    for number in EARLIER:
        assert f"INSERT INTO \"meta\" VALUES('schema','{number}')" in dump(number)


@pytest.mark.parametrize("schema", EARLIER)
@pytest.mark.parametrize("way", ["read", "write"])
def test_an_old_home_is_upgraded_and_reads_back(path: Path, schema: int, way: str) -> None:
    catalog = Catalog(f"sqlite:///{old_home(path, schema)}")
    before = path.read_bytes()
    with getattr(catalog, way)() as tx:
        assert tx.generator("sd") is not None
    check_schema_1(catalog)
    catalog.close()
    (copy,) = backups(path)
    assert copy.name.startswith(f"catalog.db.backup-{schema}-")
    assert len(before) == copy.stat().st_size
    with sqlite3.connect(copy) as raw:
        assert raw.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == (str(schema),)
        assert raw.execute("SELECT count(*) FROM version").fetchone() == (4,)
    raw.close()


@pytest.mark.parametrize("schema", EARLIER)
def test_an_upgraded_home_is_like_a_fresh_one(path: Path, tmp_path: Path, schema: int) -> None:
    Catalog(f"sqlite:///{old_home(path, schema)}").exists()
    with Catalog(f"sqlite:///{tmp_path}/fresh.db").write():
        pass
    assert structure(f"sqlite:///{path}") == structure(f"sqlite:///{tmp_path}/fresh.db")


@pytest.mark.parametrize("schema", EARLIER)
def test_postgres_is_upgraded_alike(path: Path, schema: int) -> None:
    with fresh("postgres") as url, fresh("postgres") as other:
        with Catalog(other).write():
            pass
        _postgres_of(url, schema)
        catalog = Catalog(url)
        check_schema_1(catalog)
        catalog.close()
        assert structure(url) == structure(other)


def _postgres_of(url: str, schema: int) -> None:
    """Load the SQLite dump's rows into tables of that schema in PostgreSQL."""
    engine, old = create_engine(db.parse(url)), sqlite3.connect(":memory:")
    old.executescript(dump(schema))
    made = tables.Row.metadata.tables
    gone = {"weights", "weight_distance"} | ({"alias"} if schema < 2 else set())
    late = {("kinship", "replicates")} if schema < 3 else set()
    if schema < 2:
        late |= {("generator", "licence"), ("generator", "url"), ("change", "generator_id"), ("change", "changed")}
    assert schema < 4, "say here what schema 4 lacks"
    with engine.begin() as connection:
        tables.Row.metadata.create_all(connection, tables=[t for n, t in made.items() if n not in gone])
        for table, column in late:
            connection.execute(text(f'ALTER TABLE "{table}" DROP COLUMN "{column}"'))
        for table in tables.Row.metadata.sorted_tables:
            columns = [c for c in table.columns if (table.name, c.name) not in late]
            if table.name in gone:
                continue
            for row in old.execute(str(select(*columns))).fetchall():
                values = {
                    c.name: bool(v) if str(c.type) == "BOOLEAN" and v is not None else v
                    for c, v in zip(columns, row, strict=True)
                }
                connection.execute(text(str(insert(table).values({c.name: None for c in columns}))), values)
            if "id" in table.columns:
                sequence = f"{table.name}_id_seq"
                connection.execute(select(func.setval(sequence, select(func.max(table.c.id)).scalar_subquery())))
    old.close()
    engine.dispose()


@pytest.mark.parametrize("when", ["backup", "step"])
def test_an_upgrade_that_fails_leaves_the_home_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    old_home(path)
    before = list(sqlite3.connect(path).iterdump())
    catalog = Catalog(f"sqlite:///{path}")
    if when == "backup":
        monkeypatch.setattr(db.os, "fsync", _full)
    else:
        monkeypatch.setattr(migrations.import_module(f"{migrations.__name__}.to_2"), "upgrade", _half)
    with pytest.raises((StorageError, ZeroDivisionError)), catalog.write() as tx:
        tx.declare("x", observed=True)
    catalog.close()
    assert list(sqlite3.connect(path).iterdump()) == before
    if when == "backup":
        assert backups(path) == []
        assert not list(path.parent.glob("*.part"))
    monkeypatch.undo()
    check_schema_1(catalog)
    catalog.close()


def _full(_: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _half(op: Any) -> None:
    op.add_column("generator", Column("half", Integer))
    raise ZeroDivisionError


def test_an_old_home_that_cannot_be_written_says_what_to_do(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old_home(path)
    monkeypatch.setattr(db.os, "access", lambda *_: False)
    with pytest.raises(StorageError, match="earlier difreg") as caught, Catalog(f"sqlite:///{path}").read():
        pass
    assert "writable once" in caught.value.hint
    assert backups(path) == []


def test_two_who_open_an_old_home_at_once_upgrade_it_once(path: Path) -> None:
    old_home(path)
    code = (
        "import sys; from difreg.storage.catalog import Catalog\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "with Catalog('sqlite:///' + sys.argv[1]).read() as tx: print(len(tx.generators()))\n"
    )
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    both = [subprocess.Popen([sys.executable, "-c", code, str(path)], **pipes) for _ in range(2)]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0] for process in both] == ["3\n", "3\n"]
    assert len(backups(path)) == 1


@pytest.mark.parametrize(("old", "loaded"), [(True, True), (False, False)])
def test_alembic_is_loaded_only_to_upgrade(path: Path, old: bool, loaded: bool) -> None:
    if old:
        old_home(path)
    code = (
        "import sys; from difreg.storage.catalog import Catalog\n"
        "c = Catalog('sqlite:///' + sys.argv[1])\n"
        "with c.write() as tx: tx.generators()\n"
        "print('alembic' in sys.modules, {'fsspec', 'psycopg'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{loaded} set()\n"


@pytest.mark.parametrize("database", DATABASES)
def test_a_fresh_home_needs_no_step(database: str) -> None:
    with fresh(database) as url, Catalog(url).write() as tx:
        assert tx.setting("schema") == str(tables.SCHEMA)
