"""HTML files that hold one figure without controls, under a line that says how to read it; they open offline.

The figure is given once a width, for desks and for phones. See :mod:`difreg.lineage.figures.document` for its policy.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from difreg import numerals
from difreg.lineage.answers import BlankFitted, Matrix, Provenance, SimilarityTree
from difreg.lineage.figures.document import drawing
from difreg.names import shown
from difreg.numerals import count

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from difreg.lineage.portrait import Portrait
    from difreg.registry.solvers.blank import Blank

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


def matrix_page(matrix: Matrix, *, dark: bool = False) -> str:
    """A matrix of all pairs as one HTML page; its title tells the orientation."""
    from difreg.lineage.figures.heatmap import NAMES, NARROW, WIDE, matrix_figure

    figures = [matrix_figure(matrix, dark=dark, width=width) for width in (NARROW, WIDE)]
    among = f"{NAMES[matrix.metric]} of {count(len(matrix.members), 'generator')}"
    if matrix.directed:
        title = f"Cross-detection, {among}: rows are fingerprints, columns the images asked about"
        lead = "How well a row's fingerprint tells a column's images from photographs."
        if matrix.metric == "score":
            lead = "Mean whitened correlation of a column's images with a row's fingerprint."
    else:
        title = f"{among[0].upper()}{among[1:]}: symmetric, rows and columns say the same"
        lead = "How alike two fingerprints are, measured in the spread of unrelated generators."
        if matrix.metric == "probability":
            lead = "Probability that two generators are kin, at prior 1/2."
    return sheet(figures, Words("matrix", title, lead, _matrix_explained(matrix)), matrix.provenance, dark=dark)


def _matrix_explained(matrix: Matrix) -> tuple[str, ...]:
    framed = "Families are together and framed, the largest first; neighbours are as alike as can be."
    if not matrix.directed:
        return (framed, "Intervals are over images (jackknife). Accepted kin have a probability of .99 or more.")
    held = "An image that trained a fingerprint never scores it: on the diagonal images are left out in turn."
    if matrix.metric == "score":
        return (framed, held, "Intervals are over the images (jackknife), the fingerprint held fixed.")
    half = "Accuracy is the mean of two rates: images called the generator's, photographs called not. " * (
        matrix.metric == "accuracy"
    )
    return (
        framed,
        f"{half}.5 is chance. {held} Photographs are those of the background that trained nothing.",
        "A high cell is no kinship: unrelated generators share the peaks of their up-sampling, and detect each other. "
        "For kinship, see difreg plot matrix --metric kinship.",
    )


def portrait_page(portrait: Portrait, *, dark: bool = False) -> str:
    """One fingerprint as one HTML page."""
    from difreg.lineage.figures.portrait import NARROW, WIDE, portrait_figure

    figures = [portrait_figure(portrait, dark=dark, width=width) for width in (NARROW, WIDE)]
    title = f"Fingerprint of {shown(portrait.generator)}, version {portrait.version}"
    lead = (
        f"solver {portrait.solver}, {count(portrait.images, 'image')}, reliability "
        f"{numerals.share(portrait.reliability)}, AUC against photographs {numerals.share(portrait.separation)}"
    )
    explained = (
        "In space and as one period: what the generator's residuals hold in common, less what photographs' do. The "
        "spectrum's marked frequencies are those of the 16-pixel lattice with five times the median energy or more; "
        "up-sampling by strides of 2 leaves them.",
        "The border is of the images given with --images, which must be whole: a crop has none of its own. It is no "
        "part of the fingerprint, and no score uses it.",
    )
    return sheet(figures, Words("fingerprint", title, lead, explained), portrait.provenance, dark=dark)


def blank_page(answer: BlankFitted, made: Blank, *, dark: bool = False) -> str:
    """A run of the blank-image experiment as one HTML page."""
    from difreg.lineage.figures.blank import NARROW, WIDE, blank_figure

    figures = [blank_figure(answer, made, dark=dark, width=width) for width in (NARROW, WIDE)]
    title = f"Blank image: a U-Net fitted to flat grey, {answer.size} x {answer.size} pixels, {answer.steps} steps"
    last = answer.snapshots[-1]
    fit = "within" if answer.fitted else "not within"
    peaks = "at every stride" if answer.peaked else "not at every stride"
    lead = (
        f"{'Accepted' if answer.accepted else 'Not accepted'}: the last output is {fit} one grey level (at most "
        f"{last.largest_error:.1f} away, {last.mean_error:.2f} on average), and its energy {peaks} five times that "
        "around."
    )
    explained = (
        "Above, the output; below it, its Fourier magnitude: zero frequency in the middle, five decades of energy from "
        "black to white, its strongest white. Errors are in grey levels, mean and largest. The last two are the mean "
        "outputs of the untrained and of the last network for 64 other draws of noise: what it leaves in any image.",
        "A stride of s leaves frequencies that are multiples of 1/s cycle a pixel. Their energy is compared with that "
        "of the frequencies within three of each. No data asked for these peaks: they are the network's own.",
        f"Squared error over a margin of 1, AdamW, learning rate {answer.learning_rate:g}, fixed noise, seed "
        f"{answer.provenance.seed}, {answer.seconds:.0f} s.",
    )
    return sheet(figures, Words("blank", title, lead, explained), answer.provenance, dark=dark)
