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
SIDE, AXIS, PAD, TOP, FOOT, PLOT, LEGEND_ROW = 12, 40, 8, 6, 58, 320, 22
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
    if drifted.overall:
        places.append(len(places) + 0.4)
    low, high = _span(steps)
    traces = [*_traces(steps, places, low, theme), *_lines(places[-1] + 0.7, theme)]
    return go.Figure(data=traces, layout=_layout(drifted, places, low, high, theme, width))


def steps_of(drifted: Drifted) -> Sequence[DriftStep]:
    """Each version against the next, then the first against the latest."""
    return (*drifted.steps, drifted.overall) if drifted.overall else drifted.steps


def _span(steps: Sequence[DriftStep]) -> tuple[float, float]:
    known = [v for s in steps for v in (s.low, s.high, s.agreement) if not math.isnan(v)]
    return max(min([0.0, *known]), -1.0) - 0.06, min(max([1.0, *known]), 1.6) + 0.14


def _traces(
    steps: Sequence[DriftStep], places: Sequence[float], low: float, theme: palette.Theme
) -> Iterable[dict[str, Any]]:
    for verdict, (symbol, colour) in _MARKS.items():
        own = [(x, s) for x, s in zip(places, steps, strict=True) if s.verdict == verdict]
        if not own:
            continue
        colour = theme.lone if verdict == "insufficient" else colour
        values = [low + 0.03 if math.isnan(s.agreement) else s.agreement for _, s in own]
        yield {
            "type": "scatter",
            "mode": "markers+text",
            "x": [x for x, _ in own],
            "y": values,
            "name": VERDICTS[verdict],
            "showlegend": True,
            "marker": {"symbol": symbol, "color": colour, "size": 12, "line": {"color": colour, "width": 2}},
            "text": [_short(s) for _, s in own],
            "textposition": "middle right",
            "textfont": {"size": 11, "color": theme.ink},
            "error_y": {
                "type": "data", "symmetric": False, "color": colour, "thickness": 1.8, "width": 5,
                "array": [_reach(s, s.high) for _, s in own],
                "arrayminus": [_reach(s, s.low) for _, s in own],
            },
            "hovertext": [_told(s) for _, s in own],
            "hoverinfo": "text",
            "cliponaxis": False,
            "meta": {"kind": "steps", "verdict": verdict},
        }  # fmt: skip


def _lines(end: float, theme: palette.Theme) -> Iterable[dict[str, Any]]:
    """What the agreement of one source is, and how low it was measured to be by what images show alone."""
    for y, dash, name in _READ_AGAINST:
        yield {
            "type": "scatter",
            "mode": "lines",
            "x": [-0.6, end],
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


def _layout(
    drifted: Drifted, places: Sequence[float], low: float, high: float, theme: palette.Theme, width: int
) -> dict[str, Any]:
    steps = steps_of(drifted)
    entries = [*(VERDICTS[v] for v in {s.verdict for s in steps}), *(name for _, _, name in _READ_AGAINST)]
    legend = LEGEND_ROW * legend_rows(entries, width - AXIS - SIDE)
    every = math.ceil(len(steps) * 58 / (width - AXIS - SIDE))
    marked = [
        (x, f"{s.before} → {s.after}") for k, (x, s) in enumerate(zip(places, steps, strict=True)) if k % every == 0
    ]
    if drifted.overall and (len(steps) - 1) % every:
        marked.append((places[-1], f"{drifted.overall.before} → {drifted.overall.after}"))
    faint = {"color": theme.faint, "size": 11}

    note = f"versions compared; changed from P(changed) {numerals.share(DECIDED)}"
    annotations = [
        {"text": note, "x": 0, "xanchor": "left", "y": 0, "yanchor": "top", "yshift": -28, "xref": "paper",
         "yref": "paper", "showarrow": False, "font": faint},
    ]  # fmt: skip
    shapes: list[dict[str, Any]] = []
    if drifted.overall:
        apart = len(drifted.steps) - 0.3
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
            "range": [-0.6, places[-1] + 0.7], "tickvals": [x for x, _ in marked], "ticktext": [t for _, t in marked],
            "showgrid": False, "zeroline": False, "fixedrange": True, "tickangle": 0,
            "tickfont": {"size": 12, "color": theme.ink}, "ticks": "outside", "tickcolor": theme.faint,
        },
        "yaxis": {
            "range": [low, high], "showgrid": True, "gridcolor": palette.rgba(theme.lone, 0.18), "zeroline": False,
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
