"""The lineage page in a browser with the network off: it opens, its slider hides edges, names stay text.

Screenshots for eyes are written to pytest's temporary folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lineage_samples import HOSTILE, hostile, registry

from difreg.lineage.answers import Provenance, Queried
from difreg.lineage.figures.page import answer_page, lineage_page

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright for Python")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
COUNT = """(group) => document.getElementById('figure').data
  .filter(t => t.meta.kind === 'hover' && t.legendgroup === group).reduce((n, t) => n + t.x.length, 0)"""
GAPS = """(kind) => document.getElementById('figure').data
  .filter(t => t.meta.kind === kind).reduce((n, t) => n + t.x.filter(x => x === null).length, 0)"""

PLACE = """([kind, group, n]) => {
  const g = document.getElementById('figure'), l = g._fullLayout, r = g.getBoundingClientRect();
  const t = g.data.find(t => t.meta.kind === kind && (t.legendgroup || '') === group);
  return [r.left + l._size.l + l.xaxis.d2p(t.x[n]), r.top + l._size.t + l.yaxis.d2p(t.y[n])];
}"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name, graph in (("registry", registry()), ("hostile", hostile())):
        (folder / f"{name}.html").write_text(lineage_page(graph), "utf-8")
    rows = tuple({"n": n, "r": r} for text in HOSTILE for n, r in _held(text))
    (folder / "answer.html").write_text(
        answer_page(Queried(Provenance("1"), columns=("n", "r"), rows=rows, truncated=False)), "utf-8"
    )
    (folder / "dark.html").write_text(lineage_page(registry(), dark=True), "utf-8")
    return folder


def _held(text: str) -> Iterator[tuple[Any, Any]]:
    """Nodes and relationships of an answer whose every name and value is an attack."""
    for number in range(3):
        name = f"{text}{number}"
        node = {"label": "Generator", "properties": {"name": name, "family": text, "note": text}}
        ends = {"start": f"Generator:{name}", "end": f"Generator:{text}0"}
        yield node, {"type": "KIN", **ends, "properties": {"probability": 0.9, "reason": text}}


class Visit:
    """A page open without a network, and all it complained of or asked for."""

    def __init__(self, browser: Any, file: Path, width: int = 1400, height: int = 900) -> None:
        self.context = browser.new_context(offline=True, viewport={"width": width, "height": height})
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda m: self.said.append(m.text))
        self.page.on("pageerror", lambda e: self.said.append(str(e)))
        self.page.on("dialog", lambda d: (self.said.append(f"dialog {d.message}"), d.dismiss()))
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("#figure[data-ready]", timeout=20_000)

    def slide(self, place: int) -> None:
        self.page.evaluate(
            "n => { const s = document.getElementById('threshold');"
            " s.value = n; s.dispatchEvent(new Event('input')); }",
            place,
        )

    def point(self, kind: str, group: str, number: int) -> None:
        self.page.mouse.move(*self.page.evaluate(PLACE, [kind, group, number]))

    def close(self) -> None:
        self.context.close()


@pytest.mark.parametrize(
    ("name", "width", "height"),
    [
        ("registry", 1400, 900),
        ("registry", 420, 800),
        ("dark", 1400, 900),
        ("hostile", 420, 800),
        ("answer", 1400, 900),
        ("answer", 420, 800),
    ],
)
def test_it_opens_offline(browser: Any, folder: Path, name: str, width: int, height: int) -> None:
    file = folder / f"{name}.html"
    visit = Visit(browser, file, width, height)
    visit.page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
    assert visit.said == []
    assert visit.asked == [file.as_uri()]
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    visit.close()


def test_the_slider_hides_edges(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "registry.html")
    page = visit.page
    assert page.evaluate(COUNT, "derived") == page.evaluate(GAPS, "derived") == 19
    assert page.evaluate(COUNT, "kin") == 3
    assert page.inner_text("#count") == "26 of 26 edges"
    visit.slide(7)  # .95: gone are three steps and the kin; those without a probability stay
    assert page.inner_text("#least") == ".95"
    assert page.evaluate(COUNT, "derived") == page.evaluate(GAPS, "derived") == 15
    assert page.evaluate(COUNT, "kin") == page.evaluate(GAPS, "kin") == 0
    assert page.evaluate(COUNT, "declared") == 4
    visit.slide(0)
    assert page.inner_text("#count") == "26 of 26 edges"
    seen = "document.getElementById('figure').data.filter(t => t.legendgroup === 'implied').map(t => t.visible)"
    assert set(page.evaluate(seen)) == {"legendonly"}
    page.check("#implied")
    assert set(page.evaluate(seen)) == {True}
    assert page.inner_text("#count") == "121 of 121 edges"
    assert visit.said == []
    visit.close()


def test_a_hover_tells_the_numbers(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "registry.html")
    visit.point("hover", "kin", 0)
    visit.page.wait_for_selector(".hoverlayer .hovertext")
    said = visit.page.text_content(".hoverlayer")
    assert "kinship z 9.0 (95 % 5.4 to 12.5)" in said
    visit.close()


def test_hostile_names_stay_text(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "hostile.html")
    assert visit.page.evaluate("document.querySelectorAll('img, a[href], #figure script, iframe').length") == 0
    assert visit.page.evaluate("document.scripts.length") == 3
    assert any(HOSTILE[0] in text for text in visit.page.locator("#figure text").all_text_contents())
    for number in range(3):
        visit.point("nodes", "", number)
        visit.page.wait_for_selector(".hoverlayer .hovertext")
        assert visit.page.evaluate("document.querySelectorAll('.hoverlayer a, .hoverlayer img').length") == 0
    assert visit.said == []
    visit.close()


def test_names_of_an_answer_stay_text(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "answer.html")
    assert visit.page.evaluate("document.querySelectorAll('img, a[href], #figure script, iframe').length") == 0
    assert any(HOSTILE[0][:10] in text for text in visit.page.locator("#figure text").all_text_contents())
    assert not visit.page.is_visible("#implied")
    assert visit.page.inner_text("#count") == f"{3 * len(HOSTILE)} of {3 * len(HOSTILE)} edges"
    visit.slide(7)
    assert visit.page.inner_text("#count") == f"0 of {3 * len(HOSTILE)} edges"
    for number in range(3):
        visit.point("nodes", "", number)
        visit.page.wait_for_selector(".hoverlayer .hovertext")
        assert visit.page.evaluate("document.querySelectorAll('.hoverlayer a, .hoverlayer img').length") == 0
    assert visit.said == []
    visit.close()
