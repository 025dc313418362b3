"""``difreg plot``: one file, whole or not at all, and lines that say what cannot be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from lineage_samples import registry

from difreg.cli.main import run
from difreg.lineage.api import Registry


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense", "-o", "x.html"], "There is no plot 'nonsense'. Use one of: lineage, tree, matrix, fingerprint."),
        (["lineage", "-o", "x.png"], "does not end in .html"),
        (["lineage"], "Missing option '-o'"),
        (["lineage", "-o", "taken"], "does not end in .html"),
        (["lineage", "--assets", "cdn", "-o", "x.html"], "--assets is not 'cdn'. Use one of: embedded, shared."),
        (["tree", "--trace", "x.json", "-o", "x.html"], "--trace is for the lineage, not for plot tree."),
        (["lineage", "--trace", "x.json", "-o", "x.html"], "x.json is no answer of trace"),
    ],
)
def test_what_cannot_be_drawn(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["--home", str(tmp_path / "home"), "plot", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_page_replaces_what_was_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registry, "lineage", lambda _: registry())
    file = tmp_path / "folder" / "lineage.html"
    file.parent.mkdir()
    file.write_text("old")
    assert run(["--home", str(tmp_path / "home"), "plot", "lineage", "-o", str(file)]) == 0
    assert capsys.readouterr().err == f"wrote {file}\n"
    page = file.read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "Stable Diffusion v1.x" in page
    assert "background background-1" in page
    assert [f.name for f in file.parent.iterdir()] == ["lineage.html"]
    assert file.stat().st_size < 6_000_000


def test_pages_share_plotly(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registry, "lineage", lambda _: registry())
    (tmp_path / "plotly.min.js").write_text("of another version")
    for name in ("a", "b"):
        words = ["plot", "lineage", "--assets", "shared", "-o", str(tmp_path / f"{name}.html")]
        assert run(["--home", str(tmp_path / "home"), *words]) == 0
    assert (tmp_path / "a.html").stat().st_size < 300_000
    assert (tmp_path / "plotly.min.js").stat().st_size > 3_000_000
    assert '<script src="plotly.min.js"></script>' in (tmp_path / "b.html").read_text("utf-8")
