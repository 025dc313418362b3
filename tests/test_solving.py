"""The solvers that need the images, through the registry and the command line, and what their versions are good for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from painting import paint, write_set
from PIL import Image

import difreg
from difreg import Registry
from difreg.cli.main import run
from difreg.errors import DifregError, InputError, NotFoundError, TooFewImagesError
from difreg.registry import folds
from difreg.registry.background import get
from difreg.registry.extraction import extract
from difreg.registry.profiles import from_arrays
from difreg.registry.solvers import fold_to, paper, unet
from difreg.registry.solving import on_sketches, solve, stored
from difreg.storage.blob_places import open_blobs


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six generated images and four photographs in the paper's layout, and other images of both kinds beside it."""
    root = tmp_path_factory.mktemp("sets")
    write_set(root / "layout" / "1_fake", 3, 6, 1)
    write_set(root / "other", 4, 4, 2)
    write_set(root / "fresh", 3, 4, 5)
    for k, folder in enumerate(("layout/0_real", "photos")):
        (root / folder).mkdir()
        for i in range(4):
            Image.fromarray(paint(9000 + 10 * k + i, 0, strength=0)).save(root / folder / f"{i}.png")
    return root


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unet, "solve_unet", partial(unet.solve_unet, steps=15))
    monkeypatch.setattr(paper, "solve_paper", partial(paper.solve_paper, epochs=2, threads=1))
    monkeypatch.setenv("DIFREG_DEVICE", "cpu")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with difreg.open(tmp_path / "home") as opened:
        yield opened


# Folds


