"""The registry's behaviour on the demo's real images: versions, metadata, removal, crashes, writers side by side."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import difreg
from difreg import Registry
from difreg.errors import InputError, NotFoundError, TooFewImagesError
from difreg.registry.metadata import DeclaredParent, Metadata

DEMO = Path(__file__).parent.parent / "demo"


def images(name: str, first: int = 0, count: int = 6) -> list[Path]:
    return sorted((DEMO / name).glob("*.webp"))[first : first + count]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with difreg.open(tmp_path / "home") as opened:
        yield opened


def test_nothing_is_written_before_the_first_add(tmp_path: Path) -> None:
    with difreg.open(tmp_path / "home") as opened:
        assert opened.list().generators == ()
    assert not (tmp_path / "home").exists()


def test_the_same_images_make_no_new_version(registry: Registry) -> None:
    first = registry.add("a", images("noise0"))
    again = registry.add("a", list(reversed(images("noise0"))))
    assert (first.version, first.created) == (1, True)
    assert (again.version, again.created, again.digest) == (1, False, first.digest)
    assert len(registry.show("a").versions) == 1


def test_renamed_copies_are_the_same_images(registry: Registry, tmp_path: Path) -> None:
    registry.add("a", images("noise0"))
    for k, path in enumerate(images("noise0")):
        shutil.copy(path, tmp_path / f"copy{k}.webp")
    assert not registry.add("a", [tmp_path]).created


def test_other_images_make_the_next_version(registry: Registry) -> None:
    registry.add("a", images("noise0"))
    assert registry.add("a", images("noise0", 6)).version == 2
    assert [v.version for v in registry.show("a").versions] == [1, 2]


def test_fingerprints_are_byte_identical_between_homes(tmp_path: Path) -> None:
    digests = set()
    for home in ("one", "two"):
        with difreg.open(tmp_path / home) as opened:
            digests.add(opened.add("a", images("noise0")).digest)
    assert len(digests) == 1


def test_siblings_become_a_family_and_strangers_do_not(registry: Registry) -> None:
    registry.add("noise0", [DEMO / "noise0"])
    registry.add("anime", [DEMO / "anime"])
    added = registry.add("noise1", [DEMO / "noise1"])
    assert [k.generator for k in added.kin] == ["noise0"]
    (family,) = registry.families().families
    assert family.members == ("noise0", "noise1")
    assert registry.families().singletons == ("anime",)


def test_removal_takes_a_generator_out_of_everything(registry: Registry) -> None:
    registry.add("noise0", [DEMO / "noise0"])
    registry.add("noise1", [DEMO / "noise1"])
    registry.remove("noise1")
    assert [g.name for g in registry.list().generators] == ["noise0"]
    assert registry.families().families == ()
    assert registry.show("noise0").kin == ()
    with pytest.raises(NotFoundError):
        registry.show("noise1")


def test_added_again_after_removal_it_is_whole_again(registry: Registry) -> None:
    registry.add("noise0", [DEMO / "noise0"])
    before = registry.add("noise1", [DEMO / "noise1"])
    registry.remove("noise1")
    after = registry.add("noise1", [DEMO / "noise1"])
    assert after.kin == before.kin
    assert after.family is not None
    crossed = registry.query("MATCH ()-[c:CROSS_DETECTS]->() RETURN count(c) AS n").rows
    assert crossed[0]["n"] == 2


def test_a_declared_parent_that_is_not_registered_is_a_stub(registry: Registry) -> None:
    registry.add("child", images("noise0"), metadata=Metadata(parents=(DeclaredParent("parent", "fine-tune"),)))
    rows = {g.name: g for g in registry.list().generators}
    assert (rows["parent"].observed, rows["parent"].version) == (False, None)
    registry.add("parent", images("noise0", 6))
    assert {g.name: g for g in registry.list().generators}["parent"].observed


def test_metadata_given_later_is_kept_without_a_new_version(registry: Registry) -> None:
    registry.add("a", images("noise0"))
    added = registry.add("a", images("noise0"), metadata=Metadata(released="2022-08", base=True))
    assert added.version == 1
    row = registry.list().generators[0]
    assert (row.released, row.base) == ("2022-08", True)


def test_compare_takes_names_folders_and_sketch_files_alike(registry: Registry, tmp_path: Path) -> None:
    registry.add("noise0", [DEMO / "noise0"])
    sketch = tmp_path / "other.sketch"
    registry.sketch([DEMO / "noise1"], sketch)
    by_folder = registry.compare("noise0", str(DEMO / "noise1"))
    by_sketch = registry.compare("noise0", str(sketch))
    assert by_folder.kinship.kinship == by_sketch.kinship.kinship
    assert by_folder.verdict == "kin"
    turned = registry.compare(str(sketch), "noise0")
    assert turned.kinship.kinship == pytest.approx(by_sketch.kinship.kinship)
    assert [(c.fingerprint, c.images) for c in by_folder.cross_detection] == [
        ("noise0", str(DEMO / "noise1")),
        (str(DEMO / "noise1"), "noise0"),
    ]


def test_images_on_both_sides_count_for_neither(registry: Registry) -> None:
    registry.add("a", images("noise0", 0, 12))
    registry.add("b", images("noise0", 6, 12))
    compared = registry.compare("a", "b")
    assert "shared_images" in {w.code for w in compared.warnings}
    assert {c.n for c in compared.cross_detection} == {6, 12}
    with pytest.raises(InputError, match="same images"):
        registry.compare("a", "a")


def test_trace_answers_alike_from_images_and_from_their_sketch(registry: Registry, tmp_path: Path) -> None:
    registry.add("noise0", [DEMO / "noise0"])
    sketch = tmp_path / "q.sketch"
    registry.sketch([DEMO / "noise1"], sketch)
    one, two = registry.trace([DEMO / "noise1"]), registry.trace([sketch])
    assert (one.verdict, one.probability, one.candidates) == (two.verdict, two.probability, two.candidates)


def test_trace_excludes_by_name_and_knows_no_other_names(registry: Registry) -> None:
    registry.add("noise0", [DEMO / "noise0"])
    registry.add("anime", [DEMO / "anime"])
    traced = registry.trace([DEMO / "noise1"], exclude=["noise0"])
    assert traced.verdict == "none"
    assert {c.generator for c in traced.candidates} == {"anime"}
    with pytest.raises(NotFoundError) as caught:
        registry.trace([DEMO / "noise1"], exclude=["noiseO"])
    assert "noise0" in caught.value.hint


def test_trace_of_an_empty_registry_says_what_to_do(registry: Registry) -> None:
    with pytest.raises(NotFoundError) as caught:
        registry.trace([DEMO / "noise1"])
    assert "difreg add" in caught.value.hint


def test_a_trace_adds_nothing(registry: Registry) -> None:
    registry.add("noise0", [DEMO / "noise0"])
    before = registry.list()
    registry.trace([DEMO / "noise1"])
    assert registry.list() == before


def test_one_bad_folder_does_not_stop_the_others(registry: Registry, tmp_path: Path) -> None:
    for name in ("good", "bad"):
        (tmp_path / "sets" / name).mkdir(parents=True)
    for path in images("noise0"):
        shutil.copy(path, tmp_path / "sets/good")
    (tmp_path / "sets/bad/text.png").write_text("no image")
    added = registry.add_each(tmp_path / "sets")
    assert [a.generator for a in added.generators] == ["good"]
    assert [f.generator for f in added.failed] == ["bad"]
    assert "text.png" in added.failed[0].reason


def test_an_add_that_fails_leaves_nothing(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(b"")
    with pytest.raises(TooFewImagesError):
        registry.add("a", [tmp_path / "one.png"])
    with pytest.raises(InputError):
        registry.add("a\x1b[31m", images("noise0"))
    assert registry.list().generators == ()


def _start(home: Path, name: str, first: int) -> subprocess.Popen[bytes]:
    files = [str(p) for p in images("noise0", first)]
    command = [sys.executable, "-m", "difreg", "--home", str(home), "add", name, *files, "--format", "json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_writers_side_by_side_lose_nothing(tmp_path: Path) -> None:
    runs = [_start(tmp_path / "home", name, first) for name in ("a", "b") for first in (0, 6)]
    for run in runs:
        assert run.wait(120) == 0, run.communicate()[1]
    with difreg.open(tmp_path / "home") as opened:
        for name in ("a", "b"):
            assert [v.version for v in opened.show(name).versions] == [1, 2]
        crossed = opened.query("MATCH ()-[c:CROSS_DETECTS]->() RETURN count(c) AS n").rows
    # The latest versions of a and b may rest on the same images, which then score neither.
    assert crossed[0]["n"] in {0, 2}


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("moment", ["blob", "row"])
def test_a_process_that_is_stopped_leaves_a_sound_home(tmp_path: Path, blow: signal.Signals, moment: str) -> None:
    home = tmp_path / "home"
    with difreg.open(home) as opened:
        opened.add("a", images("noise0"))
    target = {
        "blob": ("difreg.storage.blobs", "BlobStore", "put"),
        "row": ("difreg.storage.transaction", "Transaction", "replace_cross"),
    }[moment]
    script = f"""
