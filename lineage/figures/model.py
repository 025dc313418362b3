"""What the lineage page draws from: columns of numbers and of names, and where everything lies at each width.

The words of hovers that every edge of kinship shares travel once, with places for the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from difreg.lineage.figures import edges as drawn
from difreg.lineage.figures import hover, palette
from difreg.lineage.figures.kindred import Kindred, read
from difreg.lineage.figures.layout import Arrangement
from difreg.lineage.figures.lineage import (
    ARRANGEMENTS,
    KINDS,
    NARROW,
    WIDE,
    caption,
    framed,
    headings,
    kind_of,
    node_colours,
    node_trace,
    told,
)
from difreg.lineage.figures.markup import plain
from difreg.lineage.figures.timeline import LABELLED, year
from difreg.names import shown

if TYPE_CHECKING:
    import networkx as nx


def model(graph: nx.MultiDiGraph[str], *, dark: bool = False) -> dict[str, Any]:
    """The lineage as plain data for ``lineage.js``, which names its parts."""
    kindred, theme = read(graph), palette.theme(dark)
    index = {key: number for number, key in enumerate(kindred.nodes)}
    places = {family: number for number, family in enumerate(kindred.by_size())}
    kinds = [kind_of(n) for n in kindred.nodes.values()]
    large = len(kindred.nodes) > LABELLED
    return {
        "large": large,
        "nodes": _nodes(kindred, index, places, theme),
        "edges": _edges(kindred, index),
        "families": [_family(kindred, f) for f in places],
        "kinds": {kind: node_trace(kind, theme) for kind in KINDS if kind in kinds},
        "strokes": {
            kind: {**vars(s), "colour": getattr(theme, s.colour)}
            for kind, s in drawn.STROKES.items()
            if kindred.edges[kind] or (kind == "kin" and kindred.implied)
        },
        "words": {"kin": hover.KIN, "derived": hover.DERIVED, "derivation": hover.DERIVATION},
        "theme": vars(theme),
        "figures": [
            _figure(kindred, index, axis, width, theme)
            for width in (NARROW, WIDE)
            for axis in ARRANGEMENTS
            if axis == "time" or not large  # a large lineage is outlined by the page, a family at a time
        ],
    }


def _nodes(
    kindred: Kindred, index: Mapping[str, int], places: Mapping[str, int], theme: palette.Theme
) -> dict[str, list[Any]]:
    nodes = kindred.nodes
    support = _support(kindred)
    colours = node_colours(kindred, theme)
    safe = {k: plain(str(n["name"])) for k, n in nodes.items()}
    return {
        "name": [str(n["name"]) for n in nodes.values()],
        "safe": [None if safe[k] == n["name"] else safe[k] for k, n in nodes.items()],
        "label": [None if (text := caption(n)) == safe[k] else text for k, n in nodes.items()],
        "kind": [kind_of(n) for n in nodes.values()],
        "told": [told(n, []) for n in nodes.values()],
        "unit": [places.get(kindred.unit[k], -1) for k in nodes],
        "family": [n.get("family") for n in nodes.values()],
        "released": [n.get("released") for n in nodes.values()],
        "not_before": [n.get("not_before") for n in nodes.values()],
        "images": [n.get("images") for n in nodes.values()],
        "reliability": [_short(n.get("reliability")) for n in nodes.values()],
        "year": [_short(year(n), 7) for n in nodes.values()],
        "support": [_short(support.get(k)) for k in nodes],
        "parent": [index.get(kindred.parent.get(k, "")) for k in nodes],
        "colour": [colours[k] for k in nodes],
    }


def _support(kindred: Kindred) -> dict[str, float]:
    """Support of the step that a node hangs by, else of its best held kinship."""
    out: dict[str, float] = {}
    for edge in (*kindred.kin, *kindred.implied):
        value = float(edge.facts.get("support") or 0)
        for key in (edge.start, edge.end):
            out[key] = max(out.get(key, 0.0), value)
    own = {e.start: e.facts["support"] for e in kindred.derived if e.facts.get("support") is not None}
    return out | own


def _edges(kindred: Kindred, index: Mapping[str, int]) -> dict[str, Any]:
    """All edges in the order of ``kinds``: derived, declared, kin, implied; ``told`` is of the first two."""
    every = [e for group in kindred.edges.values() for e in group]
    said = [[hover.step(e.facts), hover.reason(e.facts)] for e in kindred.derived]
    names = {k: str(n["name"]) for k, n in kindred.nodes.items()}
    said += [[hover.declared(e.facts, names[e.start], names[e.end])] for e in kindred.declared]
    kin = (*kindred.kin, *kindred.implied)
    return {
        "kinds": {kind: len(group) for kind, group in kindred.edges.items()},
        "start": [index[e.start] for e in every],
        "end": [index[e.end] for e in every],
        "probability": [_short(e.probability) for e in every],
        "support": [_short(e.facts.get("support")) for e in every],
        "stated": [int((e.start, e.end) in kindred.stated) for e in (*kindred.derived, *kindred.declared)],
        "told": said,
        **{key: [_short(e.facts.get(key)) for e in kin] for key in ("kinship", "low", "high", "likelihood_ratio")},
    }


def _family(kindred: Kindred, family: str) -> dict[str, Any]:
    facts = kindred.families[family]
    members = kindred.members(family)
    return {
        "name": family,
        "title": shown(str(facts.get("caption") or family)),
        "members": members,
        "told": hover.family(facts, members),
    }


def _figure(kindred: Kindred, index: Mapping[str, int], axis: str, width: int, theme: palette.Theme) -> dict[str, Any]:
    """One arrangement: what Plotly's layout is, and where nodes, boxes and the routed edges lie."""
    placed = ARRANGEMENTS[axis](kindred, width)
    entries = len({kind_of(n) for n in kindred.nodes.values()})
    entries += sum(bool(kindred.edges[kind]) for kind in drawn.STROKES)
    places = {family: number for number, family in enumerate(kindred.by_size())}
    return {
        "axis": axis,
        "labelled": placed.labelled,
        "layout": framed(kindred, placed, theme, width, entries),
        "spots": [[_tenth(x), _tenth(y)] for x, y in (placed.spots[k] for k in index)],
        "boxes": {places[f]: [_tenth(v) for v in box] for f, box in placed.boxes.items()},
        "headings": [{k: v for k, v in t.items() if k != "hovertext"} for t in headings(kindred, placed, theme)],
        "ways": _ways(kindred, placed),
    }


def _ways(kindred: Kindred, placed: Arrangement) -> list[list[list[float]] | None]:
    """Routes of the edges that have one, up to the last that is kin; the others are bows."""
    if not placed.routed:
        return []
    directed = [placed.route(e.start, e.end, kindred) for e in (*kindred.derived, *kindred.declared)]
    ways = [*directed, *(placed.beside(e.start, e.end) for e in kindred.kin)]
    return [None if way is None else [[_tenth(x), _tenth(y)] for x, y in way] for way in ways]


def _tenth(value: float) -> float:
    """To a tenth of a pixel, whole numbers without their point."""
    near = round(value, 1)
    return int(near) if near == int(near) else near


def _short(value: Any, digits: int = 6) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    near = float(f"{float(value):.{digits}g}")
    return int(near) if near == int(near) else near
