"""The tree of similarity drawn: every generator and group is there, doubt shows, and nothing claims descent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from browsing import SIZES, needs_chromium, opened
from lineage_samples import HOSTILE

from difreg.cli.main import run
from difreg.lineage.answers import Provenance, SimilarityTree, TreeGroup, TreeLeaf
from difreg.lineage.figures.dendrogram import NARROW, WIDE, tree_figure
from difreg.lineage.figures.sheets import tree_sheet

NAN = float("nan")


def tree(*names: str, method: str = "upgma") -> SimilarityTree:
    """((0, 1) .98, (2, 3) .31), the first two a family, the last weak."""
    homes = [("family-1", "Kin"), ("family-1", "Kin"), (None, None), (None, None)]
    leaves = tuple(
        TreeLeaf(name, 1, 0.1, *home, 20, 0.3 if k == 3 else 0.9, k == 2)
        for k, (name, home) in enumerate(zip(names, homes, strict=True))
    )
    groups = (
        TreeGroup((0, 1), 0.4, 0.98, 2, "family-1"),
        TreeGroup((2, 3), 0.4, 0.31, 2, None),
        TreeGroup((4, 5), 0.0, NAN, 4, None),
    )
    return SimilarityTree(Provenance("0"), method=method, replicates=100, leaves=leaves, groups=groups)


def parts(figure: go.Figure, kind: str) -> list[Any]:
    return [t for t in figure.data if t.meta["kind"] == kind]


@pytest.mark.parametrize("method", ["upgma", "nj"])
def test_every_generator_and_group_is_drawn(method: str) -> None:
    figure = tree_figure(tree("a", "b", "c", "d", method=method))
    (leaves,), (groups,) = parts(figure, "leaves"), parts(figure, "groups")
    assert [t.strip() for t in leaves.text] == ["a", "b", "c", "d"]
    assert sorted(leaves.y) == [0.5, 1.5, 2.5, 3.5]
    assert list(groups.text) == [".98", "", ""]
    lines = [*parts(figure, "branches"), *parts(figure, "doubtful")]
    assert sum(list(t.x).count(None) for t in lines) == 6
    assert sum(list(t.x).count(None) for t in parts(figure, "doubtful")) == 2


def test_hovers_tell_the_doubt_and_claim_no_descent() -> None:
    figure = tree_figure(tree("a", "b", "c", "d"))
    kin, doubtful, root = parts(figure, "groups")[0].hovertext
    assert "in .980 of 100 replicates over images" in kin
    assert "exactly the members of family-1" in kin
    assert "in .310 of 100" in doubtful
    assert "no origin" in root
    assert all("not descent" in t for t in (kin, doubtful, root))
    weak = parts(figure, "leaves")[0].hovertext
    assert "mostly chance" in weak[3]
    assert "JPEG" in weak[2]
    assert "family: Kin (family-1)" in weak[0]


def test_the_colour_of_a_family_is_that_of_its_branches_alone() -> None:
    figure = tree_figure(tree("a", "b", "c", "d"))
    named = {t.name: t.line.color for t in parts(figure, "branches") if t.showlegend}
    assert list(named) == ["Kin", "no family"]
    assert len(set(named.values())) == 2


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_labels_end_inside_the_picture(width: int) -> None:
    names = ["a-very-long-name-" * 6 + str(k) for k in range(4)]
    figure = tree_figure(tree(*names), width=width)
    (leaves,) = parts(figure, "leaves")
    pixel = (figure.layout.xaxis.range[1] - figure.layout.xaxis.range[0]) / (width - 24)
    for x, text in zip(leaves.x, leaves.text, strict=True):
        assert x + 6 * len(text) * pixel < figure.layout.xaxis.range[1]
    assert len(set(leaves.text)) == 4  # cut in the middle: the ends still tell them apart


def test_names_stay_text() -> None:
    page = tree_sheet(tree(*HOSTILE[:4])).page()
    assert "onerror=alert(1)>" not in page
    assert "alert(2)</script>" not in page
    assert "Similarity, not descent" in page


@needs_chromium
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_opens_offline(tmp_path: Path, width: int, height: int) -> None:
    file = tmp_path / "tree.html"
    file.write_text(tree_sheet(tree(*HOSTILE[:4])).page(), "utf-8")
    with opened(file, width, height) as page:
        assert page.locator("#figure text", has_text=HOSTILE[0][:8]).count() == 1


def test_the_command_writes_a_page_and_newick(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from sketching import sketch_file

    for number in (1, 2, 3):
        assert run(["add", f"g{number}", str(sketch_file(tmp_path, number))]) == 0
    capsys.readouterr()
    for method in ("upgma", "nj"):
        page, tree_file = tmp_path / f"{method}.html", tmp_path / f"{method}.nwk"
        assert run(["plot", "tree", "--method", method, "-o", str(page)]) == 0
        assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
        assert run(["plot", "tree", "--method", method, "-o", str(tree_file)]) == 0
        told = tree_file.read_text("utf-8")
        assert told.endswith(";\n")
        assert all(f"'g{number}':" in told for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tree", "--method", "x"], "'x' is no method for a tree."),
        (["lineage", "--method", "nj"], "No such option: --method"),
        (["tree"], "A tree needs two generators with images."),
    ],
)
def test_what_cannot_be_drawn_is_said(
    words: list[str], said: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init"]) == 0
    assert run(["plot", *words, "-o", str(tmp_path / "x.html")]) == 2
    assert said in capsys.readouterr().err
