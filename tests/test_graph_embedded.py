"""The embedded store: what goes in comes out, nothing gets changed or read besides, and the file is only a cache."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graph_samples import EVERYTHING, NAMES, lineage

from difreg.errors import InputError
from difreg.settings import Settings
from difreg.storage.graphs import open_store
from difreg.storage.graphs.embedded import SUFFIX, EmbeddedStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path)
    store.sync(lineage(), "abc1")
    yield store
    store.close()


def cell(store: EmbeddedStore, cypher: str, **parameters: Any) -> Any:
    """The only value of an answer."""
    (row,) = store.query(cypher, parameters).rows
    (value,) = row.values()
    return value


def test_work_is_limited_and_it_is_said(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("difreg.storage.graphs.embedded.WORK", 5000)
    with pytest.raises(InputError, match="more than 5,000 steps"):
        store.query("MATCH (a), (b), (c), (d) RETURN a, b, c, d")


def test_a_position_is_that_of_the_text_as_written(store: EmbeddedStore) -> None:
    with pytest.raises(InputError, match="position 17"):
        store.query("MATCH (n) RETURN ~n")


@pytest.mark.parametrize("name", NAMES)
def test_a_label_given_as_a_parameter_is_not_read_as_cypher(name: str, store: EmbeddedStore) -> None:
    assert store.query("MATCH (g:$label) RETURN g", {"label": f"Generator {name}"}).rows == ()


# The file


def test_the_file_spares_the_build(store: EmbeddedStore, tmp_path: Path) -> None:
    again = EmbeddedStore(tmp_path)
    assert again.status().digest == "abc1"
    assert again.holds("abc1")
    assert again.query(EVERYTHING) == store.query(EVERYTHING)
    assert not again.holds("abc2")
    with pytest.raises(InputError):
        again.query("MATCH (n) SET n.x = 1")


def test_only_the_newest_state_is_kept(store: EmbeddedStore, tmp_path: Path) -> None:
    store.sync(lineage(), "abc2")
    assert [path.name for path in (tmp_path / "graph").iterdir()] == [f"abc2{SUFFIX}"]
    assert not store.holds("abc1")


@pytest.mark.parametrize("damage", [b"", b"junk" * 100, None, 300])
def test_a_damaged_file_is_made_again(damage: bytes | int | None, store: EmbeddedStore, tmp_path: Path) -> None:
    (file,) = (tmp_path / "graph").iterdir()
    whole = file.read_bytes()
    if damage is None:
        file.write_bytes(whole[: len(whole) // 2])
    elif isinstance(damage, int):
        file.write_bytes(whole[:-damage] + bytes(damage))
    else:
        file.write_bytes(damage)
    again = EmbeddedStore(tmp_path)
    assert not again.holds("abc1")
    again.sync(lineage(), "abc1")
    assert EmbeddedStore(tmp_path).holds("abc1")


def test_no_home_and_no_room_are_no_reason_to_fail(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "none")
    store.sync(lineage(), "abc1")
    assert cell(store, "MATCH (g:Generator) RETURN count(g)") == len(NAMES)
    assert not (tmp_path / "none").exists()
    (tmp_path / "graph").write_text("a file where the folder would be")
    store = EmbeddedStore(tmp_path)
    store.sync(lineage(), "abc1")
    assert cell(store, "MATCH (g:Generator) RETURN count(g)") == len(NAMES)


def test_a_write_that_is_cut_off_harms_nothing(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = (tmp_path / "graph").iterdir()
    whole = file.read_bytes()

    def cut(path: Path, data: bytes) -> int:
        with path.open("wb") as stream:
            stream.write(data[:100])
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", cut)
        store.sync(lineage(), "abc2")
    assert [(path, path.read_bytes()) for path in (tmp_path / "graph").iterdir()] == [(file, whole)]


def test_processes_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\nfrom graph_samples import lineage\n"
        "from difreg.storage.graphs.embedded import EmbeddedStore\n"
        "for turn in range(15):\n"
        "    store, digest = EmbeddedStore(Path(sys.argv[1])), 'abc' + str(turn % 3)\n"
        "    if not store.holds(digest): store.sync(lineage(), digest)\n"
        "    n = store.query('MATCH (n) RETURN count(n) AS n').rows[0]['n']\n"
        "    assert n == lineage().number_of_nodes(), n\n"
    )
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", code, str(tmp_path), here]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        assert process.communicate(timeout=60)[1] == ""
        assert process.returncode == 0
    assert not [path for path in (tmp_path / "graph").iterdir() if path.suffix != ".kgl"]


def test_the_setting_chooses_the_store(tmp_path: Path) -> None:
    assert isinstance(open_store(Settings(tmp_path, "sqlite:///x")), EmbeddedStore)
    with pytest.raises(InputError, match="DIFREG_GRAPH_URL"):
        open_store(Settings(tmp_path, "sqlite:///x", graph_url="bolt://user:pass@host"))
