"""The matrix of all pairs: who scores whom, in which order, drawn without a false claim, and safe."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import painting
import pytest
from answer_samples import matrix
from browsing import SIZES, needs_chromium, opened
from lineage_samples import HOSTILE
from sketching import sketch_file

from difreg.cli.main import run
from difreg.lineage import matrices
from difreg.lineage.answers import MatrixCell
from difreg.lineage.crossdetection import cross_detect, cross_detect_each, cross_detect_self
from difreg.lineage.figures.heatmap import NARROW, WIDE, matrix_figure
from difreg.lineage.figures.sheets import matrix_sheet
from difreg.lineage.kinship import kinships, with_doubt
from difreg.registry.detection import correlations
from difreg.registry.profiles import profile

# Numbers


def cell(cells: tuple[MatrixCell, ...], fingerprint: str, images: str) -> MatrixCell:
    (found,) = [c for c in cells if (c.fingerprint, c.images) == (fingerprint, images)]
    return found


@pytest.mark.parametrize("metric", ["accuracy", "auc"])
def test_rows_are_fingerprints_and_columns_images(metric: str) -> None:
    strong, weak, other = (
        painting.made("strong", 1, 20),
        painting.made("weak", 1, 9, 1, 1.0),
        painting.made("other", 2, 7, 2),
    )
    cells = matrices.cells([strong, weak, other], metric)
    forth, back = cross_detect(strong, weak), cross_detect(weak, strong)
    assert forth is not None
    assert back is not None
    assert getattr(forth, metric) != getattr(back, metric)
    assert cell(cells, "strong", "weak").value == getattr(forth, metric)
    assert cell(cells, "weak", "strong").value == getattr(back, metric)
    assert (cell(cells, "strong", "weak").n, cell(cells, "weak", "strong").n) == (9, 20)
    assert all(c.low <= c.value <= c.high for c in cells)


def test_an_image_that_trained_a_fingerprint_scores_it_nowhere() -> None:
    whole = painting.made("whole", 1, 12)
    half = profile("half", whole.contents[:6], whole.sketches[:6], whole.background)
    other = painting.made("other", 2, 5, 3)
    found = cross_detect_each([half, other], whole)
    assert [f.n for f in found if f] == [6, 12]
    assert cross_detect_each([whole], half) == [None]
    cells = matrices.cells([whole, half], "accuracy")
    assert math.isnan(cell(cells, "whole", "half").value)
    assert cell(cells, "half", "whole").n == 6


@pytest.mark.parametrize("n", [5, 27])
def test_the_diagonal_leaves_images_out(n: int) -> None:
    made = painting.made("a", 1, n, strength=1.5)
    found = cross_detect_self(made)
    assert found is not None
    assert found.n == n
    if n == 5:  # one by one, as the definition says
        hits = rejections = wins = 0.0
        for k in range(n):
            rest = made.without(frozenset([made.contents[k]]))
            assert rest is not None
            detector, cut = rest.fingerprint.detector[None], rest.fingerprint.threshold
            score = correlations(detector, made.sketches[k : k + 1])[0, 0]
            photographs = correlations(detector, made.background.negatives)[0]
            hits += score > cut
            rejections += (photographs <= cut).mean()
            wins += (photographs < score).mean()
        assert found.accuracy == pytest.approx((hits + rejections) / 2 / n)
        assert found.auc == pytest.approx(wins / n)
    noise = painting.sketched(np.zeros(192), n, 5)
    chance = cross_detect_self(profile("noise", painting.contents(5, n), noise, made.background))
    assert chance is not None
    assert chance.auc < found.auc


def test_two_images_have_no_diagonal() -> None:
    assert cross_detect_self(painting.made("a", 1, 2)) is None


def test_kinship_is_that_of_compare() -> None:
    one, two, weak = painting.made("one", 1), painting.made("two", 1, seed=1), painting.made("weak", 3, 4, 2, 0.1)
    cells = matrices.cells([one, two, weak], "kinship")
    known = with_doubt(kinships(one, [two])[0], one, two)
    for a, b in (("one", "two"), ("two", "one")):
        found = cell(cells, a, b)
        assert (found.value, found.low, found.high) == pytest.approx((known.kinship, known.low, known.high))
        assert found.judged
    assert not cell(cells, "one", "weak").judged
    assert math.isnan(cell(cells, "one", "one").value)
    probable = cell(matrices.cells([one, two], "probability"), "one", "two")
    assert probable.value == pytest.approx(known.probability)
    assert probable.low <= probable.value <= probable.high


def test_families_come_first_and_neighbours_are_alike() -> None:
    profiles = [
        painting.made(n, k, seed=s) for s, (n, k) in enumerate([("x", 3), ("a", 1), ("y", 4), ("b", 2), ("c", 1)])
    ]
    profiles.append(replace(profiles[1], name="b:2"))
    homes = {"a": ("family-2", None), "b": ("family-2", None), "c": ("family-2", None), "y": ("family-1", None)}
    order = [p.name for p in matrices.ordered(profiles, homes)]
    assert set(order[:4]) == {"a", "b", "b:2", "c"}  # a version belongs where its generator does
    assert order[4:] == ["y", "x"]
    assert abs(order.index("a") - order.index("b:2")) == 1


# The figure


def test_every_cell_says_its_metric_interval_and_n() -> None:
    made = matrix(("a", "b", "c"))
    figure = matrix_figure(made)
    cells = figure.data[0]
    assert cells.meta["kind"] == "cells"
    assert cells.z[0][1] == 0.01
    assert cells.z[1][0] == 0.1
    assert cells.z[2][2] is None
    told = cells.hovertext[1][0]
    assert "fingerprint <b>b</b>" in told
    assert "images <b>a</b>" in told
    assert "accuracy .100 (95 % .001 to .999)" in told
    assert "n = 12 images against 71 photographs" in told
    assert "left out" in cells.hovertext[0][0]
    assert "not defined" in cells.hovertext[2][2]
    assert "weak" in cells.hovertext[2][0]
    assert [t.name for t in figure.data[1:]] == ["Kin"]
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1) == (-0.5, 1.5)


def test_kinship_claims_no_direction() -> None:
    made = matrix(("a", "b", "c"), "kinship", directed=False)
    told = matrix_figure(made).data[0].hovertext
    assert "no direction" in told[0][1]
    assert "from 20 images and 20 images" in told[0][1]
    assert "nothing may be concluded" in told[2][0]
    assert "rows are fingerprints" not in matrix_sheet(made).page()
    assert "rows are fingerprints, columns the images asked about" in matrix_sheet(matrix(("a", "b"))).page()


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("count", [2, 12, matrices.MOST])
def test_it_fits_its_width(width: int, count: int) -> None:
    layout = matrix_figure(matrix(tuple(f"a-long-name-of-number-{k}" for k in range(count))), width=width).layout
    side = layout.width - layout.margin.l - layout.margin.r
    assert layout.width <= width
    assert side > width / 3 or side / count > 40
    assert layout.height - layout.margin.t - layout.margin.b == pytest.approx(side, abs=1)


@needs_chromium
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_opens_offline_and_names_stay_text(tmp_path: Path, width: int, height: int) -> None:
    page_text = matrix_sheet(matrix(HOSTILE)).page()
    assert "onerror=alert(1)>" not in page_text
    assert "alert(2)</script>" not in page_text
    file = tmp_path / "matrix.html"
    file.write_text(page_text, "utf-8")
    with opened(file, width, height) as page:
        assert page.locator("#figure .ytick text", has_text=HOSTILE[0][:6]).count() == 1


# The command


@pytest.fixture
def registered(home: Path, tmp_path: Path) -> Path:
    for number, seed, name in ((1, 0, "g1"), (1, 1, "g2"), (3, 0, "g3")):
        assert run(["add", name, str(sketch_file(tmp_path / "s", number, seed=seed)), "-q"]) == 0
    return tmp_path


def test_the_command_writes_pages_and_numbers(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, numbers, table = (registered / f"m.{suffix}" for suffix in ("html", "json", "csv"))
    assert run(["plot", "matrix", "--metric", "auc", "-o", str(page)]) == 0
    assert "AUC of 3 generators: rows are fingerprints" in page.read_text("utf-8")
    assert run(["plot", "matrix", "--metric", "auc", "-o", str(numbers)]) == 0
    found = json.loads(numbers.read_text())
    assert (found["schema"], found["metric"], found["directed"]) == ("difreg/matrix", "auc", True)
    assert [m["name"] for m in found["members"]][2] == "g3"
    assert len(found["cells"]) == 9
    assert run(["plot", "matrix", "family-1", "g3:1", "g1", "-o", str(table)]) == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert {r["fingerprint"] for r in rows} == {"g1", "g2", "g3:1"}
    assert {r["metric"] for r in rows} == {"kinship"}
    assert run(["plot", "matrix", "-o", str(registered / "m.txt")]) == 0
    assert "kinship of 3 generators" in (registered / "m.txt").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--metric", "x"], "'x' is no metric of a matrix. Use one of: accuracy, auc, score, kinship, probability."),
        (["g1"], "A matrix needs two generators with images."),
        (["g1", "nobody"], "nobody"),
        (["--method", "nj"], "No such option: --method"),
        (["--images", "x"], "No such option: --images"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    words: list[str], said: str, registered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["plot", "matrix", *words, "-o", str(registered / "x.html")]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not (registered / "x.html").exists()


def test_more_than_can_be_read_is_refused(monkeypatch: pytest.MonkeyPatch, registered: Path) -> None:
    import difreg

    monkeypatch.setattr(matrices, "MOST", 2)
    with difreg.open() as registry, pytest.raises(difreg.DifregError, match="matrix of 3 generators"):
        registry.matrix()
