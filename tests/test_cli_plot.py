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
