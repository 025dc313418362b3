"""Fingerprints that the paper's code solved, in a registry: what they score, and what they are kept out of."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from painting import write_set

import difreg
from difreg import Registry
from difreg.cli.main import run
from difreg.errors import IncompatibleError, InputError, NotFoundError
from difreg.registry.extraction import extract
from difreg.registry.solvers.imported import read_checkpoint
from difreg.registry.solving import imported, on_sketches

RNG = np.random.default_rng(11)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of two generators, and a checkpoint of the first as the paper's code would write it."""
    root = tmp_path_factory.mktemp("sets")
    for name, pattern in (("one", 3), ("two", 4), ("fresh", 3)):
        write_set(root / name, pattern, 6, _number(name))
    mean = extract([root / "one"], canvas=256).folds
    assert mean is not None
    array = mean.mean(0)[None] / mean.std()
    write(root / "dif", array)
    return root


def _number(name: str) -> int:
    return sum(name.encode())


def write(folder: Path, array: np.ndarray[Any, Any], real: float = 0.01, fake: float = 0.4) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    curves = {"Train Real": [real] * 30, "Train Fake": [fake] * 30, "Loss": [0.1] * 30}
    torch.save({"Fingerprint": torch.tensor(array.astype(np.float32)), **curves}, folder / "chk_0.pt")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with difreg.open(tmp_path / "home") as opened:
        yield opened


def cross(registry: Registry) -> set[tuple[str, str]]:
    rows = registry.query("MATCH (a)-[c:CROSS_DETECTS]->(b) RETURN a.name AS a, b.name AS b").rows
    return {(row["a"], row["b"]) for row in rows}


def test_without_an_assumed_denoiser_it_is_on_record_alone(sets: Path, registry: Registry) -> None:
    registry.add("one", [sets / "one"])
    answer = registry.import_dif(sets / "dif", "dif")
    assert (answer.version, answer.created, answer.scores, answer.denoiser) == (1, True, False, None)
    assert {w.code for w in answer.warnings} == {"foreign"}
    row = {g.name: g for g in registry.list().generators}["dif"]
    assert (row.version, row.images, row.family) == (1, 0, None)
    assert row.reliability is not None
    assert math.isnan(row.reliability)
    (version,) = registry.show("dif").versions
    assert (version.solver, version.denoiser, version.images) == ("paper", "unknown", 0)
    assert {w.code for w in version.warnings} == {"foreign"}
    assert cross(registry) == set()
    assert {s.generator for i in registry.detect([sets / "fresh"]).images for s in i.scores} == {"one"}
    assert registry.families().singletons == ("one",)


def test_of_the_registrys_denoiser_it_scores_images(sets: Path, registry: Registry) -> None:
    registry.add("one", [sets / "one"])
    assert registry.import_dif(sets / "dif", "dif", assume_denoiser="wavelet-1").scores
    registry.add("two", [sets / "two"])
    assert cross(registry) == {("dif", "one"), ("dif", "two"), ("one", "two"), ("two", "one")}
    (mine, other) = (
        registry.query(f"MATCH (:Generator {{name:'dif'}})-[c:CROSS_DETECTS]->(:Generator {{name:'{n}'}}) RETURN c.auc")
        for n in ("one", "two")
    )
    assert mine.rows[0]["c.auc"] > 0.95 > other.rows[0]["c.auc"]
    for image in registry.detect([sets / "fresh"]).images:
        scores = {s.generator: s for s in image.scores}
        assert (image.generator, set(scores)) == ("one", {"one", "two", "dif"})
        assert scores["dif"].p_value < 0.001
        assert math.isnan(scores["dif"].probability)
        assert {w.code for w in image.warnings} == {"foreign"}
    assert {s.generator for i in registry.detect([sets / "fresh"], exclude=["dif"]).images for s in i.scores} == {
        "one",
        "two",
    }


