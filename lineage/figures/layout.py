"""Where things are drawn, in pixels, the same on every run: families are boxes packed largest first, each holding its
tree from the roots down, siblings by date; what has no relatives stands in a tidy grid below.

Labels stand to the right of their node. A tree's edges run down a trunk under the parent and along the free strip
above each row, so that none crosses a label.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from difreg.lineage.figures.kindred import Kindred

CELL, ROW, INDENT, PAD, HEAD, GAP = 160.0, 46.0, 22.0, 14.0, 30.0, 16.0
DOT = 12.0  # from a cell's left edge to its node
RADIUS = 8.0
_SHARES = (0.3, 0.4, 0.5, 0.62, 0.75, 0.87, 1.0)  # of the width, tried for families; the least height wins

Point = tuple[float, float]


@dataclass
class Block:
    """Nodes placed relative to the upper left corner of a box."""

    width: float = 0
    height: float = 0
    spots: dict[str, Point] = field(default_factory=dict)
    boxes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)

    def put(self, other: Block, x: float, y: float) -> None:
        """Take in ``other``, its corner at (x, y)."""
        self.spots |= {k: (a + x, b + y) for k, (a, b) in other.spots.items()}
        self.boxes |= {k: (a + x, b + y, c + x, d + y) for k, (a, b, c, d) in other.boxes.items()}
        self.width, self.height = max(self.width, x + other.width), max(self.height, y + other.height)


@dataclass(frozen=True)
class Arrangement:
    """A drawing: y grows downwards.

    ``boxes`` are (left, top, right, bottom) by family, ``alone`` that of those in none, which ``heading`` titles;
    ``ticks`` are years at their places. Edges that are not ``routed`` are bows.
    """

    width: float
    height: float
    spots: dict[str, Point]
    boxes: dict[str, tuple[float, float, float, float]]
    alone: tuple[float, float, float, float] | None
    lone: int
    above: dict[str, str]
    lanes: dict[str, int]
    heading: str = "without relatives"
    ticks: tuple[tuple[float, str], ...] = ()
    labelled: bool = True
    routed: bool = True

    def route(self, child: str, parent: str, kindred: Kindred) -> list[Point] | None:
        """The way from a child up to a parent that no label is on, or None where they are drawn far apart.

        Under the parent it goes up the parent's trunk, else up a lane at the side of the parent's family.
        """
        if not self.routed:
            return None
        (cx, cy), (px, py) = self.spots[child], self.spots[parent]
        home, away = kindred.unit[parent], kindred.unit[child]
        strip = cy - ROW / 2
        if kindred.parent.get(child) == parent and (
            home == away or (home == parent and self.above.get(away) == parent)
        ):
            return [(cx, cy - RADIUS), (cx, strip), (px, strip), (px, py + RADIUS)]
        if home in self.boxes and (home == away or self.above.get(away) == home):
            shift, aside = 4.0 * self.lanes.get(parent, 0), 4 if home == away else 0
            lane, over = self.boxes[home][0] + 5 + shift, py - ROW / 2 + 5 - shift / 2
            strip += shift if home != away else -2
            start = [(cx - aside, cy - RADIUS), (cx - aside, strip), (lane, strip)]
            return [*start, (lane, over), (px - 4, over), (px - 4, py - RADIUS)]
        return None

    def beside(self, one: str, two: str) -> list[Point] | None:
        """The way between two in one row, along the strip above it."""
        (ax, ay), (bx, by) = sorted((self.spots[one], self.spots[two]))
        if ay != by or not self.routed:
            return None
        strip = ay - ROW / 2 + 4
        return [(ax + 4, ay - RADIUS), (ax + 4, strip), (bx - 4, strip), (bx - 4, by - RADIUS)]


def arrange(kindred: Kindred, width: float) -> Arrangement:
    """Place everything in ``width`` pixels, as low as the families' shapes allow."""
    tries = (_arrange(kindred, width, width * share) for share in _SHARES if width * share >= CELL + 2 * PAD)
    return min(tries, key=lambda a: (max(a.width, width), a.height))


def _arrange(kindred: Kindred, width: float, room: float) -> Arrangement:
    above = _above(kindred)
    below: dict[str, list[str]] = defaultdict(list)
    for unit, over in above.items():
        below[over].append(unit)
    units = sorted(
        set(kindred.unit.values()), key=lambda u: (u not in kindred.families, -kindred.members(u), _order(kindred, u))
    )
    roots = [u for u in units if u not in above]
    lone = [u for u in roots if u not in kindred.families and not below[u]]
    page = Block(width=0)
    blocks = [_grown(kindred, u, below, room, width) for u in roots if u not in lone]
    _pack(page, blocks, width)
    box = None
    if lone:
        top = page.height + (GAP if blocks else 0)
        cells = _shelves([(_cell(u), False) for u in sorted(lone, key=lambda u: _order(kindred, u))], width - 2 * PAD)
        page.put(cells, PAD, top + HEAD)
        page.height += PAD / 2
        page.width = max(page.width, width)
        box = (0.0, top, page.width, page.height)
    return Arrangement(
        max(page.width, width), page.height, page.spots, page.boxes, box, len(lone), above, _lanes(kindred, above)
    )


def _above(kindred: Kindred) -> dict[str, str]:
    """Of each family or lone generator, the one it is drawn under: where most of its parents outside are."""
    outside: dict[str, Counter[str]] = defaultdict(Counter)
    for child, parent in kindred.parent.items():
        if kindred.unit[child] != kindred.unit[parent]:
            outside[kindred.unit[child]][kindred.unit[parent]] += 1
    out: dict[str, str] = {}
    for unit in sorted(outside):
        over = min(outside[unit], key=lambda u: (-outside[unit][u], u))
        line = [over]
        while line[-1] in out:
            line.append(out[line[-1]])
        if unit not in line:
            out[unit] = over
    return out


