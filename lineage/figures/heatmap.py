"""A matrix of all pairs as a Plotly figure: a cell a pair, families together and framed, doubt in the hover."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from difreg import numerals
from difreg.lineage.answers import Matrix, MatrixCell, MatrixMember
from difreg.lineage.figures import palette
from difreg.lineage.figures.dendrogram import middle_cut
from difreg.lineage.figures.markup import columns, legend_rows, plain
from difreg.names import shown
from difreg.registry.fingerprints import RELIABLE

if TYPE_CHECKING:
    import plotly.graph_objects as go

WIDE, NARROW = 1180, 364
SIDE, TOP, BAR, GLYPH = 12, 34, 74, 6.2
READABLE = 9.0  # pixels of a row below which names are left to the hover
NUMBERED = 30.0  # pixels of a cell from which its number is written into it
MOST_CELL = 46.0
LEAST = 520  # pixels: what the legend and the titles of axes need
NAMES = {
    "accuracy": "accuracy",
    "auc": "AUC",
    "score": "score",
    "kinship": "kinship z",
    "probability": "P(kin)",
}
# From low to high: told apart by colour-blind readers, and by lightness alone in print.
_TWO_SIDED = ((0.0, "#b3560b"), (0.25, "#e9a85c"), (0.5, "#f7f7f5"), (0.75, "#6aa9d8"), (1.0, "#0b4f8a"))
_ONE_SIDED = ((0.0, "#f7f7f5"), (0.35, "#b5d3ea"), (0.7, "#5a9fd4"), (1.0, "#0b4f8a"))


def matrix_figure(matrix: Matrix, *, dark: bool = False, width: int = WIDE) -> go.Figure:
    """Draw a matrix.

    Parameters
    ----------
    matrix
        As :meth:`difreg.Registry.matrix` gives it.
    width
        Pixels to lay out for; the height follows from the number of generators.

    Returns
    -------
    A figure whose first trace is the heatmap, ``meta`` ``{"kind": "cells"}``; families are ``{"kind": "family"}``.
    """
    import plotly.graph_objects as go

    theme = palette.theme(dark)
    m = len(matrix.members)
    names = [middle_cut(x.name, 34 if width > 700 else 14) for x in matrix.members]
    longest = max(GLYPH * columns(shown(x.name)[: 34 if width > 700 else 14]) for x in matrix.members) + 12
    free = width - 2 * SIDE - BAR
    cell = min((free - longest) / m, MOST_CELL)
    if cell < READABLE:
        cell, longest, names = min((free - SIDE) / m, MOST_CELL), SIDE, [""] * m
    side = cell * m
    traces = [_cells(matrix, theme, cell), *_families(matrix)]
    layout = _layout(matrix, theme, names, width, longest, side)
    return go.Figure(data=traces, layout=layout)


def _cells(matrix: Matrix, theme: palette.Theme, cell: float) -> dict[str, Any]:
    m = len(matrix.members)
    rows = [matrix.cells[k * m : (k + 1) * m] for k in range(m)]
    values = [[None if math.isnan(c.value) else c.value for c in row] for row in rows]
    scale, low, high = _scale(matrix)
    text = [[_number(matrix.metric, c.value, short=True) for c in row] for row in rows]
    return {
        "type": "heatmap",
        "z": values,
        "x": list(range(m)),
        "y": list(range(m)),
        "colorscale": [list(s) for s in scale],
        "zmin": low,
        "zmax": high,
        "xgap": 1 if cell > 8 else 0,
        "ygap": 1 if cell > 8 else 0,
        "hovertext": [[_told(matrix, i, j) for j in range(m)] for i in range(m)],
        "hoverinfo": "text",
        "hoverongaps": True,
        "meta": {"kind": "cells"},
        "colorbar": {
            "title": {"text": NAMES[matrix.metric], "side": "top", "font": {"size": 12, "color": theme.faint}},
            "thickness": 12, "len": min(1.0, 320 / max(cell * m, 1)), "lenmode": "fraction", "x": 1, "xpad": 10,
            "y": 1, "yanchor": "top", "outlinewidth": 0, "tickfont": {"size": 11, "color": theme.faint},
        },
        **({"text": text, "texttemplate": "%{text}", "textfont": {"size": 11}} if cell >= NUMBERED else {}),
    }  # fmt: skip


def _scale(matrix: Matrix) -> tuple[tuple[tuple[float, str], ...], float, float]:
    """Colours and the values at their ends; what says nothing is white."""
    if matrix.metric in ("accuracy", "auc"):
        return _TWO_SIDED, 0.0, 1.0
    if matrix.metric == "probability":
        return _ONE_SIDED, 0.0, 1.0
    known = [abs(c.value) for c in matrix.cells if not math.isnan(c.value)]
    far = max([*known, 1.0 if matrix.metric == "score" else 10.0])
    return _TWO_SIDED, -far, far


def _number(metric: str, value: float, *, short: bool = False) -> str:
    if math.isnan(value):
        return ""
    if metric == "kinship":
        return numerals.z(value)
    if metric == "probability":
        return plain(numerals.probability(value))
    return f"{value:.2f}".replace("0.", ".", 1) if short else numerals.share(value)


def _told(matrix: Matrix, row: int, column: int) -> str:
    m = len(matrix.members)
    cell, one, two = matrix.cells[row * m + column], matrix.members[row], matrix.members[column]
    return "<br>".join(_directed(matrix, cell, one, two) if matrix.directed else _symmetric(matrix, cell, one, two))


def _directed(matrix: Matrix, cell: MatrixCell, one: MatrixMember, two: MatrixMember) -> Iterable[str]:
    itself = one is two
    yield f"fingerprint <b>{plain(one.name)}</b>"
    yield f"images <b>{plain(two.name)}</b>"
    if math.isnan(cell.value):
        yield "not defined: too few images that did not train the fingerprint"
        return
    yield f"{NAMES[matrix.metric]} {_number(matrix.metric, cell.value)}{_interval(matrix.metric, cell)}"
    against = f" against {numerals.count(matrix.photographs, 'photograph')}" if matrix.photographs else ""
    yield f"n = {numerals.count(cell.n, 'image')}{against}"
    if itself:
        yield "each left out of the fingerprint that scores it"
    yield from _weak(one)


def _symmetric(matrix: Matrix, cell: MatrixCell, one: MatrixMember, two: MatrixMember) -> Iterable[str]:
    yield f"<b>{plain(one.name)}</b> and <b>{plain(two.name)}</b>"
    if one is two:
        yield "the same generator: nothing to compare"
        return
    if math.isnan(cell.value):
        yield "not defined: both hold the same images"
        return
    prior = " at prior 1/2" if matrix.metric == "probability" else ""
    yield f"{NAMES[matrix.metric]} {_number(matrix.metric, cell.value)}{prior}{_interval(matrix.metric, cell)}"
    yield f"from {numerals.count(one.images, 'image')} and {numerals.count(two.images, 'image')}; no direction"
    if not cell.judged:
        yield "nothing may be concluded: a weak fingerprint, or JPEG in both"


def _weak(member: MatrixMember) -> Iterable[str]:
    if not member.reliability >= RELIABLE:
        yield f"its fingerprint is weak: reliability {numerals.share(member.reliability)}"
    if member.jpeg:
        yield "its fingerprint is JPEG-marked"


def _interval(metric: str, cell: MatrixCell) -> str:
    if math.isnan(cell.low) or math.isnan(cell.high):
        return ""
    return f" (95 % {_number(metric, cell.low)} to {_number(metric, cell.high)})"


def _families(matrix: Matrix) -> Iterable[dict[str, Any]]:
    """Names of the framed families, in the legend."""
    for k, (family, title, _, _) in enumerate(_spans(matrix)):
        yield {
            "type": "scatter",
            "x": [None],
            "y": [None],
            "mode": "markers",
            "marker": {"symbol": "square-open", "size": 11, "color": palette.family_colour(k), "line": {"width": 3}},
            "name": plain(title or family, 30),
            "hoverinfo": "skip",
            "meta": {"kind": "family"},
        }


def _spans(matrix: Matrix) -> list[tuple[str, str | None, int, int]]:
    """Families with the first and the last of their rows, in order."""
    out: list[tuple[str, str | None, int, int]] = []
    for k, member in enumerate(matrix.members):
        if member.family is None:
            continue
        if out and out[-1][0] == member.family:
            out[-1] = (*out[-1][:3], k)
        else:
            out.append((member.family, member.title, k, k))
    return out


def _layout(
    matrix: Matrix, theme: palette.Theme, names: list[str], width: int, longest: float, side: float
) -> dict[str, Any]:
    m = len(names)
    needed = max(SIDE + longest + side + BAR, min(width, LEAST))
    rest = needed - SIDE - longest - side - BAR
    below = longest + 26 if any(names) else 26
    entries = [shown(title or family, 30) for family, title, _, _ in _spans(matrix)]
    top = TOP + 20 * (legend_rows(entries, side + BAR) - 1)
    frames = [
        {
            "type": "rect", "x0": a - 0.5, "x1": b + 0.5, "y0": a - 0.5, "y1": b + 0.5, "layer": "above",
            "line": {"color": palette.family_colour(k), "width": 2},
        }
        for k, (_, _, a, b) in enumerate(_spans(matrix))
    ]  # fmt: skip
    size = max(min(12.0, side / m - 1), 7)
    axis = {
        "showgrid": False, "zeroline": False, "tickvals": list(range(m)), "ticktext": names, "range": [-0.5, m - 0.5],
        "tickfont": {"size": size, "color": theme.ink}, "ticks": "outside", "ticklen": 4,
        "tickcolor": "rgba(0,0,0,0)",
    }  # fmt: skip
    faint = {"size": 11, "color": theme.faint}
    down, across = ("fingerprints ↓", "images they are asked about →") if matrix.directed else ("", "")
    return {
        "template": "none",
        "width": round(needed),
        "height": round(top + side + below),
        "margin": {"l": SIDE + longest, "r": BAR + max(rest, 0), "t": top, "b": below, "pad": 0, "autoexpand": False},
        "paper_bgcolor": theme.paper,
        "plot_bgcolor": palette.rgba(theme.lone, 0.12),
        "font": {"family": palette.FONT, "size": 12, "color": theme.ink},
        "xaxis": {**axis, "tickangle": -90, "title": {"text": across, "font": faint, "standoff": 4}},
        "yaxis": {**axis, "autorange": "reversed", "range": [m - 0.5, -0.5]},
        "shapes": frames,
        "annotations": [
            {"text": down, "x": 0, "xanchor": "right", "xshift": -6, "y": 1, "yanchor": "bottom", "xref": "paper",
             "yref": "paper", "showarrow": False, "font": faint},
        ],
        "hovermode": "closest",
        "hoverlabel": palette.hoverlabel(theme),
        "dragmode": "zoom",
        "showlegend": bool(frames),
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "yref": "paper",
            "font": {"size": 12, "color": theme.ink}, "bgcolor": "rgba(0,0,0,0)", "itemdoubleclick": False,
            "itemclick": False,
        },
        "meta": {"width": width},
    }  # fmt: skip
