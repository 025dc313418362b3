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
from difreg.lineage.figures.markup import columns, label, plain
from difreg.names import shown

if TYPE_CHECKING:
    import networkx as nx
    import plotly.graph_objects as go

WIDE, NARROW = 1180, 364
_SIZE, _GLYPH, _HEADING = 12, 7.2, 8.6  # pixels: size of text, width of a letter in labels and in headings
_TEXT = int((CELL - 28) // _GLYPH)
_SIDE, _TOP, _LEGEND_ROW, _LEGEND_ENTRY = 8, 14, 29, 145
_NBSP = "\u00a0"


def lineage_figure(graph: nx.MultiDiGraph[str], *, dark: bool = False, width: int = WIDE) -> go.Figure:
    """Draw the lineage.

    Parameters
    ----------
    graph
        As :meth:`difreg.Registry.lineage` gives it.
    width
        Pixels to lay out for; the height follows. Wider containers only spread it.

    Returns
    -------
    A figure whose traces' ``meta`` says what they hold: ``{"kind": "derived" | "declared" | "kin" | "nodes" | ...}``.
    """
    import plotly.graph_objects as go

    kindred = read(graph)
    placed = arrange(kindred, width)
    theme = palette.theme(dark)
    traces = [*kin_edges(kindred, placed, theme), *ancestry(kindred, placed, theme), *_headings(kindred, placed, theme)]
    traces += _nodes(kindred, placed, theme)
    entries = sum(bool(t.get("showlegend")) for t in traces)
    rows = math.ceil(entries / max((width - 2 * _SIDE) // _LEGEND_ENTRY, 1))
    margin = {"l": _SIDE, "r": _SIDE, "t": _TOP // 2 + rows * _LEGEND_ROW, "b": _SIDE, "pad": 0, "autoexpand": False}
    height = max(placed.height, 60) + margin["t"] + margin["b"]
    return go.Figure(data=traces, layout=_layout(kindred, placed, theme, margin, height, width))


def _layout(
    kindred: Kindred, placed: Arrangement, theme: palette.Theme, margin: dict[str, Any], height: float, width: int
) -> dict[str, Any]:
    axis = {"visible": False, "fixedrange": False, "zeroline": False, "showgrid": False}
    plot = height - margin["t"] - margin["b"]
    return {
        "template": "none",
        "height": round(height),
        "margin": margin,
        "paper_bgcolor": theme.paper,
        "plot_bgcolor": theme.paper,
        "font": {"family": palette.FONT, "size": _SIZE, "color": theme.ink},
        "xaxis": {**axis, "range": [-1, placed.width + 1]},
        "yaxis": {**axis, "range": [plot + 1, -1]},
        "shapes": _regions(kindred, placed, theme),
        "hovermode": "closest",
        "hoverdistance": 14,
        "hoverlabel": palette.hoverlabel(theme),
        "dragmode": "pan",
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "yref": "paper",
            "entrywidth": _LEGEND_ENTRY - 48, "entrywidthmode": "pixels", "font": {"size": _SIZE, "color": theme.ink},
            "bgcolor": "rgba(0,0,0,0)", "itemsizing": "trace", "itemdoubleclick": False,
        },
        "meta": {"width": width, "generators": sum(n["label"] == "Generator" for n in kindred.nodes.values())},
    }  # fmt: skip


# Families


def _by_size(kindred: Kindred) -> list[str]:
    return sorted(kindred.families, key=lambda f: (-kindred.members(f), f))


def _regions(kindred: Kindred, placed: Arrangement, theme: palette.Theme) -> list[dict[str, Any]]:
    out = []
    for number, family in enumerate(_by_size(kindred)):
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
                    "name": plain(family),
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


def _headings(kindred: Kindred, placed: Arrangement, theme: palette.Theme) -> Iterable[dict[str, Any]]:
    x, y, text, said, colours = [], [], [], [], []
    for number, family in enumerate(_by_size(kindred)):
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
    if placed.alone:
        x.append(placed.alone[0] + 18)
        y.append(placed.alone[1] + 17)
        text.append(f"{_NBSP}<b>without relatives</b>  {numerals.count(placed.lone, 'generator')}")
        said.append("neither kin nor declared relatives are registered")
        colours.append(theme.lone)
    if x:
        marker = {"symbol": "square", "size": 9, "color": colours}
        yield trace(
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


def _heading(title: str, members: int, room: float) -> tuple[str, str]:
    """The title and how many members, as much of both as there is room for."""
    wide = int(room / _HEADING)
    tail = f"  {numerals.count(members, 'generator')}"
    if columns(shown(title)) + columns(tail) > wide:
        tail = f"  {members}"
    return label(title, max(wide - columns(tail), 4), lines=1), tail


# Generators


def _nodes(kindred: Kindred, placed: Arrangement, theme: palette.Theme) -> Iterable[dict[str, Any]]:
    colour = {f: palette.family_colour(i) for i, f in enumerate(_by_size(kindred))}
    derivations: dict[str, list[str]] = defaultdict(list)
    for edge in kindred.derived:
        derivations[edge.start].append(hover.derivation(edge.facts, str(kindred.nodes[edge.end]["name"])))
    groups: dict[str, list[str]] = defaultdict(list)
    for key, node in kindred.nodes.items():
        groups[_kind(node)].append(key)
    for kind, (name, symbol, size) in _KINDS.items():
        keys = groups[kind]
        if not keys:
            continue
        nodes = [kindred.nodes[k] for k in keys]
        colours = [colour.get(str(n.get("family")), theme.lone) for n in nodes]
        tell = hover.ancestor if kind == "ancestor" else hover.generator
        hollow = kind == "stub"
        ink = theme.faint if kind in ("stub", "ancestor") else theme.ink
        rim = theme.faint if hollow else theme.ink if kind == "jpeg" else theme.paper
        yield trace(
            "nodes", [placed.spots[k][0] for k in keys], [placed.spots[k][1] for k in keys],
            mode="markers+text", name=name, showlegend=True, text=[label(_called(n), _TEXT) for n in nodes],
            hovertext=[tell(n, derivations[k]) for k, n in zip(keys, nodes, strict=True)],
            textposition="middle right", textfont={"size": _SIZE, "color": ink},
            marker={
                "symbol": symbol, "size": size, "color": [theme.paper] * len(keys) if hollow else colours,
                "line": {"width": 2 if hollow else 1.5, "color": rim},
                "opacity": 1,
            },
        )  # fmt: skip


_KINDS = {
    "generator": ("generator", "circle", 14),
    "jpeg": ("JPEG-marked", "circle-x", 14),
    "stub": ("no images", "circle", 12),
    "ancestor": ("shared ancestor", "diamond", 14),
}


def _kind(node: Any) -> str:
    if node["label"] == "Ancestor":
        return "ancestor"
    if not node.get("observed", True):
        return "stub"
    return "jpeg" if node.get("jpeg") else "generator"


def _called(node: Any) -> str:
    return "shared ancestor" if node["label"] == "Ancestor" else str(node["name"])
