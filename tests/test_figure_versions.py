"""Drift drawn: a mark a comparison with its interval, verdicts told apart without colour, names that stay text."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
import pytest
from answer_samples import NAN, drifted, step
from lineage_samples import HOSTILE

from difreg.lineage.figures.sheets import drift_sheet
from difreg.lineage.figures.versions import NARROW, WIDE, drift_figure


def marks(figure: go.Figure) -> dict[str, Any]:
    return {t.meta["verdict"]: t for t in figure.data if t.meta["kind"] == "steps"}


THREE = (step(1, "unchanged"), step(2, "changed", 0.2), step(3, "insufficient", NAN))


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_every_comparison_is_drawn_with_its_interval(width: int) -> None:
    figure = drift_figure(drifted(*THREE), width=width)
    drawn = marks(figure)
    assert set(drawn) == {"unchanged", "changed", "insufficient"}
    changed = drawn["changed"]
    assert (changed.x[0], changed.y[0]) == (1, 0.2)
    assert changed.error_y.array[0] == pytest.approx(0.05)
    assert len({t.marker.symbol for t in drawn.values()}) == 3
    low, high = figure.layout.yaxis.range
    assert all(low < y < high for t in drawn.values() for y in t.y)
    assert "1 → 4" in figure.layout.xaxis.ticktext  # the first against the latest, apart
    assert drawn["insufficient"].x[-1] > 3


def test_two_versions_have_one_mark() -> None:
    figure = drift_figure(drifted(step(1, "open", 0.8)))
    assert list(figure.layout.xaxis.ticktext) == ["1 → 2"]


def test_hundreds_of_versions_keep_their_ticks_apart() -> None:
    figure = drift_figure(drifted(*(step(k, "unchanged") for k in range(1, 301))), width=NARROW)
    places = sorted(figure.layout.xaxis.tickvals)
    span = figure.layout.xaxis.range[1] - figure.layout.xaxis.range[0]
    assert len(places) <= 8
    assert min(b - a for a, b in pairwise(places)) / span * (NARROW - 52) > 40
    assert figure.layout.xaxis.ticktext[-1] == "1 → 301"
    assert set(marks(figure)["unchanged"].text) == {""}


def test_a_hover_names_metric_interval_and_n() -> None:
    figure = drift_figure(drifted(step(1, "changed", 0.2, warnings=["look at the content"])))
    told = marks(figure)["changed"].hovertext[0]
    for said in (
        "version 1 → 2: changed",
        "n: 12 images and 13 images",
        "agreement .200 (95 % .150 to .250",
        "P(changed) .999 at prior 1/2",
        "p &lt;.001",
        "kinship z 8.0",
        "look at the content",
    ):
        assert said in told


def test_what_was_not_compared_claims_no_agreement() -> None:
    told = marks(drift_figure(drifted(step(1, "insufficient", NAN))))["insufficient"]
    assert "agreement" not in told.hovertext[0]
    assert told.text[0] == ""


def test_the_page_tells_the_verdict_and_the_numbers() -> None:
    page = drift_sheet(drifted(*THREE)).page()
    assert "<h1>service: it changed between versions</h1>" in page
    assert 'data-of="agreement">.200</td>' in page


def test_names_stay_text() -> None:
    for text in HOSTILE:
        page = drift_sheet(drifted(step(1, "open", 0.8, warnings=[text]), name=text)).page()
        assert page.count("<script") == 3
        assert "<img src=x" not in page
        assert "\u202e" not in page
        assert "\x1b" not in page
