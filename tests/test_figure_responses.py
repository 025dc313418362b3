"""A trace drawn: a bar a candidate against the line of acceptance, doubt in it, and names that stay text."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pytest
from answer_samples import ACCEPTANCE, traced
from lineage_samples import HOSTILE

from difreg.lineage.figures.responses import NARROW, WIDE, trace_figure
from difreg.lineage.figures.sheets import trace_sheet
from difreg.lineage.verdicts import sentence

NAMES = ("a", "b", "c", "d")


def bars(figure: go.Figure) -> list[Any]:
    return [t for t in figure.data if t.meta["kind"] == "bars"]


def hovers(figure: go.Figure) -> list[str]:
    return [h for t in bars(figure) for h in t.hovertext]


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_every_candidate_has_its_bar_at_its_kinship(width: int) -> None:
    figure = trace_figure(*traced(*NAMES), width=width)
    drawn = {y: x for t in bars(figure) for x, y in zip(t.x, t.y, strict=True)}
    assert drawn == {0: 9.0, 1: 7.0, 2: 5.0, 3: 3.0}
    first = bars(figure)[0]
    assert (first.x[0] - first.error_x.arrayminus[0], first.x[0] + first.error_x.array[0]) == (6.0, 12.0)
    weak = bars(figure)[1]
    assert weak.error_x.array[1] == 0  # an interval that is not known is not drawn
    assert list(weak.marker.pattern.shape) == ["", "/"]


def test_the_line_is_where_kin_are_accepted() -> None:
    figure = trace_figure(*traced(*NAMES))
    (line,) = (t for t in figure.data if t.meta["kind"] == "line")
    assert set(line.x) == {ACCEPTANCE}
    assert any(f"from z {ACCEPTANCE:.1f} (P(kin) .990)" in a.text for a in figure.layout.annotations)
    low, high = figure.layout.xaxis.range
    assert low < 0 < ACCEPTANCE < 12 < high


def test_the_line_is_in_sight_where_nobody_comes_near() -> None:
    answer, evidence = traced("a")
    far = trace_figure(answer.__class__(**{**vars(answer), "candidates": ()}), evidence)
    assert far.layout.xaxis.range[1] > ACCEPTANCE
    assert any("no candidate" in a.text for a in far.layout.annotations)


def test_families_have_colours_and_one_entry_each() -> None:
    one, none = bars(trace_figure(*traced(*NAMES)))
    assert (one.name, none.name) == ("fam a", "no family")
    assert one.marker.color != none.marker.color


def test_a_hover_names_metric_interval_and_n() -> None:
    told = hovers(trace_figure(*traced(*NAMES)))
    assert "kinship z 9.0 (95 % 6.0 to 12.0)" in told[0]
    assert "P(kin) .999 at prior 1/2" in told[0]
    assert "n: 10 traced images, 20 of the candidate" in told[0]
    assert "weak: nothing is concluded" in told[3]


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_long_names_fit(width: int) -> None:
    names = ["a-very-long-name-" * 8 + str(k) for k in range(4)]
    figure = trace_figure(*traced(*names), width=width)
    assert figure.layout.margin.l < width / 2
    labels = figure.layout.yaxis.ticktext or next(t.text for t in figure.data if t.meta["kind"] == "names")
    assert len(set(labels)) == 4
    assert max(map(len, labels)) < 46


def test_the_page_has_verdict_warnings_and_numbers() -> None:
    answer, evidence = traced(*NAMES)
    page = trace_sheet(answer, evidence).page()
    assert f"<h1>{sentence(answer)}</h1>" in page
    assert "<li>a warning</li>" in page
    assert '<td class="n" data-of="kinship z">9.0</td>' in page
    assert "2 members cannot be told apart: a, b." in page


def test_names_stay_text() -> None:
    answer, evidence = traced(*HOSTILE, query=HOSTILE[0], warnings=HOSTILE)
    page = trace_sheet(answer, evidence).page()
    assert page.count("<script") == 3  # data, Plotly, ours
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page
