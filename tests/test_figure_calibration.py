"""The calibration drawn: densities and probabilities are those that kinship is judged by."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from answer_samples import FITTED, background

from difreg.lineage.calibration import log_likelihood_ratio
from difreg.lineage.figures.calibration import NARROW, WIDE, accepted_from, calibration_figure
from difreg.lineage.figures.sheets import calibration_sheet
from difreg.lineage.kinship import ACCEPTANCE, threshold


def curve(figure: go.Figure, kind: str, images: int) -> Any:
    (found,) = (t for t in figure.data if t.meta == {"kind": kind, "images": images})
    return found


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("c", FITTED, ids=lambda c: c.images)
def test_the_probability_is_the_ratio_of_the_densities(width: int, c: Any) -> None:
    figure = calibration_figure(background(), width=width)
    kin, unrelated, chance = (curve(figure, k, c.images) for k in ("kin", "unrelated", "probability"))
    assert kin.x == unrelated.x == chance.x
    z, k, u, odds = (np.array(v) for v in (kin.x, kin.y, unrelated.y, chance.y))
    ratio = log_likelihood_ratio(z, c)
    assert odds == pytest.approx(ratio / np.log(10), rel=1e-3, abs=1e-4)
    judged = (z >= c.least) & (np.abs(ratio) < c.limit)
    assert np.log(k / u)[judged] == pytest.approx(ratio[judged], rel=1e-3, abs=1e-3)
    assert np.all(np.diff(odds) >= 0)
    assert np.trapezoid(u, z) == pytest.approx(1, abs=0.01)


def test_acceptance_is_marked_and_between_the_curves_it_is_theirs() -> None:
    figure = calibration_figure(background())
    marks = [curve(figure, "accepted", c.images) for c in FITTED]
    assert [m.x for m in marks] == [(threshold(c),) for c in FITTED]
    for c, mark in zip(FITTED, marks, strict=True):
        chance = curve(figure, "probability", c.images)
        assert np.interp(mark.x[0], chance.x, chance.y) == pytest.approx(np.log10(99), abs=0.01)
        assert mark.y[0] == pytest.approx(np.log10(ACCEPTANCE / (1 - ACCEPTANCE)))
        assert figure.layout.xaxis.range[0] < mark.x[0] < figure.layout.xaxis.range[1]
    low, high = sorted((marks[0].x[0], marks[1].x[0]))
    assert low < accepted_from(background(), 2) < high


def test_a_hover_names_metric_and_n() -> None:
    figure = calibration_figure(background())
    told = curve(figure, "probability", 4)
    assert "<b>4 images</b> in the smaller set<br>kinship z" in told.hovertemplate
    assert (told.text[0], told.text[-1]) == (".007", "&gt;.999")
    assert "<b>1 image</b> in the smaller set" in curve(figure, "kin", 1).hovertemplate
    assert "<b>unrelated generators</b>: density" in curve(figure, "unrelated", 1).hovertemplate


def test_the_numbers_are_there_as_a_table() -> None:
    page = calibration_sheet(background()).page()
    assert f'data-of="accepted from z">{threshold(FITTED[0]):.2f}</td>' in page
    assert 'data-of="changed mean">8</td>' in page
