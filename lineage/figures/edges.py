"""Edges as Plotly traces: a run of points an edge, an arrowhead, and an invisible point that carries its hover.

``customdata`` of every point is the probability of its edge (None where images say nothing).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from difreg.lineage.figures import hover, palette
from difreg.lineage.figures.kindred import Edge, Kindred
from difreg.lineage.figures.layout import RADIUS, Arrangement, Point

_BINS = ((0.999, 3.0, 1.0), (0.95, 2.3, 0.85), (0.5, 1.6, 0.65), (0.0, 1.1, 0.5))  # from this P on: width, opacity
_UNKNOWN = (1.6, 0.55)
_KIN = tuple((least, 1.4, max(opacity, 0.6)) for least, _, opacity in _BINS)


@dataclass(frozen=True)
class Stroke:
    """How edges of a kind are drawn: ``bins`` are (least probability, width, opacity), the likeliest first."""

    name: str
    colour: str  # a field of the theme
    dash: str
    bins: tuple[tuple[float, float, float], ...]
    unknown: tuple[float, float]
    directed: bool

    def weight(self, probability: float | None) -> tuple[float, float]:
        """Width and opacity of an edge."""
        if probability is None:
            return self.unknown
        return next((w, opacity) for least, w, opacity in self.bins if probability >= least or least == 0)


STROKES = {
    "derived": Stroke("derived from", "descent", "solid", _BINS, _UNKNOWN, True),
    "declared": Stroke("contradicted", "declared", "dot", _BINS, _UNKNOWN, True),
    "kin": Stroke("kin, no direction", "kin", "dash", _KIN, (1.4, 0.6), False),
    "implied": Stroke("kin implied", "kin", "dash", ((0.0, 0.8, 0.35),), (0.8, 0.35), False),
}
STATED, INFERRED, AGAINST = "triangle-up", "triangle-up-open", "x-thin-open"


def ancestry(kindred: Kindred, placed: Arrangement, theme: palette.Theme) -> Iterable[dict[str, Any]]:
    """What derives from what, and what is only declared to."""

    def name(key: str) -> str:
        return str(kindred.nodes[key]["name"])

    told = [hover.derived(e.facts, name(e.start), name(e.end)) for e in kindred.derived]
    yield from _edges("derived", kindred.derived, told, kindred, placed, theme)
    told = [hover.declared(e.facts, name(e.start), name(e.end)) for e in kindred.declared]
    yield from _edges("declared", kindred.declared, told, kindred, placed, theme)


def kin_edges(kindred: Kindred, placed: Arrangement, theme: palette.Theme) -> Iterable[dict[str, Any]]:
    """Kinship without direction; what the tree implies is hidden until asked for."""
    for kind, edges in (("kin", kindred.kin), ("implied", kindred.implied)):
        told = [hover.kin(e.facts, kindred.nodes[e.start], kindred.nodes[e.end]) for e in edges]
        for one in _edges(kind, edges, told, kindred, placed, theme):
            yield {**one, **({"visible": "legendonly"} if kind == "implied" else {})}


def _edges(
    kind: str,
    edges: Sequence[Edge],
    told: Sequence[str],
    kindred: Kindred,
    placed: Arrangement,
    theme: palette.Theme,
) -> Iterable[dict[str, Any]]:
    """Lines by probability, then arrowheads, then the points that carry hovers; one entry in the legend."""
    stroke = STROKES[kind]
    colour = getattr(theme, stroke.colour)
    ways = [_way(e, kindred, placed, stroke.directed) for e in edges]
    bins: dict[tuple[float, float], list[int]] = defaultdict(list)
    for number, edge in enumerate(edges):
        bins[stroke.weight(edge.probability)].append(number)
    first = True
    for (width, opacity), numbers in sorted(bins.items(), reverse=True):
        x, y, p = _run([ways[n] for n in numbers], [edges[n].probability for n in numbers])
        line = {"color": colour, "width": width, "dash": stroke.dash}
        yield trace(
            kind,
            x,
            y,
            mode="lines",
            name=stroke.name,
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
    if stroke.directed:
        turns = [math.atan2(b[0] - a[0], a[1] - b[1]) for a, b in (w[-2:] for w in ways)]
        ends = [(w[-1][0] - 4 * math.sin(t), w[-1][1] + 4 * math.cos(t)) for w, t in zip(ways, turns, strict=True)]
        angles = [round(math.degrees(t), 1) for t in turns]
        symbols = [STATED if (e.start, e.end) in kindred.stated else INFERRED for e in edges]
        marker = {"symbol": symbols, "size": 9, "color": colour, "angle": angles, "line": {"width": 0, "color": colour}}
        yield trace(
            "arrows", *_split(ends), mode="markers", legendgroup=kind, marker=marker, customdata=p, hoverinfo="skip"
        )
    points = [_handle(w, stroke.directed) for w in ways]
    marker = {"size": 12, "color": colour, "opacity": 0}
    if kind == "declared":
        marker = {"size": 8, "symbol": AGAINST, "color": colour, "line": {"width": 2, "color": colour}}
    yield trace(
        "hover", *_split(points), mode="markers", legendgroup=kind, marker=marker, customdata=p, hovertext=list(told)
    )


def _way(edge: Edge, kindred: Kindred, placed: Arrangement, directed: bool) -> list[Point]:
    ends = placed.spots[edge.start], placed.spots[edge.end]
    if directed:
        return placed.route(edge.start, edge.end, kindred) or _outside(_arc(*ends, steps=48))
    return placed.beside(edge.start, edge.end) or _arc(*ends, steps=8)


def _arc(start: Point, end: Point, steps: int) -> list[Point]:
    """A curve that leaves the straight line to the left of its way up, so that it passes beside what lies between."""
    (x0, y0), (x1, y1) = start, end
    far = math.hypot(x1 - x0, y1 - y0) or 1.0
    bulge = min(26.0, far / 3)
    mx, my = (x0 + x1) / 2 - abs(y1 - y0) / far * bulge, (y0 + y1) / 2 - abs(x1 - x0) / far * bulge
    weights = [((1 - t) ** 2, 2 * t * (1 - t), t * t) for t in (i / steps for i in range(steps + 1))]
    return [(a * x0 + b * mx + c * x1, a * y0 + b * my + c * y1) for a, b, c in weights]


def _outside(way: list[Point]) -> list[Point]:
    """``way`` without its parts under the nodes at its ends, so that an arrowhead is seen."""
    return [p for p in way if math.dist(p, way[0]) >= RADIUS and math.dist(p, way[-1]) >= RADIUS] or way


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


def trace(kind: str, x: Sequence[float | None], y: Sequence[float | None], **more: Any) -> dict[str, Any]:
    """A scatter trace whose ``meta`` says what it holds; its hovers, where it has any, are its ``hovertext``."""
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
