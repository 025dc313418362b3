"""A trace as a Plotly figure: a bar a candidate, how strongly it answers, against the line from which kin are accepted.

Bars are kinship z with its 95 % interval over images, coloured by family. A hatched bar is of a fingerprint too weak
to conclude anything from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from difreg import numerals
from difreg.lineage.answers import Candidate, Evidence, Traced
from difreg.lineage.figures import palette
from difreg.lineage.figures.calibration import accepted_from
from difreg.lineage.figures.dendrogram import middle_cut
from difreg.lineage.figures.markup import columns, legend_rows, plain
from difreg.lineage.kinship import ACCEPTANCE
from difreg.names import shown
from difreg.registry.fingerprints import RELIABLE

if TYPE_CHECKING:
    import plotly.graph_objects as go

WIDE, NARROW = 1180, 364
SIDE, PAD, TOP, FOOT, GLYPH, LEGEND_ROW = 12, 8, 22, 52, 7.0, 22
LONGEST = 34  # columns of a name beside its bar
_STEPS = (1, 2, 5, 10, 20, 50)


def trace_figure(traced: Traced, evidence: Evidence, *, dark: bool = False, width: int = WIDE) -> go.Figure:
    """Draw the candidates of a trace.

    Parameters
    ----------
    traced, evidence
        As :meth:`difreg.Registry.trace` and :meth:`difreg.Registry.evidence` give them.
    width
        Pixels to lay out for; the height follows from the number of candidates. Narrow, names stand above their bars.

    Returns
    -------
    A figure whose traces' ``meta`` says what they hold: ``{"kind": "bars" | "line" | "names" | "values"}``.
    """
    import plotly.graph_objects as go

    theme = palette.theme(dark)
    rows = traced.candidates
    beside = width > 700
    names = [middle_cut(c.generator, LONGEST if beside else 44) for c in rows]
    label = max((GLYPH * min(columns(shown(c.generator)), LONGEST) for c in rows), default=0) if beside else 0
    left = round(SIDE + label + (10 if beside else 0))
    accepted = _accepted(traced, evidence)
    span = _span(rows, max(accepted), width - left - SIDE)
    traces = [
        *_bars(rows, evidence, traced.images.used, 0.56 if beside else 0.4, theme),
        _line(accepted, theme),
        _values(rows, theme),
        *([] if beside else [_names(rows, names, theme)]),
    ]
    return go.Figure(data=traces, layout=_layout(rows, names, accepted, theme, width, left, span))


def _span(rows: Sequence[Candidate], acceptance: float, room: float) -> tuple[float, float]:
    """Ends of the axis: all intervals and the line, with room for a number behind the longest."""
    low = min([0.0, *(_ends(c)[0] for c in rows)])
    high = max([acceptance, *(_ends(c)[1] for c in rows)])
    pixel = (high - low) / max(room - 70, 1)
    return low - 10 * pixel, high + 60 * pixel


def _ends(c: Candidate) -> tuple[float, float]:
    low, high = (c.kinship if math.isnan(v) else v for v in (c.low, c.high))
    return min(low, c.kinship), max(high, c.kinship)


def family_order(rows: Iterable[Candidate]) -> list[str]:
    """Families of the candidates, the nearest first: their place is their colour."""
    return list(dict.fromkeys(c.family for c in rows if c.family))


def _bars(
    rows: Sequence[Candidate], evidence: Evidence, n: int, thick: float, theme: palette.Theme
) -> Iterable[dict[str, Any]]:
    """One trace a family, so that the legend names each once."""
    ranked = family_order(rows)
    for family in (*ranked, *([None] if any(c.family is None for c in rows) else [])):
        own = [(k, c) for k, c in enumerate(rows) if c.family == family]
        colour = palette.family_colour(ranked.index(family)) if family else theme.lone
        reach = [(c.kinship - low, high - c.kinship) for _, c in own for low, high in (_ends(c),)]
        yield {
            "type": "bar",
            "orientation": "h",
            "x": [c.kinship for _, c in own],
            "y": [k for k, _ in own],
            "width": thick,
            "offset": -thick / 2,
            "name": plain(family, 30) if family else "no family",
            "showlegend": True,
            "marker": {
                "color": colour,
                "opacity": 0.85,
                "line": {"color": colour, "width": 1},
                "pattern": {
                    "shape": ["" if c.reliability >= RELIABLE else "/" for _, c in own],
                    "fillmode": "replace", "fgcolor": colour, "bgcolor": theme.paper, "size": 6, "solidity": 0.3,
                },
            },
            "error_x": {
                "type": "data", "symmetric": False, "array": [r[1] for r in reach],
                "arrayminus": [r[0] for r in reach],
                "color": theme.ink, "thickness": 1.4, "width": 4,
            },
            "hovertext": [_told(c, evidence, n) for _, c in own],
            "hoverinfo": "text",
            "meta": {"kind": "bars", "family": family},
        }  # fmt: skip


def _told(c: Candidate, evidence: Evidence, n: int) -> str:
    images = next((w.images for w in evidence.witnesses if w.generator == c.generator), None)
    lines = [
        f"<b>{plain(c.generator)}</b>, version {c.version}",
        f"family: {plain(c.family)}" if c.family else "in no family",
        f"kinship z {numerals.z(c.kinship)} (95 % {numerals.interval(c.low, c.high)})",
        f"likelihood ratio {numerals.ratio(c.likelihood_ratio)}, "
        f"P(kin) {plain(numerals.probability(c.probability))} at prior 1/2",
        f"support {numerals.share(c.support)} of bootstrap replicates over images",
        f"reliability {numerals.share(c.reliability)}",
        f"n: {numerals.count(n, 'traced image')}" + (f", {images} of the candidate" if images else ""),
    ]
    if not c.reliability >= RELIABLE:
        lines.append("weak: nothing is concluded from it")
    return "<br>".join(lines)


def _accepted(traced: Traced, evidence: Evidence) -> list[float]:
    """The kinship from which each candidate is accepted: it depends on the smaller set's number of images."""
    mine = max(traced.images.used, 1)
    theirs = {w.generator: w.images for w in evidence.witnesses}
    sizes = [min(mine, theirs.get(c.generator, mine)) for c in traced.candidates] or [mine]
    return [accepted_from(evidence.background, n) for n in sizes]


