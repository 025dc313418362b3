"""The drawing of an answer: every node and relationship once, places apart, every name and value as text."""

from __future__ import annotations

import json
import math
from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lineage_samples import HOSTILE

from difreg.errors import InputError
from difreg.lineage.answers import Provenance, Queried
from difreg.lineage.figures.page import answer_page
from difreg.lineage.figures.stress import stress_layout
from difreg.lineage.figures.subgraph import MOST_NODES, collect, subgraph_figure

WIDTH = 1180


def node(name: str, label: str = "Generator", **facts: Any) -> dict[str, Any]:
    return {"label": label, "properties": {"name": name, **facts}}


def edge(kind: str, start: str, end: str, **facts: Any) -> dict[str, Any]:
    ends = {side: name if ":" in name else f"Generator:{name}" for side, name in (("start", start), ("end", end))}
    return {"type": kind, **ends, "properties": facts}


def answer(*rows: dict[str, Any], truncated: bool = False) -> Queried:
    return Queried(Provenance("1"), columns=tuple(rows[0]), rows=rows, truncated=truncated)


def figure(*rows: dict[str, Any]) -> Any:
    return subgraph_figure(collect(rows), width=WIDTH)


def named(figure: Any, kind: str) -> list[Any]:
    return [t for t in figure.data if t.meta["kind"] == kind]


def told(figure: Any, kind: str) -> list[str]:
    return [text for t in named(figure, kind) for text in t.hovertext]


A, B = node("a", family="f", images=3), node("b", family="f", observed=False)
KIN = edge("KIN", "a", "b", probability=0.9, kinship=7.5)


def test_what_is_anywhere_in_an_answer_is_drawn_once() -> None:
    derived = edge("DERIVED_FROM", "b", "c", direction="dates")
    path = {"nodes": [A, B], "relationships": [KIN]}
    drawn = figure({"p": path, "list": [A, [derived]], "map": {"x": B, "n": 1}, "text": "a"}, {"p": path})
    assert {t.name: len(t.x) for t in named(drawn, "nodes")} == {"Generator": 3}
    assert sorted(t.legendgroup for t in named(drawn, "hover")) == ["DERIVED_FROM", "KIN"]
    assert [len(t.x) for t in named(drawn, "hover")] == [1, 1]
    assert [t.customdata for t in named(drawn, "hover")] == [(None,), (0.9,)]
    assert [t.legendgroup for t in named(drawn, "arrows")] == ["DERIVED_FROM"]  # kinship has no direction


def test_hovers_name_every_property() -> None:
    drawn = figure({"a": A, "b": B, "k": KIN})
    assert "<b>a</b> (Generator)<br>family: f<br>images: 3" in told(drawn, "nodes")
    assert "<b>b</b> (Generator)<br>family: f<br>observed: no" in told(drawn, "nodes")
    assert told(drawn, "hover") == ["KIN: <b>a</b> and <b>b</b><br>kinship: 7.5<br>probability: 0.9"]


def test_families_have_their_colours_and_stubs_are_hollow() -> None:
    rows = {"x": [A, B, node("c", family="g"), node("f", "Family"), node("alone")]}
    drawn = {t.name: t for t in named(figure(rows), "nodes")}
    lines = dict(zip(("a", "alone", "b", "c"), drawn["Generator"].marker.line.color, strict=True))
    assert lines["a"] == lines["b"] == drawn["Family"].marker.color[0]
    assert len({lines["a"], lines["c"], lines["alone"]}) == 3
    fills = dict(zip(("a", "alone", "b", "c"), drawn["Generator"].marker.color, strict=True))
    assert fills["a"] == lines["a"]
    assert fills["b"] == "#ffffff"


