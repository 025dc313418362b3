"""The nodes and relationships of an answer as a Plotly figure: each joined part laid out apart, parts in rows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from difreg.errors import InputError
from difreg.lineage.figures import palette
from difreg.lineage.figures.edges import trace
from difreg.lineage.figures.markup import label, paragraph, plain
from difreg.lineage.figures.stress import stress_layout

if TYPE_CHECKING:
    import networkx as nx
    import plotly.graph_objects as go

MOST_NODES, MOST_EDGES = 500, 5000
_SPACING, _MARGIN, _LABEL = 110, 70, 16
_SYMBOLS = {"Generator": "circle", "Ancestor": "diamond", "Family": "square", "Fingerprint": "hexagon"}
_DASHES = {"DERIVED_FROM": "solid", "DECLARED_PARENT": "dot", "KIN": "dash", "CROSS_DETECTS": "longdashdot"}
_RETURN = 'Return some, as in: "MATCH p = (a)-[:KIN]-(b) RETURN p".'

Point = tuple[float, float]


def collect(rows: Iterable[Mapping[str, Any]]) -> nx.MultiDiGraph[str]:
    """Every node and relationship in the rows of an answer, once, with its properties.

    A node that an answer only names, as an end of a relationship, has its name and its label alone.

    Raises
    ------
    InputError
        If there is nothing to draw, or more than a drawing can show.
    """
    import networkx as nx

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for row in rows:
        for value in row.values():
            _take(graph, value)
    if not graph:
        raise InputError("The answer holds no nodes or relationships to draw.", _RETURN)
    if graph.number_of_nodes() > MOST_NODES or graph.number_of_edges() > MOST_EDGES:
        told = f"{graph.number_of_nodes()} nodes and {graph.number_of_edges()} relationships"
        hint = f"A drawing shows {MOST_NODES} and {MOST_EDGES} at most: ask for fewer, or give less --limit."
        raise InputError(f"The answer holds {told}.", hint)
    return graph


def _take(graph: nx.MultiDiGraph[str], value: Any) -> None:
    if isinstance(value, list | tuple):
        for item in value:
            _take(graph, item)
    elif isinstance(value, dict) and value.keys() == {"label", "properties"}:
        properties = value["properties"]
        name = properties.get("digest" if value["label"] == "Fingerprint" else "name", "")
        graph.add_node(f"{value['label']}:{name}", label=value["label"], **_facts(properties))
    elif isinstance(value, dict) and value.keys() == {"type", "start", "end", "properties"}:
        for key in (value["start"], value["end"]):
            if key not in graph:
                kind, _, name = key.partition(":")
                graph.add_node(key, label=kind, facts={"name": name})
        same = repr((value["type"], sorted(value["properties"].items())))
        graph.add_edge(value["start"], value["end"], key=same, type=value["type"], **_facts(value["properties"]))
    elif isinstance(value, dict):
        for item in value.values():
            _take(graph, item)


def _facts(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"facts": dict(properties)}


@dataclass(frozen=True)
class Edge:
    """A relationship as it is drawn: its polyline, from start to end."""

    type: str
    way: tuple[Point, ...]
    told: str
    probability: float | None


def subgraph_figure(graph: nx.MultiDiGraph[str], *, dark: bool = False, width: int) -> go.Figure:
    """Draw what :func:`collect` gave, ``width`` pixels wide; the same graph gives the same drawing."""
    import plotly.graph_objects as go

    theme = palette.theme(dark)
    spots, right, bottom = _laid_out(graph, width)
    edges = _edges(graph, spots)
    kinds = sorted(
        {e.type for e in edges}, key=lambda kind: (list(_DASHES).index(kind) if kind in _DASHES else 9, kind)
    )
    traces = [t for kind in kinds for t in _drawn(kind, [e for e in edges if e.type == kind], theme)]
    traces += _nodes(graph, spots, theme)
    axis = {"visible": False, "zeroline": False, "showgrid": False}
    text = {"family": palette.FONT, "size": 12, "color": theme.ink}
    layout = {
        "template": "none", "height": round(bottom + 60), "margin": {"l": 8, "r": 8, "t": 44, "b": 8},
        "paper_bgcolor": theme.paper, "plot_bgcolor": theme.paper, "font": text,
        "xaxis": {**axis, "range": [0, right]}, "yaxis": {**axis, "range": [bottom, 0]},
        "hovermode": "closest", "hoverdistance": 14, "dragmode": "pan",
        "hoverlabel": palette.hoverlabel(theme),
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"},
        "meta": {"width": width},
    }  # fmt: skip
    return go.Figure(data=traces, layout=layout)


# Where nodes lie


def _laid_out(graph: nx.MultiDiGraph[str], width: int) -> tuple[dict[str, Point], float, float]:
    """A place for every node, parts from the largest on in rows; and the right and lower edge."""
    import networkx as nx

    parts = sorted((sorted(part) for part in nx.weakly_connected_components(graph)), key=lambda p: (-len(p), p))
    spots: dict[str, Point] = {}
    left = top = row = right = 0.0
    for part in parts:
        across, down, places = _part(graph, part, width)
        if left and left + across > width:
            left, top, row = 0.0, top + row, 0.0
        spots |= {key: (left + x, top + y) for key, (x, y) in places.items()}
        left, row = left + across, max(row, down)
        right = max(right, left)
    return spots, max(right, width - 40.0), top + row


def _part(graph: nx.MultiDiGraph[str], keys: Sequence[str], width: int) -> tuple[float, float, dict[str, Point]]:
    """Size of a part, and the places of its nodes in it."""
    import networkx as nx

    if len(keys) == 1:
        return 2.0 * _MARGIN, _MARGIN, {keys[0]: (_MARGIN, _MARGIN / 2)}
    own: nx.Graph[str] = nx.Graph()
    own.add_nodes_from(keys)  # in their order, which decides the drawing
    own.add_edges_from(sorted((a, b) for a, b in graph.subgraph(keys).edges() if a != b))
    xs, ys = stress_layout(own).T.tolist()
    side = _SPACING * math.sqrt(len(keys))
    across = min(side, width - 2.0 * _MARGIN - 24)  # narrow windows get it taller instead
    scale = side / max(max(xs) - min(xs), max(ys) - min(ys), 1e-9)
    wide, high = scale * across / side, scale * side / across
    places = {
        k: (_MARGIN + (x - min(xs)) * wide, _MARGIN / 2 + (y - min(ys)) * high)
        for k, x, y in zip(keys, xs, ys, strict=True)
    }
    return (max(xs) - min(xs)) * wide + 2 * _MARGIN, (max(ys) - min(ys)) * high + _MARGIN, places


# Relationships


def _edges(graph: nx.MultiDiGraph[str], spots: Mapping[str, Point]) -> list[Edge]:
    """Relationships in an order of their own; several between the same two nodes bend apart."""
    beside: Counter[frozenset[str]] = Counter()
    out = []
    for start, end, key, held in sorted(graph.edges(keys=True, data=True), key=lambda e: e[:3]):
        number = beside[frozenset((start, end))]
        beside[frozenset((start, end))] += 1
        bend = (number + 1) // 2 * 22 * (1 if number % 2 else -1) * (1 if start < end else -1)
        probability = held["facts"].get("probability")
        known = float(probability) if isinstance(probability, int | float) and math.isfinite(probability) else None
        ends = " and " if held["type"] == "KIN" else " to "
        names = ends.join(f"<b>{plain(_called(graph, key))}</b>" for key in (start, end))
        told = _told(f"{plain(held['type'])}: {names}", held["facts"])
        out.append(Edge(held["type"], _way(spots[start], spots[end], bend), told, known))
    return out


def _way(start: Point, end: Point, bend: float) -> tuple[Point, ...]:
    """From rim to rim, along a bow that is ``bend`` pixels high; a loop above the node where both are one."""
    (ax, ay), (bx, by) = start, end
    if start == end:
        turns = (math.pi * k / 6 for k in range(-2, 9))
        return tuple((ax + 14 * math.cos(t), ay - 16 - 12 * math.sin(t)) for t in turns)
    dx, dy = bx - ax, by - ay
    length = math.hypot(dx, dy)
    rim = min(11 / length, 0.4)
    ts = (rim, 1 - rim) if not bend else [rim + (1 - 2 * rim) * k / 8 for k in range(9)]
    bow = [(t, 4 * bend * t * (1 - t) / length) for t in ts]
    return tuple((ax + dx * t - dy * b, ay + dy * t + dx * b) for t, b in bow)


def _drawn(kind: str, edges: Sequence[Edge], theme: palette.Theme) -> Iterable[dict[str, Any]]:
    """Lines of one type, their arrowheads, and the points that carry hovers."""
    colours = {"DERIVED_FROM": theme.descent, "DECLARED_PARENT": theme.declared, "KIN": theme.kin}
    colour = colours.get(kind, theme.faint)
    known = [e.probability for e in edges]
    points = [p for e in edges for p in (*e.way, (None, None))]
    along = [e.probability for e in edges for _ in range(len(e.way) + 1)]
    yield trace(
        "line", *_split(points), mode="lines", name=plain(kind, 40), legendgroup=plain(kind, 40), showlegend=True,
        line={"color": colour, "width": 1.8, "dash": _DASHES.get(kind, "solid")}, opacity=0.8, customdata=along,
        hoverinfo="skip",
    )  # fmt: skip
    if kind != "KIN":
        turns = [math.degrees(math.atan2(b[0] - a[0], a[1] - b[1])) for a, b in (e.way[-2:] for e in edges)]
        marker = {"symbol": "triangle-up", "size": 9, "color": colour, "angle": [round(t, 1) for t in turns]}
        ends = _split([e.way[-1] for e in edges])
        yield trace(
            "arrows",
            *ends,
            mode="markers",
            legendgroup=plain(kind, 40),
            marker=marker,
            customdata=known,
            hoverinfo="skip",
        )
    middles = _split([_middle(e.way) for e in edges])
    yield trace(
        "hover", *middles, mode="markers", legendgroup=plain(kind, 40), hovertext=[e.told for e in edges],
        marker={"size": 14, "color": colour, "opacity": 0}, customdata=known,
    )  # fmt: skip


def _middle(way: Sequence[Point]) -> Point:
    if len(way) % 2:
        return way[len(way) // 2]
    (ax, ay), (bx, by) = way[len(way) // 2 - 1 : len(way) // 2 + 1]
    return (ax + bx) / 2, (ay + by) / 2


def _split(points: Sequence[tuple[float | None, float | None]]) -> tuple[list[float | None], list[float | None]]:
    xs, ys = ([None if p[axis] is None else round(p[axis], 1) for p in points] for axis in (0, 1))  # type: ignore[arg-type]
    return xs, ys


# Nodes


def _nodes(graph: nx.MultiDiGraph[str], spots: Mapping[str, Point], theme: palette.Theme) -> Iterable[dict[str, Any]]:
    """Nodes by label, coloured by family: the most frequent of the answer first."""
    home = {key: _home(held) for key, held in graph.nodes(data=True)}
    counted = Counter(name for name in home.values() if name)
    order = sorted(counted, key=lambda name: (-counted[name], name))
    colour = {name: palette.family_colour(number) for number, name in enumerate(order)}
    groups: dict[str, list[str]] = defaultdict(list)
    for key, held in sorted(graph.nodes(data=True)):
        groups[held["label"]].append(key)
    for kind, keys in sorted(groups.items()):
        colours = [colour.get(home[key], theme.lone) for key in keys]
        hollow = [graph.nodes[key]["facts"].get("observed") is False for key in keys]
        fill = [theme.paper if empty else one for empty, one in zip(hollow, colours, strict=True)]
        yield trace(
            "nodes", *_split([spots[key] for key in keys]), mode="markers+text", name=plain(kind, 40), showlegend=True,
            text=[label(_called(graph, key), _LABEL) for key in keys], textposition="bottom center",
            textfont={"size": 12, "color": theme.ink},
            hovertext=[
                _told(f"<b>{plain(_called(graph, k))}</b> ({plain(kind)})", graph.nodes[k]["facts"]) for k in keys
            ],
            marker={
                "symbol": _SYMBOLS.get(kind, "circle"), "size": 15, "color": fill, "opacity": 1,
                "line": {"width": 1.8, "color": colours},
            },
        )  # fmt: skip


def _home(held: Mapping[str, Any]) -> str:
    return str(held["facts"].get("name" if held["label"] == "Family" else "family") or "")


def _called(graph: nx.MultiDiGraph[str], key: str) -> str:
    facts = graph.nodes[key]["facts"]
    return str(facts.get("caption") or facts.get("name") or facts.get("digest") or key)


def _told(head: str, facts: Mapping[str, Any]) -> str:
    """A heading that is ready, and every property as text."""
    lines = [
        f"{plain(name, 40)}: {paragraph(_value(value))}" for name, value in sorted(facts.items()) if name != "name"
    ]
    return "<br>".join([head, *lines])


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format(value, ".6g")
    return ", ".join(map(_value, value)) if isinstance(value, list | tuple) else str(value)