def test_one_pass_gives_sketches_and_folds(layout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, wide = extract([layout / "fresh"]), extract([layout / "fresh"], canvas=32)
    assert plain.folds is None
    assert wide.folds is not None
    assert (wide.folds.shape, wide.folds.dtype) == ((4, 3, 32, 32), np.float32)
    assert np.array_equal(plain.sketches, wide.sketches)
    assert np.allclose(fold_to(wide.folds), wide.sketches, atol=1e-5)
    monkeypatch.setattr(folds, "IN_MEMORY", 0)
    spilled = extract([layout / "fresh"], canvas=32)
    assert isinstance(spilled.folds, np.memmap)
    assert np.array_equal(spilled.folds, wide.folds)


def test_folds_stay_with_their_images_when_duplicates_go(layout: Path, tmp_path: Path) -> None:
    first, *others = sorted((layout / "fresh").iterdir())
    (tmp_path / "copy.png").write_bytes(first.read_bytes())
    found = extract([first, tmp_path / "copy.png", *others], canvas=32)
    assert found.folds is not None
    assert len(found.folds) == len(found) == 4
    assert np.allclose(fold_to(found.folds), found.sketches, atol=1e-5)


# The solvers


def test_unet_detects_images_it_has_not_seen(layout: Path, registry: Registry) -> None:
    added = registry.add("a", [layout / "layout" / "1_fake"], solver="unet", seed=3)
    assert added.quality.separation > 0.95
    assert (added.provenance.solver, added.provenance.seed, added.warnings) == ("unet", 3, ())
    for image in registry.detect([layout / "fresh"]).images:
        assert image.generator == "a"
        assert image.scores[0].p_value < 0.001
    for image in registry.detect([layout / "other"]).images:
        assert image.generated is not True
    (version,) = registry.show("a").versions
    assert version.solver == "unet"


def test_paper_takes_the_photographs_beside_or_those_named(layout: Path, registry: Registry) -> None:
    beside = registry.add("a", [layout / "layout"], solver="paper")
    assert np.isnan(beside.quality.separation)
    assert "not_held_out" in {w.code for w in beside.warnings}
    named = registry.add("a", [layout / "layout"], solver="paper", reals=layout / "photos")
    assert (beside.version, named.version, named.created) == (1, 2, True)
    assert beside.images.used == named.images.used == 6


@pytest.mark.parametrize("solver", ["unet", "paper"])
def test_a_version_is_the_same_when_opened_again_and_made_again(layout: Path, tmp_path: Path, solver: str) -> None:
    digests, rows = set(), []
    for home in ("one", "two"):
        with difreg.open(tmp_path / home) as opened:
            opened.add("b", [layout / "other"])
            digests.add(opened.add("a", [layout / "layout"], solver=solver).digest)
            rows.append(opened.detect([layout / "fresh"]).images)
        with difreg.open(tmp_path / home) as opened:
            rows.append(opened.detect([layout / "fresh"]).images)
    assert len(digests) == 1
    assert all(row == rows[0] for row in rows)


def test_the_same_again_is_not_solved_again(layout: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    first = registry.add("a", [layout / "layout"], solver="unet")
    monkeypatch.setattr(unet, "solve_unet", None)
    again = registry.add("a", [layout / "layout"], solver="unet")
    assert (again.created, again.digest) == (False, first.digest)


@pytest.mark.parametrize("change", [{"seed": 1}, {"reals": "photos"}, {"solver": "lattice"}])
def test_another_seed_photographs_or_solver_make_a_version(
    layout: Path, registry: Registry, change: dict[str, object]
) -> None:
    settings = {"solver": "unet", "seed": 0, **change}
    settings |= {"reals": layout / "photos"} if "reals" in change else {}
    registry.add("a", [layout / "layout"], solver="unet")
    assert registry.add("a", [layout / "layout"], **settings).version == 2


def test_photographs_never_move_a_lattice_fingerprint(layout: Path, tmp_path: Path) -> None:
    digests = set()
    for k, given in enumerate(([layout / "layout"], [layout / "layout" / "1_fake"])):
        for reals in (None, layout / "photos"):
            with difreg.open(tmp_path / f"{k}{reals is None}") as opened:
                digests.add(opened.add("a", given, reals=reals).digest)
    assert len(digests) == 1


def test_kinship_is_the_same_whichever_solver(layout: Path, tmp_path: Path) -> None:
    answers = []
    for solver in ("lattice", "unet"):
        with difreg.open(tmp_path / solver) as opened:
            opened.add("a", [layout / "layout"], solver=solver)
            answers.append(opened.compare("a", str(layout / "fresh")))
    one, two = answers
    assert one.kinship == two.kinship
    assert one.cross_detection[0].score != two.cross_detection[0].score
    assert one.cross_detection[0].score == pytest.approx(one.kinship.cosine)
    assert one.cross_detection[1] == two.cross_detection[1]
    assert two.cross_detection[0].auc > 0.95


def test_what_is_stored_gives_the_fingerprint_without_solving(layout: Path, registry: Registry) -> None:
    digest = registry.add("a", [layout / "layout"], solver="unet").digest
    arrays = open_blobs(registry.settings.blobs).get(digest)
    solution = stored(arrays)
    assert solution is not None
    assert (solution.array.dtype, solution.array.shape) == (np.float32, (3, 32, 32))
    made = from_arrays("a", 1, arrays, get())
    assert np.array_equal(made.fingerprint.array, on_sketches(arrays["solved"]))
    assert np.allclose(arrays["fingerprint"], made.fingerprint.array)
    assert made.fingerprint.threshold == solution.threshold


def test_thresholds_are_of_images_held_out(layout: Path) -> None:
    found = extract([layout / "layout"], canvas=32)
    made = solve("unet", found, get(), seed=0)
    turned = extract(sorted((layout / "layout" / "1_fake").iterdir(), reverse=True), canvas=32)
    assert solve("unet", turned, get(), seed=0).threshold == pytest.approx(made.threshold, rel=1e-3)
    assert 0 < made.threshold < made.facts["mu_fake"]


# Refusals


def test_refusals_come_before_any_image_is_read(
    layout: Path, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.sketch([layout / "other"], tmp_path / "x.sketch")
    registry.add("b", [layout / "other"])
    monkeypatch.setattr("difreg.lineage.doors.home.extract", None)
    fakes = layout / "layout" / "1_fake"
    with pytest.raises(InputError) as caught:
        registry.add("a", [fakes], solver="paper")
    assert "--reals DIR" in caught.value.hint
    for solver in ("unet", "paper"):
        with pytest.raises(InputError, match="holds sketches"):
            registry.add("a", [tmp_path / "x.sketch"], solver=solver, reals=layout / "photos")
        with pytest.raises(InputError, match="needs the images again"):
            registry.add("b", [fakes], solver=solver, reals=layout / "photos", append=True)
    with pytest.raises(NotFoundError, match="no folder"):
        registry.add("a", [fakes], solver="unet", reals=tmp_path / "nowhere")
    for bad in ({"solver": "magic"}, {"device": "tpu"}, {"area": "half"}, {"seed": -1}):
        with pytest.raises(InputError):
            registry.add("a", [fakes], **bad)


def test_images_must_be_enough_and_no_photographs(layout: Path, registry: Registry) -> None:
    few = sorted((layout / "other").iterdir())[:3]
    with pytest.raises(TooFewImagesError, match="Only 3"):
        registry.add("a", few, solver="unet")
    with pytest.raises(InputError, match="among the photographs"):
        registry.add("a", [layout / "other"], solver="unet", reals=layout / "other")
    assert registry.list().generators == ()


def test_each_folder_answers_for_its_own_photographs(layout: Path, registry: Registry) -> None:
    answer = registry.add_each(layout, solver="paper")
    assert [a.generator for a in answer.generators] == ["layout"]
    assert {f.generator for f in answer.failed} == {"fresh", "other", "photos"}


# The command line


def test_the_command_line_solves(
    layout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIFREG_HOME", str(tmp_path / "home"))
    images = str(layout / "layout" / "1_fake")
    assert run(["add", "a", images, "--solver", "unet", "--seed", "2", "--device", "cpu", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["provenance"]["seed"] == 2
    assert run(["add", "p", images, "--solver", "paper"]) == 2
    assert "--reals DIR" in capsys.readouterr().err
    assert run(["add", "p", images, "--solver", "paper", "--reals", str(layout / "photos")]) == 0
    assert "AUC against photographs -" in capsys.readouterr().out
    assert run(["detect", str(layout / "fresh"), "--exclude", "p", "--format", "csv"]) == 0


def test_nothing_is_left_by_a_solve_that_fails(
    layout: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object, **more: object) -> None:
        raise DifregError("no")

    monkeypatch.setattr(unet, "solve_unet", broken)
    with pytest.raises(DifregError):
        registry.add("a", [layout / "layout"], solver="unet")
    assert not registry.settings.home.exists()