import os, sys, importlib
kind = getattr(importlib.import_module({target[0]!r}), {target[1]!r})
real = getattr(kind, {target[2]!r})
def stopped(*given):
    made = real(*given)
    os.kill(os.getpid(), {int(blow)})
    return made
setattr(kind, {target[2]!r}, stopped)
from difreg.cli.main import main
sys.argv = ["difreg", "--home", {str(home)!r}, "add", "b", *{[str(p) for p in images("noise0", 6)]!r}]
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == (-signal.SIGKILL if blow is signal.SIGKILL else 130), done.stderr
    with difreg.open(home) as opened:
        assert [g.name for g in opened.list().generators] == ["a"]
        assert opened.add("b", images("noise0", 6)).version == 1


def test_the_environment_names_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFREG_HOME", str(tmp_path / "elsewhere"))
    with difreg.open() as opened:
        opened.add("a", images("noise0"))
    assert (tmp_path / "elsewhere" / "catalog.db").exists()
    assert os.environ["DIFREG_HOME"]


def test_the_archive_of_exports_is_readable(registry: Registry, tmp_path: Path) -> None:
    import csv
    import json

    import networkx as nx

    registry.add("noise0", [DEMO / "noise0"])
    registry.add("o'brien", [DEMO / "noise1"], metadata=Metadata(note="quotes ' \" and \\ stay text"))
    graph = registry.lineage()
    for suffix in ("graphml", "json", "csv", "nwk", "cypher"):
        registry.export_lineage(tmp_path / f"x.{suffix}")
    assert nx.read_graphml(tmp_path / "x.graphml").number_of_edges() == graph.number_of_edges()
    loaded = nx.node_link_graph(json.loads((tmp_path / "x.json").read_text()), edges="edges")
    assert dict(loaded.nodes(data=True)) == dict(graph.nodes(data=True))
    with (tmp_path / "x.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == graph.number_of_edges()
    assert (tmp_path / "x.nwk").read_text().strip().endswith(";")
    assert "'o''brien'" in (tmp_path / "x.nwk").read_text()


def test_the_cypher_export_makes_the_same_graph_elsewhere(registry: Registry, tmp_path: Path) -> None:
    import kglite

    registry.add("noise0", [DEMO / "noise0"])
    registry.add("o'brien", [DEMO / "noise1"], metadata=Metadata(note="x'}) DETACH DELETE n // \\"))
    registry.export_lineage(tmp_path / "x.cypher")
    other = kglite.KnowledgeGraph()
    for statement in (tmp_path / "x.cypher").read_text().splitlines():
        other.cypher(statement.removesuffix(";"))
    mine = registry.lineage()
    count = other.cypher("MATCH (n) RETURN count(n) AS n").to_list()[0]["n"]
    assert count == mine.number_of_nodes()
    edges = other.cypher("MATCH ()-[r]->() RETURN count(r) AS n").to_list()[0]["n"]
    assert edges == mine.number_of_edges()


def test_newick_joins_the_nearest_first(registry: Registry, tmp_path: Path) -> None:
    for name in ("noise0", "noise1", "anime"):
        registry.add(name, [DEMO / name])
    registry.export_lineage(tmp_path / "x.nwk")
    text = (tmp_path / "x.nwk").read_text()
    assert text.index("anime") < text.index("noise") or text.rindex("noise") < text.index("anime")
    assert "('noise0':" in text or "('noise1':" in text
