"""The unknowns of a trace in the lineage: where they hang, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lineage_samples import HOSTILE, registry

from difreg.errors import InputError
from difreg.lineage.figures import unknowns
from difreg.lineage.figures.lineage import lineage_figure


def traced(**changes: Any) -> dict[str, Any]:
    """An answer of ``trace`` about ten images that hang under the ancestor of family-1."""
    kin = {"version": 1, "likelihood_ratio": 4e4, "low": 5.0, "high": 9.0, "support": 1.0}
    candidates = [
        {"generator": "sd14", "kinship": 7.0, "probability": 0.99, **kin},
        {"generator": "midjourney", "kinship": 8.0, "probability": 0.995, **kin},
        {"generator": "alone-01", "kinship": 0.1, "probability": 0.3, **kin},
    ]
    placement = {"parent": "ancestor of family-1", "kind": "ancestor", "direction": "declared", "reason": "its kin"}
    whole = {
        "schema": "difreg/trace", "query": "found/at home/", "verdict": "kin", "family": "family-1",
        "probability": 0.999,
        "likelihood_ratio": 1e5, "none_probability": 0.001, "candidates": candidates, "placement": placement,
        "parts": [], "images": {"used": 10, "skipped": []}, "reliability": 0.8, "provenance": {"threshold": 0.95},
    }  # fmt: skip
    return whole | changes


def drawn(*traces: dict[str, Any]) -> Any:
    graph = registry()
    unknowns.add(graph, traces)
    return lineage_figure(graph)


def test_an_unknown_hangs_where_it_was_placed() -> None:
    graph = registry()
    unknowns.add(graph, [traced()])
    edges = {(d["type"], b): d for _, b, d in graph.out_edges("Traced:0", data=True)}
    assert set(edges) == {
        ("DERIVED_FROM", "Ancestor:ancestor of family-1"),
        ("KIN", "Generator:sd14"),
        ("KIN", "Generator:midjourney"),  # the third is below the threshold
    }
    assert edges["DERIVED_FROM", "Ancestor:ancestor of family-1"]["probability"] == 0.999
    (star,) = (t for t in lineage_figure(graph).data if t.marker.symbol == "star")
    assert star.text == ("\u00a0at home",)
    for said in ("traced, not registered", "verdict: kin family-1", "P(family) .999", "10 images, reliability .800"):
        assert said in star.hovertext[0]
    assert "derived from <b>ancestor of family-1</b>" in star.hovertext[0]


def test_an_unknown_is_no_member() -> None:
    heads = next(t for t in drawn(traced()).data if t.meta["kind"] == "headings")
    assert any("14 generators" in text for text in heads.text)


def test_strangers_and_mixtures() -> None:
    parts = [{"verdict": "kin", "nearest": "sd14", "probability": 0.99}, {"verdict": "none", "probability": 0.1}]
    graph = registry()
    alone = traced(verdict="none", family=None, placement=None, candidates=[])
    unknowns.add(graph, [alone, traced(verdict="mixed", placement=None, parts=parts)])
    assert list(graph.out_edges("Traced:0")) == []
    assert list(graph.out_edges("Traced:1")) == [("Traced:1", "Generator:sd14")]


@pytest.mark.parametrize("text", HOSTILE)
def test_names_in_an_answer_stay_text(text: str) -> None:
    for trace in drawn(traced(query=text, verdict=text, placement=None)).data:
        for said in (*(trace.text or ()), *(trace.hovertext or ())):
            bare = said.replace("<b>", "").replace("</b>", "").replace("<br>", "")
            assert not {"<", ">", "$", "\x1b"} & set(bare)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"schema": "difreg/list"}',
        '{"schema": "difreg/trace-each"}',
        '{"schema": ["difreg/trace"]}',
        "[" * 10**5,
    ],
)
def test_what_is_no_trace_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text(text)
    with pytest.raises(InputError, match="is no answer of trace"):
        unknowns.read(file)
    with pytest.raises(InputError, match="is no answer of trace"):
        unknowns.read(tmp_path / "absent.json")


@pytest.mark.parametrize(
    "changes",
    [
        {"images": None},
        {"images": {}},
        {"candidates": 3},
        {"candidates": [3]},
        {"probability": "much"},
        {"placement": 1},
    ],
)
def test_what_is_incomplete_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="incomplete"):
        drawn(traced(**changes))


def test_another_registrys_trace_is_refused() -> None:
    placement = {"parent": "elsewhere", "kind": "generator", "direction": None, "reason": ""}
    with pytest.raises(InputError, match="elsewhere, which this registry does not hold"):
        drawn(traced(placement=placement))


def test_each_trace_of_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text(json.dumps({"schema": "difreg/trace-each", "traces": [traced(), traced()]}))
    assert len(unknowns.read(file)) == 2
