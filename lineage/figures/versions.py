"""Drift as a Plotly figure: how far a version agrees with the next one, with its doubt, in the order of versions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from difreg import numerals
from difreg.lineage.answers import Drifted, DriftStep
from difreg.lineage.drift import BY_CONTENT, DECIDED
from difreg.lineage.figures import palette
from difreg.lineage.figures.markup import legend_rows, paragraph, plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

WIDE, NARROW = 1180, 364
SIDE, AXIS, PAD, TOP, FOOT, PLOT, LEGEND_ROW, TICK = 12, 40, 8, 6, 58, 320, 22, 52
VERDICTS = {"unchanged": "unchanged", "open": "open", "changed": "changed", "insufficient": "too little to tell"}
_READ_AGAINST = ((1.0, "dash", "1: one source"), (BY_CONTENT, "dot", f"content: to {numerals.share(BY_CONTENT)}"))
# Told apart without colour: what is sure is filled.
_MARKS = {
    "unchanged": ("circle", "#0072B2"),
    "open": ("circle-open", "#8C6D00"),
    "changed": ("diamond", "#D55E00"),
    "insufficient": ("x-thin-open", "#6b6b6b"),
}


def drift_figure(drifted: Drifted, *, dark: bool = False, width: int = WIDE) -> go.Figure:
    """Draw the agreement of each version with the next, and of the first with the latest.

    Parameters
    ----------
    drifted
        As :meth:`difreg.Registry.drift` gives it.
    width
        Pixels to lay out for.

    Returns
    -------
    A figure with a trace a verdict, whose ``meta`` is ``{"kind": "steps", "verdict": ...}``, and lines to read it by.
    """
    import plotly.graph_objects as go

    theme = palette.theme(dark)
    steps = steps_of(drifted)
    places = [float(k) for k in range(len(drifted.steps))]
    share = TICK / (width - AXIS - SIDE)
    if drifted.overall:
        places.append(places[-1] + max(1.4, len(places) * share / (1 - share)))
    pad = max(0.65, places[-1] * share / 2)
    low, high = _span(steps)
    every = math.ceil((places[-1] + 2 * pad) * share)  # comparisons a tick
    traces = [*_traces(steps, places, low, theme, roomy=every == 1), *_lines(-pad, places[-1] + pad, theme)]
    layout = _layout(drifted, _ticks(steps, places, every), (-pad, places[-1] + pad), (low, high), theme, width)
    return go.Figure(data=traces, layout=layout)


def steps_of(drifted: Drifted) -> Sequence[DriftStep]:
    """Each version against the next, then the first against the latest."""
    return (*drifted.steps, drifted.overall) if drifted.overall else drifted.steps


def _span(steps: Sequence[DriftStep]) -> tuple[float, float]:
    known = [v for s in steps for v in (s.low, s.high, s.agreement) if not math.isnan(v)]
    return max(min([0.0, *known]), -1.0) - 0.06, min(max([1.0, *known]), 1.6) + 0.14


def _traces(
    steps: Sequence[DriftStep], places: Sequence[float], low: float, theme: palette.Theme, *, roomy: bool
) -> Iterable[dict[str, Any]]:
    for verdict, (symbol, colour) in _MARKS.items():
        own = [(x, s) for x, s in zip(places, steps, strict=True) if s.verdict == verdict]
        if not own:
            continue
        colour = theme.lone if verdict == "insufficient" else colour
        size = 12 if roomy else 7
        values = [low + 0.03 if math.isnan(s.agreement) else s.agreement for _, s in own]
        yield {
            "type": "scatter",
            "mode": "markers+text",
            "x": [x for x, _ in own],
            "y": values,
            "name": VERDICTS[verdict],
            "showlegend": True,
            "marker": {"symbol": symbol, "color": colour, "size": size, "line": {"color": colour, "width": 2}},
            "text": [_short(s) if roomy else "" for _, s in own],
            "textposition": "middle right",
            "textfont": {"size": 11, "color": theme.ink},
            "error_y": {
                "type": "data", "symmetric": False, "color": colour, "thickness": 1.8, "width": 5 if roomy else 2,
                "array": [_reach(s, s.high) for _, s in own],
                "arrayminus": [_reach(s, s.low) for _, s in own],
            },
            "hovertext": [_told(s) for _, s in own],
            "hoverinfo": "text",
            "cliponaxis": False,
            "meta": {"kind": "steps", "verdict": verdict},
        }  # fmt: skip


def _lines(start: float, end: float, theme: palette.Theme) -> Iterable[dict[str, Any]]:
    """What the agreement of one source is, and how low it was measured to be by what images show alone."""
    for y, dash, name in _READ_AGAINST:
        yield {
            "type": "scatter",
            "mode": "lines",
            "x": [start, end],
            "y": [y, y],
            "name": name,
            "line": {"color": theme.faint, "dash": dash, "width": 1.4},
            "hoverinfo": "skip",
            "meta": {"kind": "line"},
        }


def _reach(step: DriftStep, end: float) -> float:
    return 0.0 if math.isnan(end) or math.isnan(step.agreement) else abs(end - step.agreement)


def _short(step: DriftStep) -> str:
    return "" if math.isnan(step.agreement) else f"\u00a0\u00a0{numerals.share(step.agreement)}"


def _told(step: DriftStep) -> str:
    lines = [f"<b>version {step.before} → {step.after}: {plain(VERDICTS.get(step.verdict, step.verdict))}</b>"]
    lines.append(f"n: {numerals.count(step.images_before, 'image')} and {numerals.count(step.images_after, 'image')}")
    if not math.isnan(step.agreement):
        lines.append(
            f"agreement {numerals.share(step.agreement)} "
            f"(95 % {numerals.share(step.low)} to {numerals.share(step.high)}, jackknife over images)"
        )
        lines.append(f"P(changed) {plain(numerals.probability(step.probability))} at prior 1/2")
        lines.append(f"permutation test that one source made both: p {plain(numerals.probability(step.p_value))}")
    if step.kinship:
        k = step.kinship
        lines.append(
            f"kinship z {numerals.z(k.kinship)} (95 % {numerals.interval(k.low, k.high)}), "
            f"P(kin) {plain(numerals.probability(k.probability))}"
        )
    return "<br>".join([*lines, *(paragraph(c.text) for c in step.warnings)])


def _ticks(steps: Sequence[DriftStep], places: Sequence[float], every: int) -> list[tuple[float, str]]:
    """Places along the axis and their names; of many comparisons some, and always the first with the latest."""
    told = [(x, f"{s.before} → {s.after}") for x, s in zip(places, steps, strict=True)]
    apart = places[-1] - places[-2:][0] > 1
    return [*told[:-1:every], told[-1]] if apart else told[::every]


def _layout(
    drifted: Drifted,
    ticks: Sequence[tuple[float, str]],
    across: tuple[float, float],
    along: tuple[float, float],
    theme: palette.Theme,
    width: int,
) -> dict[str, Any]:
    steps = steps_of(drifted)
    entries = [*(VERDICTS[v] for v in {s.verdict for s in steps}), *(name for _, _, name in _READ_AGAINST)]
    legend = LEGEND_ROW * legend_rows(entries, width - AXIS - SIDE)
    faint = {"color": theme.faint, "size": 11}

    note = f"versions compared; changed from P(changed) {numerals.share(DECIDED)}"
    annotations = [
        {"text": note, "x": 0, "xanchor": "left", "y": 0, "yanchor": "top", "yshift": -28, "xref": "paper",
         "yref": "paper", "showarrow": False, "font": faint},
    ]  # fmt: skip
    shapes: list[dict[str, Any]] = []
    if drifted.overall:
        apart = (len(drifted.steps) - 1 + ticks[-1][0]) / 2
        shapes.append({"type": "line", "x0": apart, "x1": apart, "y0": 0, "y1": 1, "yref": "paper",
                       "layer": "below", "line": {"color": palette.rgba(theme.lone, 0.5), "width": 1}})  # fmt: skip
    return {
        "template": "none",
        "height": PAD + PLOT + TOP + legend + FOOT,
        "margin": {"l": AXIS, "r": SIDE, "t": PAD + TOP + legend, "b": FOOT, "pad": 0, "autoexpand": False},
        "paper_bgcolor": theme.paper,
        "plot_bgcolor": theme.paper,
        "font": {"family": palette.FONT, "size": 12, "color": theme.ink},
        "xaxis": {
            "range": list(across), "tickvals": [x for x, _ in ticks], "ticktext": [t for _, t in ticks],
            "showgrid": False, "zeroline": False, "fixedrange": True, "tickangle": 0,
            "tickfont": {"size": 12, "color": theme.ink}, "ticks": "outside", "tickcolor": theme.faint,
        },
        "yaxis": {
            "range": list(along), "showgrid": True, "gridcolor": palette.rgba(theme.lone, 0.18), "zeroline": False,
            "fixedrange": True, "tickfont": faint, "dtick": 0.25,
        },
        "shapes": shapes,
        "annotations": annotations,
        "hovermode": "closest",
        "hoverlabel": palette.hoverlabel(theme),
        "dragmode": False,
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1 + TOP / PLOT, "yanchor": "bottom", "yref": "paper",
            "font": {"size": 12, "color": theme.ink}, "bgcolor": "rgba(0,0,0,0)", "itemdoubleclick": False,
            "itemclick": False,
        },
        "meta": {"width": width},
    }  # fmt: skip