def test_places_and_parallel_edges_lie_apart() -> None:
    names = [f"n{i}" for i in range(30)]
    rows = [{"n": node(n), "r": edge("KIN", n, names[i - 1 if i % 5 else i])} for i, n in enumerate(names)]
    drawn = figure(*rows, {"r": edge("DERIVED_FROM", "n1", "n0")}, {"r": edge("CROSS_DETECTS", "n0", "n1")})
    (nodes,) = named(drawn, "nodes")
    spots = list(zip(nodes.x, nodes.y, strict=True))
    assert min(math.dist(a, b) for a, b in combinations(spots, 2)) > 40
    right, bottom = drawn.layout.xaxis.range[1], drawn.layout.yaxis.range[0]
    assert all(0 < x < right and 0 < y < bottom for x, y in spots)
    middles = [(x, y) for t in named(drawn, "hover") for x, y in zip(t.x, t.y, strict=True)]
    assert min(math.dist(a, b) for a, b in combinations(middles, 2)) > 8
    assert all(math.isfinite(v) for t in drawn.data for v in (*t.x, *t.y) if v is not None)


def stress(graph: nx.Graph[int], places: Any) -> float:
    """Of all pairs, squared deviations of places' distances from the steps between, in steps; at the best scale."""
    steps = dict(nx.all_pairs_shortest_path_length(graph))
    ratio = np.array([math.dist(places[a], places[b]) / steps[a][b] for a, b in combinations(graph, 2)])
    return float(((ratio * ratio.sum() / (ratio**2).sum() - 1) ** 2).mean())


@settings(deadline=None, max_examples=15)
@given(st.integers(2, 90), st.integers(0, 2**31), st.booleans())
def test_places_are_about_as_far_apart_as_the_steps_between(n: int, seed: int, tree: bool) -> None:
    graph = nx.random_labeled_tree(n, seed=seed)
    if not tree:
        graph.add_edges_from(nx.gnm_random_graph(n, n // 2, seed=seed).edges())
    found = stress(graph, stress_layout(graph))
    assert found < 1.15 * stress(graph, nx.kamada_kawai_layout(graph)) + 0.003
    assert np.array_equal(stress_layout(graph), stress_layout(graph))


def test_the_largest_answer_is_drawn() -> None:
    hub = [{"r": edge("MEMBER_OF", f"n{k}", "Family:f")} for k in range(MOST_NODES - 1)]
    spots = [(x, y) for t in named(figure(*hub), "nodes") for x, y in zip(t.x, t.y, strict=True)]
    assert len(spots) == MOST_NODES
    assert min(math.dist(a, b) for a, b in combinations(spots, 2)) > 10


def test_the_same_answer_gives_the_same_page() -> None:
    rows = [{"k": edge("KIN", f"n{i}", f"n{j}", probability=0.9)} for i, j in combinations(range(12), 2)]
    one = answer_page(answer(*rows))
    assert one == answer_page(answer(*reversed(rows)))


def test_names_and_values_stay_text() -> None:
    rows = []
    for text in HOSTILE:
        facts = {"note": text, text: text, "tags": [text]}
        held = {"label": text, "properties": {"name": text, "family": text, **facts}}
        rows.append({"n": held, "r": edge(text, f"{text}:{text}", "x", **facts)})
    page = answer_page(answer(*rows))
    data = page.partition('<script id="figures" type="application/json">')[2].partition("</script>")[0]
    drawn = json.loads(data)
    assert not [text for text in HOSTILE if text in data]
    for text in _texts(drawn):
        bare = text.replace("<br>", "").replace("<b>", "").replace("</b>", "")
        assert not set("<>$\x1b\u202e\u2028") & set(bare), text


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in values for text in _texts(item)]


def test_nothing_and_too_much_are_refused() -> None:
    with pytest.raises(InputError, match="no nodes or relationships"):
        collect([{"x": 1, "y": None, "z": {"label": "x"}}])
    with pytest.raises(InputError, match=f"{MOST_NODES + 1} nodes") as caught:
        collect([{"n": node(str(i))} for i in range(MOST_NODES + 1)])
    assert "--limit" in caught.value.hint
