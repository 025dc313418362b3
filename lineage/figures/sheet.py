"""One HTML file that holds one figure without controls, under a line that says how to read it; it opens offline.

The figure is given once a width, for desks and for phones. See :mod:`difreg.lineage.figures.document` for its policy.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from difreg.lineage.answers import Provenance, SimilarityTree
from difreg.lineage.figures.document import drawing
from difreg.numerals import count

if TYPE_CHECKING:
    import plotly.graph_objects as go

METHODS = {"upgma": "average linkage, UPGMA", "nj": "neighbour joining"}


@dataclass(frozen=True)
class Words:
    """Text around a figure: the title, the line under it, and what explains it below; all plain text."""

    name: str
    title: str
    lead: str
    explained: tuple[str, ...]


def sheet(
    figures: Sequence[go.Figure],
    words: Words,
    provenance: Provenance | None,
    *,
    dark: bool = False,
    shared: bool = False,
) -> str:
    """The page of a figure, given from narrow to wide; ``shared`` as for :func:`drawing`."""
    import plotly.io

    data = [json.loads(plotly.io.to_json(f, validate=False)) for f in figures]
    head = f"<strong>{escape(words.lead)}</strong>"
    return drawing(
        words.title, head, data, "sheet.js", words.explained, provenance, dark=dark, name=words.name, shared=shared
    )


def tree_page(tree: SimilarityTree, *, dark: bool = False, shared: bool = False) -> str:
    """The tree of similarity as one HTML page."""
    from difreg.lineage.figures.dendrogram import NARROW, WIDE, tree_figure

    figures = [tree_figure(tree, dark=dark, width=width) for width in (NARROW, WIDE)]
    title = f"Similarity of {count(len(tree.leaves), 'generator')} ({METHODS[tree.method]})"
    lead = "Similarity, not descent: who looks alike. Nothing here says who was made from whom."
    return sheet(figures, Words("tree", title, lead, _explained(tree)), tree.provenance, dark=dark, shared=shared)


def _explained(tree: SimilarityTree) -> tuple[str, ...]:
    root = " It has been rooted in the middle of its longest path, to be drawn." if tree.method == "nj" else ""
    return (
        f"The number at a group is the share of {tree.replicates} bootstrap replicates over images that have it; "
        f"groups that fewer than half have are dotted. Where the tree starts is no origin.{root}",
        "Support says that other images of the same generators would be grouped alike, and no more. Inside a family, "
        "groups are seldom those of descent, however high their support: what was tuned last on the same data looks "
        "alike, and so do copies of one decoder. Outside the families, likeness may be of architecture or content.",
        "Colours are families. Hollow dots are generators whose fingerprint is weak or JPEG-marked: where they hang is "
        "mostly chance. For descent, and its reasons, see difreg plot lineage.",
    )
