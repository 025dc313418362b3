"""The lineage page in a browser with the network off: it opens, its controls do what they say, names stay text.

Screenshots for eyes are written to pytest's temporary folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from browsing import launched, needs_chromium
from lineage_samples import HOSTILE, Lineage, hostile, registry

from difreg.lineage.answers import Provenance, Queried
from difreg.lineage.figures import hover
from difreg.lineage.figures.document import plotly_js
from difreg.lineage.figures.kindred import read
from difreg.lineage.figures.page import answer_page, lineage_page

COUNT = """(group) => document.getElementById('figure').data
  .filter(t => t.meta.kind === 'hover' && t.legendgroup === group).reduce((n, t) => n + t.x.length, 0)"""
GAPS = """(kind) => document.getElementById('figure').data
  .filter(t => t.meta.kind === kind).reduce((n, t) => n + t.x.filter(x => x === null).length, 0)"""

SEEN = """() => document.getElementById('figure').data.filter(t => t.meta.kind === 'nodes')
  .flatMap(t => t.meta.nodes.map(i => nodes.name[i])).sort()"""
PLACE = """([kind, group, n]) => {
  const g = document.getElementById('figure'), l = g._fullLayout, r = g.getBoundingClientRect();
  const t = g.data.find(t => t.meta.kind === kind && (kind !== 'hover' || t.legendgroup === group));
  return [r.left + l._size.l + l.xaxis.d2p(t.x[n]), r.top + l._size.t + l.yaxis.d2p(t.y[n])];
}"""

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as browser:
        yield browser


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
    (folder / "large.html").write_text(lineage_page(large()), "utf-8")
    (folder / "shared.html").write_text(lineage_page(registry(), shared=True), "utf-8")
    (folder / "plotly.min.js").write_text(plotly_js(), "utf-8")
    return folder


def large() -> Any:
    """Eight families of 50 in a chain of kin, a step between two of them, and 20 alone."""
    made = Lineage()
    keys = []
    for f in range(8):
        made.family(f"family-{f}", 50, f"Line {f}")
        keys.append(
            [made.generator(f"g{f}-{i:02}", f"family-{f}", released=f"{2018 + f}-{1 + i % 12:02}") for i in range(50)]
        )
        for i, j in combinations(range(50), 2):
            if j - i <= 4:
                made.kin(keys[-1][i], keys[-1][j], probability=0.9999 if i else 0.7)
        for key in keys[-1][1:]:
            made.derived(key, keys[-1][0], 0.96)
    made.derived(keys[1][0], keys[0][7], 0.8)
    for i in range(20):
        made.generator(f"alone-{i}")
    return made.graph


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
        self.context = browser.new_context(
            offline=True, viewport={"width": width, "height": height}, accept_downloads=True
        )
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

    def choose(self, control: str, value: str) -> None:
        self.page.evaluate("() => { document.getElementById('more').open = true; }")
        self.page.select_option(f"#{control}", value)

    def saved(self, button: str) -> bytes:
        with self.page.expect_download() as got:
            self.page.click(f"#{button}")
        return Path(got.value.path()).read_bytes()

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
        ("large", 1400, 900),
        ("large", 420, 800),
        ("shared", 1400, 900),
        ("answer", 1400, 900),
        ("answer", 420, 800),
    ],
)
def test_it_opens_offline(browser: Any, folder: Path, name: str, width: int, height: int) -> None:
    file = folder / f"{name}.html"
    visit = Visit(browser, file, width, height)
    visit.page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
    assert visit.said == []
    assert [url for url in visit.asked if not url.endswith("/plotly.min.js")] == [file.as_uri()]
    assert len(visit.asked) == 1 + (name == "shared")
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
    assert page.evaluate(COUNT, "implied") == 0
    page.check("#implied")
    assert page.inner_text("#count") == "121 of 121 edges"
    assert page.evaluate(COUNT, "implied") == page.evaluate(GAPS, "implied") == 95
    assert visit.said == []
    visit.close()


def test_a_hover_tells_the_numbers(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "registry.html")
    visit.point("hover", "kin", 0)
    visit.page.wait_for_selector(".hoverlayer .hovertext")
    said = visit.page.text_content(".hoverlayer")
    assert "kinship z 9.0 (95 % 5.4 to 12.5)" in said
    visit.close()


def test_the_page_says_what_the_figure_says(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "registry.html")
    kindred = read(registry())
    nodes, names = kindred.nodes, {k: str(n["name"]) for k, n in kindred.nodes.items()}
    told = [hover.derived(e.facts, names[e.start], names[e.end]) for e in kindred.derived]
    told += [hover.declared(e.facts, names[e.start], names[e.end]) for e in kindred.declared]
    told += [hover.kin(e.facts, nodes[e.start], nodes[e.end]) for e in (*kindred.kin, *kindred.implied)]
    assert visit.page.evaluate("kindOf.map((_, e) => tellEdge(e))") == told
    visit.close()


@pytest.mark.parametrize(("name", "width"), [("registry", 1400), ("registry", 420), ("large", 1400)])
def test_search_centres_the_generator(browser: Any, folder: Path, name: str, width: int) -> None:
    visit = Visit(browser, folder / f"{name}.html", width, 800)
    page = visit.page
    page.evaluate("() => { document.getElementById('more').open = true; }")
    page.fill("#search", "upscaler-2" if name == "registry" else "g6-3")  # the beginning is enough
    page.press("#search", "Enter")
    page.wait_for_function("plot.data.find(t => t.meta.kind === 'found').x[0] !== null")
    x, y = page.evaluate("() => { const t = plot.data.find(t => t.meta.kind === 'found'); return [t.x[0], t.y[0]]; }")
    across, down = page.evaluate("[plot.layout.xaxis.range, plot.layout.yaxis.range]")
    assert sum(across) / 2 == pytest.approx(x)
    assert sum(down) / 2 == pytest.approx(y)
    place = page.evaluate(PLACE, ["found", None, 0])
    assert 0 < place[1] < 800
    page.fill("#search", "nobody")
    page.press("#search", "Enter")
    assert page.inner_text("#missing") == "no such generator"
    assert visit.said == []
    visit.close()


def test_a_click_opens_the_neighbourhood(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "registry.html")
    page = visit.page
    names = page.evaluate("plot.data.find(t => t.meta.kind === 'nodes').meta.nodes.map(i => nodes.name[i])")
    page.mouse.click(*page.evaluate(PLACE, ["nodes", None, names.index("stylegan2-ada")]))
    page.wait_for_function("state.around !== null")
    assert page.evaluate(SEEN) == ["stylegan2-ada", "stylegan2-ffhq"]
    visit.choose("depth", "2")
    assert page.evaluate(SEEN) == ["stylegan2-ada", "stylegan2-ffhq", "upscaler-0"]
    visit.slide(8)  # .99: the step of .93 is gone, and with it the relatives beyond it; the surer kinship stays
    assert page.evaluate(SEEN) == ["stylegan2-ada", "stylegan2-ffhq", "upscaler-0"]
    assert page.evaluate(COUNT, "derived") == 0
    page.click("#all")
    assert len(page.evaluate(SEEN)) == 47
    assert visit.said == []
    visit.close()


def test_what_is_saved_is_what_is_shown(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "registry.html")
    visit.choose("family", "0")
    visit.slide(8)
    found = json.loads(visit.saved("json"))
    assert {n["name"] for n in found["nodes"]} == set(visit.page.evaluate(SEEN))
    assert len(found["nodes"]) == 16  # with the ancestor, and a stub that a member declares
    assert found["threshold"] == 0.99
    steps = [e for e in found["edges"] if e["type"] == "DERIVED_FROM"]
    assert len(steps) == visit.page.evaluate(COUNT, "derived") == 10
    assert all(e.get("probability", 1) >= 0.99 for e in steps)
    trees = visit.saved("newick").decode().splitlines()
    tree = next(t for t in trees if t.endswith(")'sd14';"))
    assert "'dreambooth-of-something-00'" in tree
    assert "'midjourney'" in tree
    assert sum(t.count("'") // 2 for t in trees) == 16
    assert visit.saved("png").startswith(b"\x89PNG")
    picture = visit.saved("svg").decode()
    assert picture.startswith("<svg")
    assert "midjourney" in picture
    assert "upscaler" not in picture
    assert visit.said == []
    visit.close()


def test_time_runs_to_the_right(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "registry.html")
    visit.choose("axis", "time")
    order = visit.page.evaluate("""() => {
      const t = plot.data.find(t => t.meta.kind === 'nodes');
      const pairs = t.meta.nodes.map((i, k) => [nodes.year[i] ?? 9999, t.x[k]]);
      return pairs.sort((a, b) => a[0] - b[0]).map(p => p[1]);
    }""")
    assert order == sorted(order)
    assert order[0] < order[-1]
    assert "2022" in visit.page.locator(".xtick text").all_text_contents()
    visit.close()


def test_colours_follow_numbers(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "registry.html")
    visit.choose("colour", "year")
    found = visit.page.evaluate("""() => {
      const drawn = plot.data.filter(t => t.meta.kind === 'nodes');
      return Object.fromEntries(drawn.flatMap(t => t.meta.nodes.map((i, k) => [nodes.name[i], t.marker.color[k]])));
    }""")
    assert found["sd14"] != found["dreambooth-of-something-11"]
    assert found["alone-00"] == visit.page.evaluate("theme.lone")  # no date
    assert visit.page.evaluate("plot.data.some(t => t.marker?.showscale)")
    visit.close()


def test_a_large_lineage_opens_on_its_families(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "large.html")
    page = visit.page
    assert len(page.evaluate(SEEN)) == 420
    assert page.evaluate("plot.data.filter(t => t.meta.kind === 'hover').flatMap(t => t.meta.edges).length") == 1
    faint = "plot.data.find(t => t.meta.kind === 'nodes').marker.opacity.filter(o => o < 1).length"
    assert page.evaluate(faint) == 0
    visit.slide(8)  # .99: the first of each family keeps no edge
    assert page.evaluate(faint) == 8
    assert page.evaluate("plot.data.filter(t => t.meta.kind === 'hover').flatMap(t => t.meta.edges).length") == 0
    visit.slide(0)
    visit.choose("family", "2")
    assert len(page.evaluate(SEEN)) == page.evaluate(COUNT, "derived") + 1 == 50
    page.evaluate("around(nodes.name.indexOf('g3-20'))")
    assert page.evaluate(SEEN) == sorted(["g3-00", *(f"g3-{i:02}" for i in range(16, 25))])
    assert visit.said == []
    visit.close()


def test_the_table_holds_what_is_shown(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "registry.html")
    visit.page.click("#table summary")
    visit.page.wait_for_selector("#rows table")
    rows = visit.page.locator("#rows table").all()
    assert rows[0].locator("tr").count() == 48
    assert rows[1].locator("tr").count() == 27
    visit.slide(7)
    assert visit.page.locator("#rows table").nth(1).locator("tr").count() < 27
    visit.close()


def test_hovers_fit_a_phone(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "hostile.html", 420, 800)
    lines = visit.page.evaluate("""() => [...kindOf.map((_, e) => tellEdge(e)), ...all().map(tellNode)]
      .flatMap(text => fitted(text + ' ' + 'x'.repeat(150) + '&lt;').split('<br>'))""")
    bare = [re.sub("&[^;]+;", ".", line.replace("<b>", "").replace("</b>", "")) for line in lines]
    assert max(map(len, bare)) <= 52
    assert sum(line.count("x") for line in bare) > 150
    assert not any(re.search("&[^;]*$", line) for line in lines)  # no entity is cut
    visit.close()


@pytest.mark.parametrize("count", [0, 1, 350])
def test_lineages_without_families_or_dates_open(browser: Any, tmp_path: Path, count: int) -> None:
    made = Lineage()
    for i in range(count):
        made.generator(f"g{i}")
    (tmp_path / "page.html").write_text(lineage_page(made.graph), "utf-8")
    visit = Visit(browser, tmp_path / "page.html")
    assert len(visit.page.evaluate(SEEN)) == count
    assert visit.said == []
    visit.close()


def test_hostile_names_stay_text(browser: Any, folder: Path) -> None:
    visit = Visit(browser, folder / "hostile.html")
    assert visit.page.evaluate("document.querySelectorAll('img, a[href], #figure script, iframe').length") == 0
    visit.page.click("#table summary")
    visit.page.wait_for_selector("#rows table")
    for text in (visit.page.inner_text("#rows"), visit.page.inner_html("#names"), visit.page.inner_html("#family")):
        assert "\\u202etxet" in text
        assert not {"\x1b", "\u202e", "\u200f"} & set(text)
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
    assert visit.page.inner_text("#count") == f"{3 * len(HOSTILE)} of {3 * len(HOSTILE)} edges"
    visit.slide(7)
    assert visit.page.inner_text("#count") == f"0 of {3 * len(HOSTILE)} edges"
    for number in range(3):
        visit.point("nodes", "", number)
        visit.page.wait_for_selector(".hoverlayer .hovertext")
        assert visit.page.evaluate("document.querySelectorAll('.hoverlayer a, .hoverlayer img').length") == 0
    assert visit.said == []
    visit.close()
