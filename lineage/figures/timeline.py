"""Where things are drawn along time: a band a family, dates to the right, lanes so that no label is on another.

What has no date stands in a column of its own at the right. Large lineages are drawn as dots without labels.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from difreg.lineage.figures.kindred import Kindred
from difreg.lineage.figures.layout import CELL, DOT, HEAD, PAD, Arrangement, Point
from difreg.lineage.figures.markup import columns, label

LABELLED = 300  # more nodes than this are dots
_LANE, _DOT_LANE, _DOT, _GLYPH, _SPACE, _TICK = 36.0, 11.0, 10.0, 7.2, 10.0, 46.0
_TEXT = int((CELL - 28) // _GLYPH)


def year(node: Mapping[str, Any]) -> float | None:
    """When a generator was released, else not before when it was made, in years; None where neither is known."""
    text = str(node.get("released") or node.get("not_before") or "")
    try:
        parts = [int(p) for p in text.split("-")[:3]]
    except ValueError:
        return None
    whole, month, day = [*parts, 1, 1][:3] if len(parts) < 3 else parts
    return whole + (month - 1) / 12 + (day - 1) / 372


def timeline(kindred: Kindred, width: float) -> Arrangement:
    """Place everything in ``width`` pixels."""
    labelled = len(kindred.nodes) <= LABELLED
    years = {k: year(n) for k, n in kindred.nodes.items()}
    known = [y for y in years.values() if y is not None]
    first, last = (math.floor(min(known)), math.floor(max(known)) + 1) if known else (0, 1)
    left, right, aside = _zones(width, labelled, bool(known), len(known) < len(years))
    scale = (right - left) / (last - first)
    bands: dict[str | None, list[str]] = defaultdict(list)
    for key, unit in kindred.unit.items():
        bands[unit if unit in kindred.families else None].append(key)
    spots: dict[str, Point] = {}
    boxes: dict[str, tuple[float, float, float, float]] = {}
    alone, top = None, 0.0
    lane = _LANE if labelled else _DOT_LANE
    for family in [*(f for f in kindred.by_size() if f in bands), *([None] if None in bands else [])]:
        xs: dict[str, float] = {}
        for number, key in enumerate(sorted(k for k in bands[family] if years[k] is None)):
            across = max(int((width - PAD - aside) // _DOT), 1)
            xs[key] = aside + (0 if labelled else number % across * _DOT)
        xs |= {k: left + (y - first) * scale for k in bands[family] if (y := years[k]) is not None}
        ends: list[float] = []
        for key in sorted(xs, key=lambda k: (xs[k], str(kindred.nodes[k]["name"]))):
            wide = _DOT / 2 if not labelled else _SPACE + _GLYPH * _longest(kindred.nodes[key])
            row = next((r for r, end in enumerate(ends) if end <= xs[key] - _DOT / 2), len(ends))
            ends[row:] = [xs[key] + wide + (_SPACE if labelled else 0), *ends[row + 1 :]]
            spots[key] = (xs[key], top + HEAD + lane * (row + 0.5))
        box = (0.0, top, width, top + HEAD + lane * len(ends) + PAD / 2)
        if family is None:
            alone = box
        else:
            boxes[family] = box
        top = box[3] + _SPACE
    step = max(math.ceil(_TICK / scale), 1) if known else 1
    ticks = [(left + (y - first) * scale, str(y)) for y in range(first, last + 1, step)] if known else []
    ticks += [(aside, "no date")] if known and len(known) < len(years) else []
    rest = sum(kindred.nodes[k]["label"] == "Generator" for k in bands.get(None, ()))
    return Arrangement(
        width, top, spots, boxes, alone, rest, {}, {}, "in no family", tuple(ticks), labelled=labelled, routed=False
    )


def _zones(width: float, labelled: bool, dated: bool, undated: bool) -> tuple[float, float, float]:
    """Left and right end of the axis, and where the column of what has no date begins."""
    left = PAD + DOT
    if not dated:
        return left, width, left
    column = CELL if labelled else width / 8
    aside = width - column - PAD / 2
    return left, (aside - 40 if undated else width - (CELL if labelled else 2 * PAD)), aside + DOT


def _longest(node: Mapping[str, Any]) -> int:
    name = "shared ancestor" if node["label"] == "Ancestor" else str(node["name"])
    return max(columns(line) for line in label(name, _TEXT).split("<br>"))
