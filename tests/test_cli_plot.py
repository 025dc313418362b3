"""``difreg plot``: one file, whole or not at all, and lines that say what cannot be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from lineage_samples import registry
from sketching import sketch_file

from difreg.cli.main import run
from difreg.lineage.api import Registry


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense", "-o", "x.html"], "No such command 'nonsense'. See 'difreg plot --help'."),
        (["linage", "-o", "x.html"], "Did you mean 'lineage'?"),
        (["lineage", "-o", "x.gif"], "does not end in .html, .png, .svg, .pdf. Write -o x.html."),
        (["tree", "-o", "x.gif"], "does not end in .html, .png, .svg, .pdf, .nwk, .newick. Write -o x.html."),
        (["lineage", "a", "-o", "x.html"], "Got unexpected extra argument(s) (a)."),
        (["lineage", "--metric", "auc", "-o", "x.html"], "No such option: --metric"),
        (["trace", "-o", "x.html"], "Missing argument 'IMAGES'"),
        (["drift", "-o", "x.html"], "Missing argument 'NAME'"),
        (["drift", "a", "b", "-o", "x.html"], "Got unexpected extra argument(s) (b)."),
        (["lineage"], "Missing option '-o'"),
        (["lineage", "-o", "taken"], "does not end in .html"),
        (["lineage", "--assets", "cdn", "-o", "x.html"], "'cdn' is not one of 'embedded', 'shared'"),
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
    assert "background background-2" in page
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


def test_a_trace_and_a_drift_are_drawn(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in (0, 1):
        assert run(["add", "first", str(sketch_file(tmp_path, 1, seed=seed)), "-q"]) == 0
    assert run(["add", "second", str(sketch_file(tmp_path, 2)), "-q"]) == 0
    capsys.readouterr()
    page, query = tmp_path / "page.html", str(sketch_file(tmp_path, 1, seed=2))
    assert run(["plot", "trace", query, "-o", str(page)]) == 0
    assert "Generator first: probability" in page.read_text("utf-8")
    assert run(["plot", "trace", query, "--exclude", "first", "--prior", ".9", "-o", str(page)]) == 0
    told = page.read_text("utf-8")
    assert "No registered generator made" in told
    assert 'data-of="candidate">second</td>' in told
    assert 'data-of="candidate">first</td>' not in told
    assert run(["plot", "drift", "first", "-o", str(page), "--dark"]) == 0
    assert "<h1>first: no change to be seen</h1>" in page.read_text("utf-8")
    assert run(["plot", "trace", query, "--prior", "2", "-o", str(tmp_path / "no.html")]) == 2
    assert run(["plot", "drift", "second", "-o", str(tmp_path / "no.html")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "The prior 2" in said.err
    assert "'second' has one version." in said.err
    assert not (tmp_path / "no.html").exists()
