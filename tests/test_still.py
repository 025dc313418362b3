"""Still pictures: they carry their title and origin, and where nothing can draw them the page is there instead."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from answer_samples import MADE, drifted, step, traced
from browsing import CHROMIUM
from lineage_samples import HOSTILE, registry
from PIL import Image

from difreg.cli.main import run
from difreg.lineage.api import Registry
from difreg.lineage.figures.lineage import lineage_figure
from difreg.lineage.figures.sheets import drift_sheet, trace_sheet
from difreg.lineage.figures.still import titled


@pytest.fixture
def drawing() -> Iterator[None]:
    pytest.importorskip("kaleido", reason="needs kaleido (pip install 'difreg[static]')")
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BROWSER_PATH", CHROMIUM)
        yield


def test_title_and_origin_have_room_of_their_own() -> None:
    plain = lineage_figure(registry())
    figure = titled(plain, "A long title " * 20, "what it is", ["a warning"], MADE)
    told = [a.text for a in figure.layout.annotations]
    assert any(t.startswith("<b>A long title") for t in told)
    assert any("a warning" in t and "background background-1" in t for t in told)
    grown = figure.layout.height - plain.layout.height
    assert grown == figure.layout.margin.t + figure.layout.margin.b - plain.layout.margin.t - plain.layout.margin.b
    assert figure.layout.margin.t - plain.layout.margin.t > 3 * 22
    assert plain.layout.annotations == lineage_figure(registry()).layout.annotations  # the given one is untouched


def test_what_cannot_be_switched_on_has_no_entry() -> None:
    figure = titled(lineage_figure(registry()), "x")
    assert not [t for t in figure.data if t.visible == "legendonly" and t.showlegend]


@pytest.mark.usefixtures("drawing")
def test_a_picture_in_each_form() -> None:
    sheet = drift_sheet(drifted(step(1, "unchanged"), step(2, "changed", 0.2)))
    picture = Image.open(io.BytesIO(sheet.still("png")))
    assert picture.format == "PNG"
    assert picture.width == 2 * 1180
    assert sheet.still("pdf").startswith(b"%PDF-")


@pytest.mark.usefixtures("drawing")
def test_names_stay_text_in_a_picture() -> None:
    answer, evidence = traced(*HOSTILE, query=HOSTILE[1], warnings=HOSTILE[:1])
    told = trace_sheet(answer, evidence).still("svg").decode()
    assert told.startswith("<svg")
    assert not re.search(r"<(script|img|iframe|a|foreignObject)\b|\son\w+=", re.sub(r">[^<]*<", "><", told))
    assert "background-1" in told


@pytest.mark.usefixtures("drawing")
def test_the_command_draws(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Registry, "lineage", lambda _: registry())
    file = tmp_path / "lineage.svg"
    assert run(["plot", "lineage", "-o", str(file)]) == 0
    assert capsys.readouterr().err == f"wrote {file}\n"
    assert re.search(r"Lineage of \d+ generators, 3 families", file.read_text("utf-8"))
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["lineage.svg"]


def test_without_kaleido_the_page_is_written_beside(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Registry, "lineage", lambda _: registry())
    monkeypatch.setitem(sys.modules, "kaleido", None)
    file, page = tmp_path / "lineage.png", tmp_path / "lineage.html"
    assert run(["plot", "lineage", "-o", str(file)]) == 2
    said = capsys.readouterr().err
    assert said == (
        f"error: {file} was not drawn, wrote {page} instead: kaleido, which draws pictures, is not installed. "
        "Install it: pip install 'difreg[static]'.\n"
    )
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert not file.exists()
    page.write_text("mine")
    assert run(["plot", "lineage", "-o", str(file)]) == 2
    assert f"{page} is there already and was left as it is" in capsys.readouterr().err
    assert page.read_text() == "mine"


@pytest.mark.parametrize(
    ("browser", "said"),
    [("absent", "found no Chrome or Chromium to draw with"), ("broken", "did not start. Set BROWSER_PATH")],
)
def test_without_a_browser_too(
    browser: str,
    said: str,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("kaleido", reason="needs kaleido (pip install 'difreg[static]')")
    (tmp_path / "broken").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "broken").chmod(0o755)
    monkeypatch.setattr(Registry, "lineage", lambda _: registry())
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / browser))
    assert run(["plot", "lineage", "-o", str(tmp_path / "lineage.pdf")]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert (tmp_path / "lineage.html").is_file()
    assert not (tmp_path / "lineage.pdf").exists()