def _line(accepted: Sequence[float], theme: palette.Theme) -> dict[str, Any]:
    """A line down the candidates, with a step where one has few images of its own."""
    last = len(accepted) - 1
    ends = [(k - 0.5 if k else -1, k + 0.5 if k < last else k + 2) for k in range(len(accepted))]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [z for z in accepted for _ in range(2)],
        "y": [y for pair in ends for y in pair],
        "line": {"color": theme.ink, "dash": "dash", "width": 1.6},
        "hoverinfo": "skip",
        "showlegend": False,
        "meta": {"kind": "line"},
    }


def _values(rows: Sequence[Candidate], theme: palette.Theme) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        "x": [max(0.0, _ends(c)[1]) for c in rows],
        "y": list(range(len(rows))),
        "text": [f"\u00a0\u00a0<b>{numerals.z(c.kinship)}</b>" for c in rows],
        "textposition": "middle right",
        "textfont": {"size": 12, "color": theme.ink},
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
        "meta": {"kind": "values"},
    }


def _names(rows: Sequence[Candidate], names: Sequence[str], theme: palette.Theme) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        "x": [0] * len(rows),
        "y": [k - 0.58 for k in range(len(rows))],
        "text": list(names),
        "textposition": "bottom right",
        "textfont": {"size": 12, "color": theme.ink},
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
        "meta": {"kind": "names"},
    }


def _layout(
    rows: Sequence[Candidate],
    names: Sequence[str],
    accepted: Sequence[float],
    theme: palette.Theme,
    width: int,
    left: int,
    span: tuple[float, float],
) -> dict[str, Any]:
    beside = width > 700
    room = (30 if beside else 50) * max(len(rows), 2)
    entries = [shown(f, 30) for f in family_order(rows)] + ["no family"] * any(c.family is None for c in rows)
    legend = LEGEND_ROW * legend_rows(entries, width - left - SIDE)
    acceptance = accepted[0]
    step = next((s for s in _STEPS if (span[1] - span[0]) / s <= (14 if beside else 7)), 100)
    ticks = [step * k for k in range(math.ceil(span[0] / step), math.floor(span[1] / step) + 1)]
    near = (acceptance - span[0]) / (span[1] - span[0]) > 0.5
    first = 0.75 if not beside else 0.6
    told = f"kin are accepted from z {numerals.z(acceptance)} (P(kin) {numerals.share(ACCEPTANCE)})"
    faint = {"color": theme.faint, "size": 11}
    annotations: list[dict[str, Any]] = [
        {"text": told, "x": acceptance, "xanchor": "right" if near else "left", "y": 1, "yanchor": "bottom",
         "yref": "paper", "yshift": 2, "showarrow": False, "font": {**faint, "color": theme.ink}},
        {"text": "kinship z, whiskers: 95 % interval over images", "x": 0, "xanchor": "left", "y": 0, "yanchor": "top",
         "yshift": -24, "xref": "paper", "yref": "paper", "showarrow": False, "font": faint},
    ]  # fmt: skip
    if not rows:
        annotations.append(
            {"text": "no candidate could be compared", "x": 0.5, "xref": "paper", "y": 0.5, "yref": "paper",
             "showarrow": False, "font": {"size": 14, "color": theme.faint}}
        )  # fmt: skip
    return {
        "template": "none",
        "height": PAD + room + TOP + legend + FOOT,
        "margin": {"l": left, "r": SIDE, "t": PAD + TOP + legend, "b": FOOT, "pad": 0, "autoexpand": False},
        "paper_bgcolor": theme.paper,
        "plot_bgcolor": theme.paper,
        "font": {"family": palette.FONT, "size": 12, "color": theme.ink},
        "barmode": "overlay",
        "xaxis": {
            "range": list(span), "tickvals": ticks, "showgrid": True, "zeroline": False, "fixedrange": True,
            "gridcolor": palette.rgba(theme.lone, 0.18), "tickfont": faint, "ticks": "outside",
            "tickcolor": theme.faint,
        },
        "yaxis": {
            "range": [len(rows) - 0.4 if rows else 1, -first], "tickvals": list(range(len(rows))) if beside else [],
            "ticktext": list(names) if beside else [], "showgrid": False, "zeroline": False, "fixedrange": True,
            "tickfont": {"size": 12, "color": theme.ink}, "ticks": "",
        },
        "shapes": [
            {"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper", "layer": "above",
             "line": {"color": theme.faint, "width": 1}}
        ],
        "annotations": annotations,
        "hovermode": "closest",
        "hoverlabel": palette.hoverlabel(theme),
        "dragmode": False,
        "showlegend": bool(rows),
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1 + TOP / room, "yanchor": "bottom", "yref": "paper",
            "font": {"size": 12, "color": theme.ink}, "bgcolor": "rgba(0,0,0,0)", "itemdoubleclick": False,
            "itemclick": False,
        },
        "meta": {"width": width},
    }  # fmt: skip
