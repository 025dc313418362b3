"""The lineage figure: what is drawn, what hovers say, that nothing overlaps, and that names stay text."""

from __future__ import annotations

import json
from itertools import combinations, pairwise
from typing import Any

import networkx as nx
import plotly.graph_objects as go
import pytest
from lineage_samples import HOSTILE, Lineage, hostile, registry

from difreg.lineage.figures.document import embedded
from difreg.lineage.figures.kindred import read
from difreg.lineage.figures.layout import CELL, ROW, arrange
from difreg.lineage.figures.lineage import NARROW, WIDE, caption, lineage_figure
from difreg.lineage.figures.markup import columns, label, plain
from difreg.lineage.figures.page import lineage_page
from difreg.lineage.figures.timeline import timeline


def traces(figure: go.Figure, kind: str, group: str | None = None) -> list[Any]:
    return [t for t in figure.data if t.meta["kind"] == kind and (group is None or t.legendgroup == group)]


def hovers(figure: go.Figure, group: str) -> list[str]:
    return [text for t in traces(figure, "hover", group) for text in t.hovertext]


def drawn(figure: go.Figure, kind: str) -> int:
    """Polylines of a kind, counted by the gaps after them."""
    return sum(list(t.x).count(None) for t in traces(figure, kind))


def edges(graph: nx.MultiDiGraph[str], kind: str) -> int:
    return sum(d["type"] == kind for *_, d in graph.edges(data=True))


def test_every_node_and_edge_is_drawn_once() -> None:
    graph = registry()
    figure = lineage_figure(graph)
    counts = {t.name: len(t.x) for t in traces(figure, "nodes")}
    assert counts == {"generator": 38, "JPEG-marked": 3, "no images": 5, "shared ancestor": 1}
    assert drawn(figure, "derived") == len(hovers(figure, "derived")) == edges(graph, "DERIVED_FROM")
    assert drawn(figure, "declared") == 4  # the other four are derived too
    assert drawn(figure, "kin") + drawn(figure, "implied") == edges(graph, "KIN")


def test_kin_is_no_hairball() -> None:
    figure = lineage_figure(registry())
    assert drawn(figure, "kin") == 3  # what joins the four that nothing else joins
    assert {t.visible for t in traces(figure, "implied")} == {"legendonly"}


def test_what_has_no_probability_stays_for_every_threshold() -> None:
    made = Lineage()
    keys = [made.generator(n) for n in "abc"]
    made.derived(keys[0], keys[1], 0.7)
    made.derived(keys[1], keys[2], None)
    values = [list(t.customdata) for t in traces(lineage_figure(made.graph), "hover")]
    assert values == [[0.7, None]]


def test_width_grows_with_probability() -> None:
    lines = traces(lineage_figure(registry()), "derived")
    measured = sorted((min(t.customdata), t.line.width, t.opacity) for t in lines if t.customdata[0] is not None)
    assert len(measured) == 4
    assert all(a[1] < b[1] and a[2] < b[2] for a, b in pairwise(measured))


def test_hovers_name_every_number() -> None:
    figure = lineage_figure(registry())
    kin = hovers(figure, "kin")[0]
    for said in ("kinship z 9.0 (95 % 5.4 to 12.5)", "P(kin) .850", "ratio 3e5", "support 1.000", "from 20 images"):
        assert said in kin
    step = next(t for t in hovers(figure, "derived") if "midjourney" in t)
    assert "direction from what is declared; P .992" in step
    assert "nothing is declared about this one" in step.replace("<br>", " ")
    node = next(t for trace in traces(figure, "nodes") for t in trace.hovertext if t.startswith("<b>midjourney"))
    assert "version 1, 20 images, reliability .910" in node
    assert "released, at the latest: 2022-07" in node
    assert "derived from <b>sd14</b>" in node
    family = next(t for t in traces(figure, "headings")[0].hovertext if "family-1" in t)
    assert "Stable Diffusion v1.x" in family
    assert "14 generators" in family
    assert "support .985" in family


def test_arrows_end_at_the_parent() -> None:
    made = Lineage()
    child, parent = made.generator("child"), made.generator("parent")
    made.derived(child, parent)
    figure = lineage_figure(made.graph)
    spots = dict(zip(("child", "parent"), zip(figure.data[-1].x, figure.data[-1].y, strict=True), strict=True))
    (tip,) = [(t.x[0], t.y[0]) for t in traces(figure, "arrows")]
    assert spots["child"][1] > spots["parent"][1]
    assert abs(tip[1] - spots["parent"][1]) < ROW / 2 < abs(tip[1] - spots["child"][1])


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("graph", [registry, hostile])
def test_along_time_no_label_is_on_another(width: int, graph: Any) -> None:
    kindred = read(graph())
    placed = timeline(kindred, width)
    wide = {k: 7 * max(columns(line) for line in caption(n).split("<br>")) for k, n in kindred.nodes.items()}
    for (a, (ax, ay)), (b, (bx, by)) in combinations(placed.spots.items(), 2):
        assert abs(ay - by) >= 30 or ax + wide[a] < bx or bx + wide[b] < ax
    for key, (x, y) in placed.spots.items():
        assert 0 <= x <= x + wide[key] <= width + 12
        left, top, right, bottom = placed.boxes.get(kindred.unit[key], placed.alone)
        assert left < x < right
        assert top < y < bottom


