"""The lineage graph as a Plotly figure: families as soft regions, generators in the tree of their ancestry.

Every edge is a run of points whose ``customdata`` is its probability (None where images say nothing), and so are its
arrowhead and the invisible point that carries its hover: a page hides edges by filtering points.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from difreg import numerals
from difreg.lineage.figures import hover, palette
from difreg.lineage.figures.kindred import Edge, Kindred, read
from difreg.lineage.figures.layout import CELL, RADIUS, Arrangement, Point, arrange
from difreg.lineage.figures.markup import columns, label, plain
from difreg.names import shown

if TYPE_CHECKING:
    import networkx as nx
    import plotly.graph_objects as go

WIDE, NARROW = 1180, 364
_SIZE, _GLYPH, _HEADING = 12, 7.2, 8.6  # pixels: size of text, width of a letter in labels and in headings
_TEXT = int((CELL - 28) // _GLYPH)
_SIDE, _TOP, _LEGEND_ROW, _LEGEND_ENTRY = 8, 14, 29, 145
_BINS = ((0.999, 3.0, 1.0), (0.95, 2.3, 0.85), (0.5, 1.6, 0.65), (0.0, 1.1, 0.5))  # from this P on: width, opacity
_UNKNOWN = (1.6, 0.55)
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
    traces = [*_kin(kindred, placed, theme), *_ancestry(kindred, placed, theme), *_headings(kindred, placed, theme)]
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
        "hoverlabel": {"align": "left", "namelength": 0, "font": {"family": palette.FONT, "size": 13, "color": theme.ink}, "bgcolor": theme.paper, "bordercolor": theme.faint},
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
        f"M{left + r:g},{top:g} L{right - r:g},{top:g} Q{right:g},{top:g} {right:g},{top + r:g} L{right:g},{bottom - r:g} "
        f"Q{right:g},{bottom:g} {right - r:g},{bottom:g} L{left + r:g},{bottom:g} Q{left:g},{bottom:g} {left:g},{bottom - r:g} "
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
        yield _trace(
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
        yield _trace(
            "nodes", [placed.spots[k][0] for k in keys], [placed.spots[k][1] for k in keys],
            mode="markers+text", name=name, showlegend=True, text=[label(_called(n), _TEXT) for n in nodes],
            hovertext=[tell(n, derivations[k]) for k, n in zip(keys, nodes, strict=True)],
            textposition="middle right", textfont={"size": _SIZE, "color": theme.faint if kind in ("stub", "ancestor") else theme.ink},
            marker={
                "symbol": symbol, "size": size, "color": [theme.paper] * len(keys) if hollow else colours,
                "line": {"width": 2 if hollow else 1.5, "color": theme.faint if hollow else theme.ink if kind == "jpeg" else theme.paper},
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


# Edges


def _ancestry(kindred: Kindred, placed: Arrangement, theme: palette.Theme) -> Iterable[dict[str, Any]]:
    def name(key: str) -> str:
        return str(kindred.nodes[key]["name"])

    told = [hover.derived(e.facts, name(e.start), name(e.end)) for e in kindred.derived]
    yield from _edges("derived", "derived from", kindred.derived, told, kindred, placed, theme.descent, "solid")
    told = [
        hover.declared(e.facts, name(e.start), name(e.end), "declared only: images or dates do not bear it out")
        for e in kindred.declared
    ]
    yield from _edges("declared", "only declared", kindred.declared, told, kindred, placed, theme.declared, "dot")


def _kin(kindred: Kindred, placed: Arrangement, theme: palette.Theme) -> Iterable[dict[str, Any]]:
    for kind, name, edges in (("kin", "kin, no direction", kindred.kin), ("implied", "kin implied", kindred.implied)):
        told = [hover.kin(e.facts, kindred.nodes[e.start], kindred.nodes[e.end]) for e in edges]
        for trace in _edges(kind, name, edges, told, kindred, placed, theme.kin, "dash"):
            yield {**trace, **({"visible": "legendonly"} if kind == "implied" else {})}


def _edges(
    kind: str,
    name: str,
    edges: Sequence[Edge],
    told: Sequence[str],
    kindred: Kindred,
    placed: Arrangement,
    colour: str,
    dash: str,
) -> Iterable[dict[str, Any]]:
    """Lines by probability, then arrowheads, then the points that carry hovers; one entry in the legend."""
    directed = kind in ("derived", "declared")
    ways = [_way(e, kindred, placed, directed) for e in edges]
    bins: dict[tuple[float, float], list[int]] = defaultdict(list)
    for number, edge in enumerate(edges):
        bins[_weight(edge.probability)].append(number)
    first = True
    for (width, opacity), numbers in sorted(bins.items(), reverse=True):
        x, y, p = _run([ways[n] for n in numbers], [edges[n].probability for n in numbers])
        if not directed:
            width, opacity = (1.4, max(opacity, 0.6)) if kind == "kin" else (0.8, 0.35)
        line = {"color": colour, "width": width, "dash": dash}
        yield _trace(
            kind,
            x,
            y,
            mode="lines",
            name=name,
            legendgroup=kind,
            showlegend=first,
            line=line,
            opacity=opacity,
            customdata=p,
            hoverinfo="skip",
        )
        first = False
    if not edges:
        return
    p = [e.probability for e in edges]
    if directed:
        turns = [math.atan2(b[0] - a[0], a[1] - b[1]) for a, b in (w[-2:] for w in ways)]
        ends = [(w[-1][0] - 4 * math.sin(t), w[-1][1] + 4 * math.cos(t)) for w, t in zip(ways, turns, strict=True)]
        angles = [round(math.degrees(t), 1) for t in turns]
        marker = {"symbol": "triangle-up", "size": 9, "color": colour, "angle": angles, "line": {"width": 0}}
        yield _trace(
            "arrows", *_split(ends), mode="markers", legendgroup=kind, marker=marker, customdata=p, hoverinfo="skip"
        )
    points = [_handle(w, directed) for w in ways]
    marker = {"size": 12, "color": colour, "opacity": 0}
    yield _trace(
        "hover", *_split(points), mode="markers", legendgroup=kind, marker=marker, customdata=p, hovertext=list(told)
    )


def _weight(probability: float | None) -> tuple[float, float]:
    if probability is None:
        return _UNKNOWN
    return next((width, opacity) for least, width, opacity in _BINS if probability >= least or least == 0)


def _way(edge: Edge, kindred: Kindred, placed: Arrangement, directed: bool) -> list[Point]:
    route = placed.route(edge.start, edge.end, kindred) if directed else placed.beside(edge.start, edge.end)
    return route or _arc(placed.spots[edge.start], placed.spots[edge.end])


def _arc(start: Point, end: Point, steps: int = 48) -> list[Point]:
    """A curve that leaves the straight line to the left of its way up, so that it passes beside what lies between."""
    (x0, y0), (x1, y1) = start, end
    far = math.hypot(x1 - x0, y1 - y0) or 1.0
    bulge = min(26.0, far / 3)
    mx, my = (x0 + x1) / 2 - abs(y1 - y0) / far * bulge, (y0 + y1) / 2 - abs(x1 - x0) / far * bulge
    ts = [i / steps for i in range(steps + 1)]
    points = [
        ((1 - t) ** 2 * x0 + 2 * t * (1 - t) * mx + t * t * x1, (1 - t) ** 2 * y0 + 2 * t * (1 - t) * my + t * t * y1)
        for t in ts
    ]
    return [p for p in points if math.dist(p, start) >= RADIUS and math.dist(p, end) >= RADIUS] or [start, end]


def _handle(way: Sequence[Point], directed: bool) -> Point:
    """Where the pointer finds an edge: on the part no sibling shares."""
    (ax, ay), (bx, by) = way[:2] if directed and len(way) < 8 else way[len(way) // 2 - 1 : len(way) // 2 + 1]
    return (ax + bx) / 2, (ay + by) / 2


def _run(
    ways: Iterable[Sequence[Point]], values: Iterable[float | None]
) -> tuple[list[float | None], list[float | None], list[float | None]]:
    """Polylines as one, a None between two."""
    x: list[float | None] = []
    y: list[float | None] = []
    p: list[float | None] = []
    for way, value in zip(ways, values, strict=True):
        x += [*(round(a, 1) for a, _ in way), None]
        y += [*(round(b, 1) for _, b in way), None]
        p += [value] * (len(way) + 1)
    return x, y, p


def _split(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [round(a, 1) for a, _ in points], [round(b, 1) for _, b in points]


_RANK = {"nodes": 1, "derived": 2, "declared": 3, "kin": 4, "implied": 5}


def _trace(kind: str, x: Sequence[float | None], y: Sequence[float | None], **more: Any) -> dict[str, Any]:
    base = {
        "type": "scatter",
        "x": list(x),
        "y": list(y),
        "meta": {"kind": kind},
        "showlegend": False,
        "cliponaxis": False,
        "legendrank": _RANK.get(kind, 9),
    }
    return {**base, **({} if "hoverinfo" in more else {"hoverinfo": "text"}), **more}