def test_it_is_no_kin_of_anybody(sets: Path, registry: Registry, tmp_path: Path) -> None:
    registry.import_dif(sets / "dif", "dif", assume_denoiser="wavelet-1")
    assert registry.add("one", [sets / "one"]).kin == ()
    added = registry.add("fresh", [sets / "fresh"])
    assert [k.generator for k in added.kin] == ["one"]
    assert [f.members for f in registry.families().families] == [("fresh", "one")]
    assert {c.generator for c in registry.trace([sets / "two"]).candidates} == {"one", "fresh"}
    registry.export_lineage(tmp_path / "x.nwk")
    assert "dif" not in (tmp_path / "x.nwk").read_text()
    with pytest.raises(InputError, match="without images"):
        registry.compare("dif", "one")
    with pytest.raises(NotFoundError, match="no version to append to"):
        registry.add("dif", [sets / "one"], append=True)


def test_alone_it_can_detect_and_not_trace(sets: Path, registry: Registry) -> None:
    registry.import_dif(sets / "dif", "dif", assume_denoiser="wavelet-1")
    for image in registry.detect([sets / "fresh"]).images:
        assert (image.generated, image.generator) == (None, None)
        assert image.scores[0].p_value < 0.001
    with pytest.raises(NotFoundError):
        registry.trace([sets / "fresh"])


def test_images_take_its_place_and_not_the_reverse(sets: Path, registry: Registry) -> None:
    registry.import_dif(sets / "dif", "one", assume_denoiser="wavelet-1")
    assert registry.import_dif(sets / "dif", "one", assume_denoiser="wavelet-1").created is False
    assert registry.add("one", [sets / "one"]).version == 2
    with pytest.raises(InputError, match="images of its own"):
        registry.import_dif(sets / "dif", "one")
    registry.add("two", [sets / "two"])
    assert cross(registry) == {("one", "two"), ("two", "one")}


def test_an_unknown_denoiser_is_refused(sets: Path, registry: Registry) -> None:
    with pytest.raises(IncompatibleError):
        registry.import_dif(sets / "dif", "dif", assume_denoiser="dncnn\x1b")
    assert not registry.settings.home.exists()


def test_a_denoiser_that_is_not_the_registrys_scores_nothing(sets: Path, registry: Registry) -> None:
    registry.add("one", [sets / "one"])
    assert not registry.import_dif(sets / "dif", "dif", assume_denoiser="periodic-1").scores
    assert cross(registry) == set()


def test_the_threshold_is_between_the_centres_on_the_lattice(tmp_path: Path) -> None:
    tile = RNG.normal(size=(3, 16, 16))
    tile -= tile.mean((1, 2), keepdims=True)
    lattice = np.tile(tile, (1, 16, 16))
    rest = RNG.normal(size=lattice.shape)
    rest -= np.tile(rest.reshape(3, 16, 16, 16, 16).mean((1, 3)), (1, 16, 16))
    rest *= np.linalg.norm(lattice) / np.linalg.norm(rest)
    write(tmp_path, (lattice + rest)[None], 0.1, 0.3)
    made = imported(read_checkpoint(tmp_path))
    assert made.threshold == pytest.approx(0.2 / math.sqrt(2), rel=1e-4)
    assert np.allclose(made.folded, on_sketches(lattice), atol=1e-4)


def test_the_command_line_imports(
    sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIFREG_HOME", str(tmp_path / "home"))
    assert run(["import-dif", str(sets / "dif"), "--name", "dif"]) == 0
    assert "imported dif version 1 from chk_0.pt" in capsys.readouterr().out
    command = ["import-dif", str(sets / "dif"), "--name", "dif", "--assume-denoiser", "wavelet-1"]
    assert run([*command, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["version"], told["scores"]) == ("difreg/import-dif", 2, True)
    assert run(["show", "dif"]) == 0
    assert run(["list", "--format", "json"]) == 0
    capsys.readouterr()
    assert run(["detect", str(sets / "fresh"), "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["images"][0]["scores"][0]["probability"] is None
