"""The lineage graph as a Plotly figure: families as soft regions, generators in the tree of their ancestry.

Each is drawn once; :mod:`difreg.lineage.figures.page` puts the figure on a page with its controls.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from difreg import numerals
from difreg.lineage.figures import hover, palette
from difreg.lineage.figures.edges import ancestry, kin_edges, trace
from difreg.lineage.figures.kindred import Kindred, read
from difreg.lineage.figures.layout import CELL, Arrangement, arrange
from difreg.lineage.figures.markup import columns, label
from difreg.lineage.figures.timeline import timeline
from difreg.names import shown

if TYPE_CHECKING:
    import networkx as nx
    import plotly.graph_objects as go

WIDE, NARROW = 1180, 364
_SIZE, _GLYPH, _HEADING = 12, 7.2, 8.6  # pixels: size of text, width of a letter in labels and in headings
_TEXT = int((CELL - 28) // _GLYPH)
_SIDE, _TOP, _LEGEND_ROW, _LEGEND_ENTRY, _TICKS = 8, 14, 29, 145, 22
_NBSP = "\u00a0"


def lineage_figure(
    graph: nx.MultiDiGraph[str], *, dark: bool = False, width: int = WIDE, axis: str = "generation"
) -> go.Figure:
    """Draw the lineage.

    Parameters
    ----------
    graph
        As :meth:`difreg.Registry.lineage` gives it.
    width
        Pixels to lay out for; the height follows. Wider containers only spread it.
    axis
        What runs along an axis: ``generation``, downwards, or ``time``, to the right, where dates are known.

    Returns
    -------
    A figure whose traces' ``meta`` says what they hold: ``{"kind": "derived" | "declared" | "kin" | "nodes" | ...}``.
    """
    import plotly.graph_objects as go

    kindred = read(graph)
    placed = ARRANGEMENTS[axis](kindred, width)
    theme = palette.theme(dark)
    traces = [*kin_edges(kindred, placed, theme), *ancestry(kindred, placed, theme)]
    traces += [*headings(kindred, placed, theme), *_nodes(kindred, placed, theme)]
    entries = sum(bool(t.get("showlegend")) for t in traces)
    return go.Figure(data=traces, layout=framed(kindred, placed, theme, width, entries))


def framed(kindred: Kindred, placed: Arrangement, theme: palette.Theme, width: int, entries: int) -> dict[str, Any]:
    """Plotly's layout around an arrangement: room for a legend of so many entries, and the families' regions."""
    ticks = dict(placed.ticks)
    rows = math.ceil(entries / max((width - 2 * _SIDE) // _LEGEND_ENTRY, 1))
    above = _TICKS if ticks else 0
    margin = {
        "l": _SIDE, "r": _SIDE, "t": _TOP // 2 + rows * _LEGEND_ROW + above, "b": _SIDE, "pad": 0, "autoexpand": False,
    }  # fmt: skip
    plot = max(placed.height, 60)
    axis = {"visible": False, "fixedrange": False, "zeroline": False, "showgrid": False}
    dates = {
        "visible": True, "side": "top", "showgrid": True, "gridcolor": palette.rgba(theme.lone, 0.25), "ticks": "",
        "tickvals": list(ticks), "ticktext": list(ticks.values()), "tickfont": {"color": theme.faint},
    }  # fmt: skip
    return {
        "template": "none",
        "height": round(plot) + margin["t"] + margin["b"],
        "margin": margin,
        "paper_bgcolor": theme.paper,
        "plot_bgcolor": theme.paper,
        "font": {"family": palette.FONT, "size": _SIZE, "color": theme.ink},
        "xaxis": {**axis, "range": [-1, placed.width + 1], **(dates if ticks else {})},
        "yaxis": {**axis, "range": [plot + 1, -1]},
        "shapes": _regions(kindred, placed, theme),
        "hovermode": "closest",
        "hoverdistance": 14,
        "hoverlabel": palette.hoverlabel(theme),
        "dragmode": "pan",
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1 + above / plot, "yanchor": "bottom", "yref": "paper",
            "entrywidth": _LEGEND_ENTRY - 48, "entrywidthmode": "pixels", "font": {"size": _SIZE, "color": theme.ink},
            "bgcolor": "rgba(0,0,0,0)", "itemsizing": "trace", "itemdoubleclick": False,
        },
        "meta": {"width": width, "entries": entries},
    }  # fmt: skip


# Families


def _regions(kindred: Kindred, placed: Arrangement, theme: palette.Theme) -> list[dict[str, Any]]:
    out = []
    for number, family in enumerate(kindred.by_size()):
        if family in placed.boxes:
            colour = palette.family_colour(number)
            fill, line = palette.rgba(colour, theme.fill), {"color": palette.rgba(colour, 0.75), "width": 1.5}
            out.append(
                {
                    "type": "path",
                    "path": _rounded(*placed.boxes[family]),
                    "fillcolor": fill,
                    "line": line,
                    "layer": "below",
                    "name": str(number),
                }
            )
    if placed.alone:
        line = {"color": palette.rgba(theme.lone, 0.45), "width": 1}
        out.append(
            {
                "type": "path",
                "path": _rounded(*placed.alone),
                "fillcolor": palette.rgba(theme.lone, 0.05),
                "line": line,
                "layer": "below",
                "name": "-1",
            }
        )
    return out


def _rounded(left: float, top: float, right: float, bottom: float, r: float = 12) -> str:
    return (
        f"M{left + r:g},{top:g} L{right - r:g},{top:g} Q{right:g},{top:g} {right:g},{top + r:g} "
        f"L{right:g},{bottom - r:g} Q{right:g},{bottom:g} {right - r:g},{bottom:g} "
        f"L{left + r:g},{bottom:g} Q{left:g},{bottom:g} {left:g},{bottom - r:g} "
        f"L{left:g},{top + r:g} Q{left:g},{top:g} {left + r:g},{top:g} Z"
    )


def headings(kindred: Kindred, placed: Arrangement, theme: palette.Theme) -> Iterable[dict[str, Any]]:
    """Titles of the families, and of those in none; ``meta`` has their places in the order of size, -1 for the last."""
    x, y, text, said, colours, numbers = [], [], [], [], [], []
    for number, family in enumerate(kindred.by_size()):
        if family not in placed.boxes:
            continue
        left, top, right, _ = placed.boxes[family]
        members = kindred.members(family)
        name, tail = _heading(str(kindred.families[family].get("caption") or family), members, right - left - 36)
        x.append(left + 18)
        y.append(top + 17)
        text.append(f"{_NBSP}<b>{name}</b>{tail}")
        said.append(hover.family(kindred.families[family], members))
        colours.append(palette.family_colour(number))
        numbers.append(number)
    if placed.alone:
        x.append(placed.alone[0] + 18)
        y.append(placed.alone[1] + 17)
        text.append(f"{_NBSP}<b>{placed.heading}</b>  {numerals.count(placed.lone, 'generator')}")
        said.append(_ALONE.get(placed.heading, placed.heading))
        colours.append(theme.lone)
        numbers.append(-1)
    if x:
        marker = {"symbol": "square", "size": 9, "color": colours}
        made = trace(
            "headings",
            x,
            y,
            mode="markers+text",
            text=text,
            hovertext=said,
            marker=marker,
            textposition="middle right",
            textfont={"size": 14, "color": theme.ink},
        )
        yield {**made, "meta": {**made["meta"], "families": numbers}}


_ALONE = {"without relatives": "neither kin nor declared relatives are registered"}


def _heading(title: str, members: int, room: float) -> tuple[str, str]:
    """The title and how many members, as much of both as there is room for."""
    wide = int(room / _HEADING)
    tail = f"  {numerals.count(members, 'generator')}"
    if columns(shown(title)) + columns(tail) > wide:
        tail = f"  {members}"
    return label(title, max(wide - columns(tail), 4), lines=1), tail


# Generators


def _nodes(kindred: Kindred, placed: Arrangement, theme: palette.Theme) -> Iterable[dict[str, Any]]:
    colours = node_colours(kindred, theme)
    derivations: dict[str, list[str]] = defaultdict(list)
    for edge in kindred.derived:
        derivations[edge.start].append(hover.derivation(edge.facts, str(kindred.nodes[edge.end]["name"])))
    groups: dict[str, list[str]] = defaultdict(list)
    for key, node in kindred.nodes.items():
        groups[kind_of(node)].append(key)
    for kind in KINDS:
        keys = groups[kind]
        if not keys:
            continue
        made = node_trace(kind, theme)
        made["marker"]["color"] = [theme.paper if kind == "stub" else colours[k] for k in keys]
        said = [told(kindred.nodes[k], derivations[k]) for k in keys]
        text = [caption(kindred.nodes[k]) if placed.labelled else "" for k in keys]
        x, y = zip(*(placed.spots[k] for k in keys), strict=True)
        yield {**made, "x": list(x), "y": list(y), "text": text, "hovertext": said}


def node_trace(kind: str, theme: palette.Theme) -> dict[str, Any]:
    """How nodes of a kind are drawn; a trace that still has no points."""
    name, symbol, size = KINDS[kind]
    faint = kind in ("stub", "ancestor")
    rim = theme.faint if kind == "stub" else theme.ink if kind in ("jpeg", "traced") else theme.paper
    marker = {
        "symbol": symbol,
        "size": size,
        "line": {"width": 2 if kind == "stub" else 1.5, "color": rim},
        "opacity": 1,
    }
    font = {"size": _SIZE, "color": theme.faint if faint else theme.ink}
    return trace(
        "nodes", [], [], mode="markers+text", name=name, showlegend=True, textposition="middle right", textfont=font,
        marker=marker,
    )  # fmt: skip


def node_colours(kindred: Kindred, theme: palette.Theme) -> dict[str, str]:
    """Colour of each node by its family."""
    colour = {f: palette.family_colour(i) for i, f in enumerate(kindred.by_size())}
    return {
        k: palette.TRACED if n["label"] == "Traced" else colour.get(str(n.get("family")), theme.lone)
        for k, n in kindred.nodes.items()
    }


def told(node: Any, derivations: list[str]) -> str:
    """What a hover over a node says."""
    tell = {"Ancestor": hover.ancestor, "Traced": hover.traced}.get(node["label"], hover.generator)
    return tell(node, derivations)


def caption(node: Any) -> str:
    """What is written beside a node."""
    space = _NBSP if node["label"] == "Traced" else ""  # its symbol is wide
    return space + label("shared ancestor" if node["label"] == "Ancestor" else str(node["name"]), _TEXT)


KINDS = {
    "generator": ("generator", "circle", 14),
    "jpeg": ("JPEG-marked", "circle-x", 14),
    "stub": ("no images", "circle", 12),
    "ancestor": ("shared ancestor", "diamond", 14),
    "traced": ("traced, unknown", "star", 21),
}
ARRANGEMENTS = {"generation": arrange, "time": timeline}


def kind_of(node: Any) -> str:
    """Which of :data:`KINDS` a node is."""
    if node["label"] != "Generator":
        return "ancestor" if node["label"] == "Ancestor" else "traced"
    if not node.get("observed", True):
        return "stub"
    return "jpeg" if node.get("jpeg") else "generator"