def test_time_is_the_axis_where_it_is_known() -> None:
    made = Lineage()
    for name, when in (("late", "2024-01"), ("early", "2020-06-15"), ("middle", "2022")):
        made.generator(name, released=when)
    made.generator("between", not_before="2023-01")
    made.generator("undated")
    figure = lineage_figure(made.graph, axis="time")
    (drawn_nodes,) = traces(figure, "nodes")
    at = dict(zip(drawn_nodes.text, drawn_nodes.x, strict=True))
    assert at["early"] < at["middle"] < at["between"] < at["late"] < at["undated"]
    ticks = dict(zip(figure.layout.xaxis.ticktext, figure.layout.xaxis.tickvals, strict=True))
    assert ticks["2022"] == pytest.approx(at["middle"])
    assert ticks["no date"] == at["undated"]
    assert ticks["2024"] - ticks["2023"] == pytest.approx(ticks["2021"] - ticks["2020"])


def test_what_is_declared_and_what_contradicts_it_are_marked() -> None:
    made = Lineage()
    base, told, inferred, false = (made.generator(n) for n in ("base", "told", "inferred", "false"))
    made.declared(told, base)
    made.derived(told, base)
    made.derived(inferred, base)
    made.declared(false, base, contradicted="images", kin_probability=0.01)
    figure = lineage_figure(made.graph)
    heads = {t.legendgroup: list(t.marker.symbol) for t in traces(figure, "arrows")}
    assert heads["derived"] == ["triangle-up-open", "triangle-up"]  # inferred, told
    (mark,) = traces(figure, "hover", "declared")
    assert mark.marker.symbol == "x-thin-open"
    assert "contradicted by the images: they are not kin" in mark.hovertext[0]
    assert "P(kin) .010" in mark.hovertext[0]


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("graph", [registry, hostile])
def test_nothing_overlaps_and_families_hold_their_own(width: int, graph: Any) -> None:
    kindred = read(graph())
    placed = arrange(kindred, width)
    for (ax, ay), (bx, by) in combinations(placed.spots.values(), 2):
        assert abs(ax - bx) >= CELL - 1 or abs(ay - by) >= ROW - 1
    for (al, at, ar, ab), (bl, bt, br, bb) in combinations(placed.boxes.values(), 2):
        assert al >= br or bl >= ar or at >= bb or bt >= ab
    for key, (x, y) in placed.spots.items():
        assert 0 <= x <= x + CELL - 12 <= placed.width
        assert 0 <= y <= placed.height
        for family, (left, top, right, bottom) in placed.boxes.items():
            assert (left < x < right and top < y < bottom) == (kindred.unit[key] == family)


def test_the_same_registry_gives_the_same_figure() -> None:
    graph = registry()
    turned: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    turned.add_nodes_from(reversed(list(graph.nodes(data=True))))
    turned.add_edges_from(reversed(list(graph.edges(data=True))))
    assert lineage_figure(graph).to_json() == lineage_figure(turned).to_json()


def test_circles_and_two_parents_are_drawn() -> None:
    made = Lineage()
    a, b, c = (made.generator(n) for n in "abc")
    for child, parent in ((a, b), (b, c), (c, a), (a, c)):
        made.declared(child, parent)
    assert drawn(lineage_figure(made.graph), "declared") == 4
    assert len(lineage_figure(nx.MultiDiGraph()).data) == 0


def test_names_are_text() -> None:
    figure = lineage_figure(hostile())
    for trace in figure.data:
        for text in (*(trace.text or ()), *(trace.hovertext or ())):
            bare = text.replace("<b>", "").replace("</b>", "").replace("<br>", "")
            assert "<" not in bare
            assert ">" not in bare
            assert "$" not in bare
            assert bare.isprintable() or "\u00a0" in bare
    assert plain(HOSTILE[0]) == "&lt;img src=x onerror=alert(1)&gt;"


def test_a_page_cannot_be_broken_out_of() -> None:
    assert json.loads(embedded(list(HOSTILE))) == list(HOSTILE)
    assert not set("<>&\u2028") & set(embedded(list(HOSTILE)))
    page = lineage_page(hostile())
    assert page.count("<script") - page.count("<script>") == 1 + page.count("<script\\x3e")
    assert "onerror=alert(1)>" not in page
    assert page.count("</script>") == 3


def test_labels_fit() -> None:
    assert label("db-cqueen-dog6-step575", 18) == "db-cqueen-dog6-<br>step575"
    assert label("short", 18) == "short"
    for name in ("x" * 100, "cyclegan-blechn-horse2zebra_pretrained", "字" * 30):
        lines = label(name, 18).split("<br>")
        assert len(lines) <= 2
        assert all(columns(line) <= 18 for line in lines)


def test_two_thousand_generators_are_a_small_page() -> None:
    made = Lineage()
    for f in range(40):
        made.family(f"family-{f}", 50)
        keys = [
            made.generator(f"generator-{f:02}-{i:02}", f"family-{f}", released=f"{2018 + i % 8}") for i in range(50)
        ]
        for n, (one, two) in enumerate(combinations(keys, 2)):
            if n < 500:
                made.kin(one, two, 10 + n / 97, 0.9 + n / 5001)
        for key in keys[1:]:
            made.derived(key, keys[0], 0.98765)
    assert len(lineage_page(made.graph)) < 8_000_000