def _lanes(kindred: Kindred, above: Mapping[str, str]) -> dict[str, int]:
    """Of each parent reached from the side of its family, which of four lanes leads to it."""
    out: dict[str, int] = {}
    used: Counter[str] = Counter()
    for edge in (*kindred.derived, *kindred.declared):
        home, away = kindred.unit[edge.end], kindred.unit[edge.start]
        aside = above.get(away) == home or (home == away and kindred.parent.get(edge.start) != edge.end)
        if home in kindred.families and aside and edge.end not in out:
            out[edge.end] = used[home] % 4
            used[home] += 1
    return out


def _grown(kindred: Kindred, unit: str, below: Mapping[str, Sequence[str]], room: float, width: float) -> Block:
    """A family or generator with all that is drawn under it."""
    body = _family(kindred, unit, room) if unit in kindred.families else _cell(unit)
    under = sorted(below.get(unit, ()), key=lambda u: _order(kindred, u))
    fits = max(min(room, width) - INDENT, CELL)
    kids = [(_grown(kindred, u, below, fits, width), u in kindred.families or bool(below.get(u))) for u in under]
    return _tree(body, kids, fits, indent=unit in kindred.families or any(u in kindred.families for u in under))


def _family(kindred: Kindred, family: str, room: float) -> Block:
    """A family's box: its heading, and its trees."""
    inside = [k for k, u in kindred.unit.items() if u == family]
    children: dict[str, list[str]] = defaultdict(list)
    for child in inside:
        if kindred.unit.get(kindred.parent.get(child, "")) == family:
            children[kindred.parent[child]].append(child)
    below = {child for group in children.values() for child in group}
    fits = max(room - 2 * PAD, CELL)

    def grow(node: str, fits: float) -> tuple[Block, bool]:
        kids = sorted(children[node], key=lambda k: _order(kindred, k))
        return _tree(_cell(node), [grow(k, max(fits - INDENT, CELL)) for k in kids], fits), bool(kids)

    roots = sorted((k for k in inside if k not in below), key=lambda k: _order(kindred, k))
    trees = _shelves([grow(k, fits) for k in roots], fits)
    block = Block()
    block.put(trees, PAD + 4, HEAD)
    block.width, block.height = max(block.width + PAD, CELL + 2 * PAD), block.height + PAD / 2
    block.boxes[family] = (0, 0, block.width, block.height)
    return block


def _tree(body: Block, kids: Sequence[tuple[Block, bool]], room: float, *, indent: bool = False) -> Block:
    """``body`` with its children below: leaves in rows first, then those that have children themselves."""
    if not kids:
        return body
    shelves = _shelves(kids, room)
    one_row = len({round(top) for _, _, top in _placed(kids, room)}) == 1
    out = Block()
    out.put(body, 0, 0)
    out.put(shelves, 0 if one_row and not indent else INDENT, body.height + (GAP / 2 if body.boxes else 0))
    return out


def _shelves(blocks: Sequence[tuple[Block, bool]], room: float) -> Block:
    out = Block()
    for block, x, y in _placed(blocks, room):
        out.put(block, x, y)
    return out


def _placed(blocks: Sequence[tuple[Block, bool]], room: float) -> list[tuple[Block, float, float]]:
    """Blocks in rows of at most ``room``; each row starts either with leaves or with trees, never mixed."""
    out: list[tuple[Block, float, float]] = []
    top = 0.0
    for deep in (False, True):
        x = height = 0.0
        group = [b for b, is_deep in blocks if is_deep is deep]
        room_here = _even(len(group), room) if not deep else room
        for block in group:
            if x and x + block.width > room_here:
                x, top, height = 0.0, top + height, 0.0
            out.append((block, x, top))
            x, height = (
                x + block.width + (GAP if block.boxes else 0),
                max(height, block.height + (GAP if block.boxes else 0)),
            )
        top += height
    return out


def _even(leaves: int, room: float) -> float:
    """The width at which rows of leaves are equally long."""
    most = max(int(room // CELL), 1)
    rows = -(-leaves // most)
    return -(-leaves // rows) * CELL if rows else room


def _cell(key: str) -> Block:
    return Block(CELL, ROW, {key: (DOT, ROW / 2)})


def _order(kindred: Kindred, key: str) -> tuple[Any, ...]:
    """Ancestors and bases first, then by date, then by name; families by the name they have."""
    node = kindred.nodes.get(key)
    if node is None:
        return (0, "", key)
    date = str(node.get("released") or node.get("not_before") or "9999")
    return (0 if node["label"] == "Ancestor" else 1 if node.get("base") else 2, date, str(node["name"]))


def _pack(page: Block, blocks: Iterable[Block], width: float) -> None:
    """Put each block at the highest place where it fits, the leftmost of these."""
    sky: list[tuple[float, float, float]] = [(0, width, 0)]  # (left, right, free from here down)
    for block in blocks:
        wide, high = min(block.width, width), block.height
        y, x = min((_rest(sky, left, left + wide), left) for left, _, _ in sky if left + wide <= width + 0.5)
        page.put(block, x, y)
        cut = [
            (a, b, d)
            for left, right, d in sky
            for a, b in ((left, min(right, x)), (max(left, x + wide + GAP), right))
            if a < b
        ]
        sky = sorted([*cut, (x, min(x + wide + GAP, width), y + high + GAP)])


def _rest(sky: Sequence[tuple[float, float, float]], left: float, right: float) -> float:
    return max(down for a, b, down in sky if a < right and b > left)
