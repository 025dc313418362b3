"""Pages of a trace, of drift and of a registry in a browser with the network off, at a desk's and a phone's width.

Screenshots for eyes are written to pytest's temporary folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from answer_samples import background, drifted, material, step, traced
from browsing import SIZES, launched, needs_chromium
from lineage_samples import HOSTILE

from difreg.lineage.figures.report import report_page
from difreg.lineage.figures.sheets import calibration_sheet, drift_sheet, trace_sheet

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sheets")
    steps = [step(1, "unchanged"), step(2, "changed", 0.2, warnings=HOSTILE)]
    pages = {
        "trace": trace_sheet(*traced(*HOSTILE, query=HOSTILE[0], warnings=HOSTILE)).page(),
        "drift": drift_sheet(drifted(*steps, name=HOSTILE[1])).page(),
        "dark": trace_sheet(*traced("a", "b", "c"), dark=True).page(),
        "calibration": calibration_sheet(replace(background(), name=HOSTILE[0])).page(),
        "report": report_page(material(*HOSTILE, families=2, text=HOSTILE[0])),
    }
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page, "utf-8")
    return folder


@pytest.mark.parametrize("name", ["trace", "drift", "dark", "calibration", "report"])
def test_it_opens_offline_and_nothing_named_acts(browser: Any, folder: Path, name: str) -> None:
    file = folder / f"{name}.html"
    said: list[str] = []
    asked: list[str] = []
    for width, height in SIZES:
        context = browser.new_context(offline=True, viewport={"width": width, "height": height})
        page = context.new_page()
        page.on("console", lambda m: said.append(m.text))
        page.on("pageerror", lambda e: said.append(str(e)))
        page.on("dialog", lambda d: (said.append(d.message), d.dismiss()))
        page.on("request", lambda r: asked.append(r.url))
        page.goto(file.as_uri())
        page.wait_for_selector("[data-ready]", state="attached", timeout=20_000)
        page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.querySelectorAll('main img, iframe, [onerror], [onload]').length") == 0
        assert page.evaluate("document.scripts.length") == 3
        for _ in range(2):
            page.mouse.move(width // 2, height // 2)
            page.mouse.move(width // 2 + 9, height // 2 + 5)
        context.close()
    assert said == []
    assert asked == [file.as_uri()] * 2


def test_a_hover_tells_the_numbers(browser: Any, folder: Path) -> None:
    page = browser.new_context(offline=True, viewport={"width": 1400, "height": 900}).new_page()
    page.goto((folder / "dark.html").as_uri())
    page.wait_for_selector("#figure[data-ready]")
    bar = page.locator("#figure .bars .point").first.bounding_box()
    page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    page.wait_for_selector(".hoverlayer .hovertext")
    assert "kinship z 9.0 (95 % 6.0 to 12.0)" in page.text_content(".hoverlayer")


def test_the_report_fits_its_figures_to_the_window_and_prints_them(browser: Any, folder: Path) -> None:
    page = browser.new_context(offline=True, viewport={"width": 1400, "height": 900}).new_page()
    page.goto((folder / "report.html").as_uri())
    page.wait_for_selector("body[data-ready]")
    width = "document.querySelector('[data-figure=tree] .main-svg').getBoundingClientRect().width"
    assert page.evaluate(width) == 1180
    page.emulate_media(media="print")
    assert page.evaluate(width) < 700  # A4 between its margins
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 420, "height": 800})
    from playwright.sync_api import expect

    expect(page.locator("[data-figure=tree] .main-svg").first).to_have_attribute("width", "364")
    page.click("a[href='#limits']")
    expect(page.locator("#limits h2")).to_be_in_viewport()
