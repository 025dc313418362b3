"""The tree of similarity as a Plotly figure: generators in rows, groups joined at their distance, families in colour.

Nothing in it points anywhere: it shows what looks alike. What fewer than half of the replicates have is dotted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

from difreg import numerals
from difreg.lineage.answers import SimilarityTree, TreeGroup, TreeLeaf
from difreg.lineage.figures import palette
from difreg.lineage.figures.edges import trace
from difreg.lineage.figures.markup import columns, plain
from difreg.names import shown
from difreg.registry.fingerprints import RELIABLE

if TYPE_CHECKING:
    import plotly.graph_objects as go

WIDE, NARROW = 1180, 364
ROW, SIDE, TOP, FOOT, GLYPH, GAP = 19.0, 12, 40, 52, 6.9, 8
HALF = 0.5  # support below which a group is drawn as doubtful
_STEPS = (0.05, 0.1, 0.2, 0.25, 0.5)


@dataclass(frozen=True)
class Drawn:
    """Where things are: rows from above, depth from the root, both by number of leaf or group."""

    rows: list[float]
    depths: list[float]
    homes: list[str | None]  # the family all leaves under it are of
    order: list[int]  # leaves from above


def tree_figure(tree: SimilarityTree, *, dark: bool = False, width: int = WIDE) -> go.Figure:
    """Draw a tree of similarity.

    Parameters
    ----------
    tree
        As :meth:`difreg.Registry.similarity_tree` gives it.
    width
        Pixels to lay out for; the height follows from the number of generators.

    Returns
    -------
    A figure whose traces' ``meta`` says what they hold: ``{"kind": "branches" | "doubtful" | "groups" | "leaves"}``.
    """
    import plotly.graph_objects as go

    theme = palette.theme(dark)
    drawn = _placed(tree)
    names = [middle_cut(leaf.generator, 40 if width > 700 else 21) for leaf in tree.leaves]
    room = width - 2 * SIDE
    scale = min(
        (room - GAP - GLYPH * columns(unescape(name)) - 6) / max(depth, 1e-9)
        for name, depth in zip(names, drawn.depths, strict=False)
    )
    colours = _colours(tree)
    traces = [
        *_branches(tree, drawn, colours, theme),
        *_groups(tree, drawn, theme),
        *_leaves(tree, drawn, names, colours, theme),
    ]
    height = round(ROW * len(tree.leaves) + TOP + FOOT)
    deepest = max(drawn.depths[: len(tree.leaves)])
    layout = _layout(tree, theme, width, height, room / scale, deepest)
    return go.Figure(data=traces, layout=layout)


def middle_cut(text: str, width: int) -> str:
    """A name cut in its middle where it is long: siblings often differ at the end."""
    whole = shown(text)
    if columns(whole) <= width:
        return plain(whole)
    half = (width - 1) // 2
    return plain(whole[: width - 1 - half]) + "…" + plain(whole[-half:])


def _placed(tree: SimilarityTree) -> Drawn:
    n = len(tree.leaves)
    lengths = [max(k, 0.0) for k in (*(x.length for x in tree.leaves), *(g.length for g in tree.groups))]
    depths, rows = [0.0] * len(lengths), [0.0] * len(lengths)
    homes: list[str | None] = [leaf.family for leaf in tree.leaves]
    sizes = [1] * n + [g.size for g in tree.groups]
    for g in tree.groups:
        inside = {homes[c] for c in g.children}
        homes.append(inside.pop() if len(inside) == 1 else None)
    order: list[int] = []
    todo = [len(lengths) - 1]
    while todo:
        node = todo.pop()
        if node < n:
            rows[node] = len(order) + 0.5
            order.append(node)
            continue
        below = sorted(tree.groups[node - n].children, key=lambda c: (-sizes[c], c))
        for child in below:
            depths[child] = depths[node] + lengths[child]
        todo += reversed(below)
    for k, g in enumerate(tree.groups, n):
        rows[k] = (
            sum(rows[c] for c in (min(g.children, key=rows.__getitem__), max(g.children, key=rows.__getitem__))) / 2
        )
    return Drawn(rows, depths, homes, order)


def _colours(tree: SimilarityTree) -> dict[str | None, str]:
    sizes: dict[str, int] = {}
    for leaf in tree.leaves:
        if leaf.family:
            sizes[leaf.family] = sizes.get(leaf.family, 0) + 1
    ranked = sorted(sizes, key=lambda f: (-sizes[f], f))
    return {family: palette.family_colour(k) for k, family in enumerate(ranked)}


def _branches(
    tree: SimilarityTree, drawn: Drawn, colours: dict[str | None, str], theme: palette.Theme
) -> Iterable[dict[str, Any]]:
    """The way into every child, a run a family; dashed where the group it belongs to is doubtful."""
    runs: dict[tuple[str | None, bool], tuple[list[float | None], list[float | None]]] = {}
    n = len(tree.leaves)
    titles = {leaf.family: leaf.title or leaf.family for leaf in tree.leaves if leaf.family}
    for k, g in enumerate(tree.groups, n):
        doubtful = g.support < HALF
        for c in g.children:
            x, y = runs.setdefault((drawn.homes[c], doubtful), ([], []))
            x += [drawn.depths[k], drawn.depths[k], drawn.depths[c], None]
            y += [drawn.rows[k], drawn.rows[c], drawn.rows[c], None]
    named: set[str | None] = set()
    ranked = list(colours)
    for (family, doubtful), (x, y) in sorted(
        runs.items(), key=lambda r: (ranked.index(r[0][0]) if r[0][0] in colours else len(ranked), r[0][1])
    ):
        line = {"color": colours.get(family, theme.lone), "width": 1.6, "dash": "dot" if doubtful else "solid"}
        yield trace(
            "doubtful" if doubtful else "branches",
            x,
            y,
            mode="lines",
            line=line,
            name=plain(titles[family] or "", 30) if family else "no family",
            legendgroup=family or "none",
            showlegend=family not in named,
            hoverinfo="skip",
        )
        named.add(family)


def _groups(tree: SimilarityTree, drawn: Drawn, theme: palette.Theme) -> Iterable[dict[str, Any]]:
    """Groups with their support; the root, which every tree has, says so in its hover."""
    n = len(tree.leaves)
    numbers = range(n, n + len(tree.groups))
    sure = [not g.support < HALF for g in tree.groups]
    marker = {
        "size": [7 if s else 5 for s in sure],
        "color": [theme.faint if s else theme.paper for s in sure],
        "line": {"color": theme.faint, "width": 1},
    }
    told = ["" if math.isnan(g.support) or g.support < HALF else _short(g.support) for g in tree.groups]
    yield trace(
        "groups",
        [drawn.depths[k] for k in numbers],
        [drawn.rows[k] for k in numbers],
        mode="markers+text",
        marker=marker,
        text=told,
        textposition="top left",
        textfont={"size": 10, "color": theme.faint},
        hovertext=[_told(tree, g) for g in tree.groups],
    )


def _short(support: float) -> str:
    return "1" if support >= 0.995 else f"{support:.2f}".lstrip("0")


def _told(tree: SimilarityTree, group: TreeGroup) -> str:
    lines = [f"<b>{group.size} generators that look alike</b>"]
    if group.family:
        lines.append(f"exactly the members of {plain(group.family)}")
    if group.size == len(tree.leaves):
        lines = ["<b>all generators</b>", "where the drawing starts: no origin"]
    elif math.isnan(group.support):
        lines.append("support not told")
    else:
        lines.append(f"in {numerals.share(group.support)} of {tree.replicates} replicates over images")
    lines.append("similarity, not descent")
    return "<br>".join(lines)


def _leaves(
    tree: SimilarityTree, drawn: Drawn, names: Sequence[str], colours: dict[str | None, str], theme: palette.Theme
) -> Iterable[dict[str, Any]]:
    weak = [not leaf.reliability >= RELIABLE or leaf.jpeg for leaf in tree.leaves]
    tints = [colours.get(leaf.family, theme.lone) for leaf in tree.leaves]
    marker = {
        "size": 7,
        "color": [theme.paper if w else t for w, t in zip(weak, tints, strict=True)],
        "line": {"color": tints, "width": 1.5},
    }
    yield trace(
        "leaves",
        drawn.depths[: len(names)],
        drawn.rows[: len(names)],
        mode="markers+text",
        marker=marker,
        text=[f"\u00a0{name}" for name in names],
        textposition="middle right",
        textfont={"size": 12, "color": [theme.faint if w else theme.ink for w in weak]},
        hovertext=[_leaf(leaf) for leaf in tree.leaves],
    )


def _leaf(leaf: TreeLeaf) -> str:
    lines = [f"<b>{plain(leaf.generator)}</b>"]
    images, reliability = numerals.count(leaf.images, "image"), numerals.share(leaf.reliability)
    lines.append(f"version {leaf.version}, {images}, reliability {reliability}")
    home = f"{plain(leaf.title)} ({plain(leaf.family)})" if leaf.title and leaf.family else plain(leaf.family or "")
    lines.append(f"family: {home}" if leaf.family else "in no family")
    if not leaf.reliability >= RELIABLE:
        lines.append("weak: where it hangs is mostly chance")
    if leaf.jpeg:
        lines.append("JPEG-marked: compression hides and imitates likeness")
    return "<br>".join(lines)


def _layout(
    tree: SimilarityTree, theme: palette.Theme, width: int, height: int, span: float, deepest: float
) -> dict[str, Any]:
    n = len(tree.leaves)
    step = next((s for s in _STEPS if deepest / s <= 6), 1.0)
    marks = [round(step * k, 6) for k in range(int(deepest / step + 1e-9) + 1)]
    clock = tree.method == "upgma"  # depth is read from the tips, where likeness is whole
    ticks = [deepest - m for m in marks] if clock else marks
    told = [f"{2 * m if clock else m:g}" for m in marks]
    title = "1 − cosine at which they join" if clock else "length of branches, 1 − cosine"
    axis = {"showgrid": False, "zeroline": False, "fixedrange": False, "title": {"standoff": 6}}
    return {
        "template": "none",
        "height": height,
        "margin": {"l": SIDE, "r": SIDE, "t": TOP, "b": FOOT, "pad": 0, "autoexpand": False},
        "paper_bgcolor": theme.paper,
        "plot_bgcolor": theme.paper,
        "font": {"family": palette.FONT, "size": 12, "color": theme.ink},
        "xaxis": {
            **axis, "range": [-4 * span / width, span], "tickvals": ticks, "ticktext": told, "ticks": "outside",
            "tickcolor": theme.faint, "tickfont": {"color": theme.faint, "size": 11}, "showgrid": True,
            "gridcolor": palette.rgba(theme.lone, 0.18),
        },
        "yaxis": {**axis, "visible": False, "range": [n + 0.3, -0.3]},
        "annotations": [
            {"text": title, "x": 0, "xanchor": "left", "y": 0, "yanchor": "top", "yshift": -24, "xref": "paper",
             "yref": "paper", "showarrow": False, "font": {"size": 11, "color": theme.faint}},
        ],
        "hovermode": "closest",
        "hoverdistance": 14,
        "hoverlabel": palette.hoverlabel(theme),
        "dragmode": "pan",
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "yref": "paper",
            "font": {"size": 12, "color": theme.ink}, "bgcolor": "rgba(0,0,0,0)", "itemdoubleclick": False,
            "itemclick": False,
        },
        "meta": {"width": width},
    }  # fmt: skip
