"""One figure without controls, under a line that says how to read it: as an HTML file that opens offline, or a picture.

The figure is given once a width, for desks and for phones. See :mod:`difreg.lineage.figures.document` for the page's
policy.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from difreg import numerals
from difreg.lineage.answers import Drifted, Evidence, Provenance, SimilarityTree, Traced
from difreg.lineage.figures import card_words
from difreg.lineage.figures.document import drawing
from difreg.lineage.figures.tables import items, table
from difreg.lineage.verdicts import kin_cells, sentence
from difreg.names import shown, some
from difreg.numerals import count

if TYPE_CHECKING:
    import plotly.graph_objects as go

METHODS = {"upgma": "average linkage, UPGMA", "nj": "neighbour joining"}


@dataclass(frozen=True)
class Words:
    """Text around a figure, all plain: the title, the line under it, warnings below, and what explains the figure."""

    name: str
    title: str
    lead: str
    explained: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    stressed: bool = False  # whether the line under the title has to be read first


@dataclass(frozen=True)
class Numbers:
    """A figure's numbers as a table, for those who do not see it; ``numeric`` columns are set to the right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Sheet:
    """A figure, given from narrow to wide, with its words."""

    figures: Sequence[go.Figure]
    words: Words
    provenance: Provenance | None
    dark: bool = False
    numbers: Numbers | None = None

    def page(self) -> str:
        """The sheet as one HTML page."""
        import plotly.io

        data = [json.loads(plotly.io.to_json(f, validate=False)) for f in self.figures]
        w = self.words
        kind = "strong" if w.stressed else "span"
        head = f"<{kind}>{escape(w.lead)}</{kind}>"
        return drawing(
            w.title,
            head,
            data,
            "sheet.js",
            w.explained,
            self.provenance,
            dark=self.dark,
            name=w.name,
            tail=self._tail(),
        )

    def _tail(self) -> str:
        told = f'<section class="warnings">{items(self.words.warnings)}</section>' if self.words.warnings else ""
        if self.numbers:
            n = self.numbers
            made = table(n.columns, n.rows, n.numeric)
            told += f'<details class="numbers"><summary>The numbers as a table</summary>{made}</details>'
        return told

    def still(self, form: str) -> bytes:
        """The widest figure as a picture, with title and warnings; see :func:`difreg.lineage.figures.still.still`."""
        from difreg.lineage.figures.still import still, titled

        w = self.words
        return still(titled(self.figures[-1], w.title, w.lead, w.warnings, self.provenance, dark=self.dark), form)


def tree_sheet(tree: SimilarityTree, *, dark: bool = False) -> Sheet:
    """The tree of similarity."""
    from difreg.lineage.figures.dendrogram import NARROW, WIDE, tree_figure

    figures = [tree_figure(tree, dark=dark, width=width) for width in (NARROW, WIDE)]
    title = f"Similarity of {count(len(tree.leaves), 'generator')} ({METHODS[tree.method]})"
    lead = "Similarity, not descent: who looks alike. Nothing here says who was made from whom."
    return Sheet(figures, Words("tree", title, lead, tree_explained(tree), stressed=True), tree.provenance, dark)


def tree_page(tree: SimilarityTree, *, dark: bool = False) -> str:
    """The tree of similarity as one HTML page."""
    return tree_sheet(tree, dark=dark).page()


def tree_explained(tree: SimilarityTree) -> tuple[str, ...]:
    """How to read a tree of similarity."""
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


def trace_sheet(traced: Traced, evidence: Evidence, *, dark: bool = False) -> Sheet:
    """The candidates of a trace against the line from which kin are accepted; the verdict is the title."""
    from difreg.lineage.figures.responses import NARROW, WIDE, trace_figure

    figures = [trace_figure(traced, evidence, dark=dark, width=width) for width in (NARROW, WIDE)]
    words = Words("trace", sentence(traced), _asked(traced), _TRACE_EXPLAINED, tuple(c.text for c in traced.warnings))
    columns = ("candidate", "family", *_KIN)
    rows = tuple((c.generator, c.family or numerals.UNKNOWN, *kin_cells(c)) for c in traced.candidates)
    return Sheet(figures, words, traced.provenance, dark, Numbers(columns, rows, frozenset(range(2, 8))))


_KIN = ("kinship z", "95 % interval", "likelihood ratio", "P(kin)", "support", "reliability")
_TRACE_EXPLAINED = (
    "Each bar is how strongly a registered generator answers to these images: the cosine of the two fingerprints in "
    "units of its spread over unrelated generators. Shown are the nearest; a large family leaves room for others.",
    "Generators that share an image decoder answer alike: which of them is first is chance, so the verdict names "
    "their family. The line is where single generators are accepted as kin; the verdict also weighs the prior, all "
    "members of a family, and how reliable these images' own fingerprint is.",
    "A hatched bar is of a fingerprint too weak to conclude anything from. A trace adds nothing to the registry; "
    "difreg trace IMAGES -o card.html writes the whole evidence.",
)


def _asked(traced: Traced) -> str:
    parts = [card_words.asked(traced)]
    if traced.verdict == "mixed":
        parts.append("The bars are those of all images taken as one origin.")
    elif len(traced.indistinguishable) > 1:
        alike = traced.indistinguishable
        parts.append(f"{count(len(alike), 'member')} cannot be told apart: {some(alike, 6)}.")
    return " ".join(parts)


def drift_sheet(drifted: Drifted, *, dark: bool = False) -> Sheet:
    """The agreement of a generator's versions, in their order."""
    from difreg.lineage.figures.versions import NARROW, VERDICTS, WIDE, drift_figure, steps_of

    figures = [drift_figure(drifted, dark=dark, width=width) for width in (NARROW, WIDE)]
    steps = steps_of(drifted)
    title = f"{shown(drifted.generator)}: {_DRIFT[drifted.verdict]}"
    lead = f"Agreement of {count(len(drifted.steps) + 1, 'version')}, each with the next" + (
        "; behind the line, the first with the latest." if drifted.overall else "."
    )
    warnings = tuple(f"versions {s.before} and {s.after}: {c.text}" for s in steps for c in s.warnings)
    rows = tuple(
        (
            f"{s.before} → {s.after}",
            VERDICTS.get(s.verdict, s.verdict),
            numerals.share(s.agreement),
            f"{numerals.share(s.low)} to {numerals.share(s.high)}",
            numerals.probability(s.probability),
            numerals.probability(s.p_value),
            f"{s.images_before} and {s.images_after}",
        )
        for s in steps
    )
    columns = ("versions", "verdict", "agreement", "95 % interval", "P(changed)", "p, permutation", "images")
    return Sheet(
        figures,
        Words("drift", title, lead, _DRIFT_EXPLAINED, warnings),
        drifted.provenance,
        dark,
        Numbers(columns, rows, frozenset(range(2, 7))),
    )


_DRIFT = {
    "changed": "it changed between versions",
    "open": "not enough to say that it changed",
    "unchanged": "no change to be seen",
    "insufficient": "too little to tell whether it changed",
}
_DRIFT_EXPLAINED = (
    "Agreement is the cosine of two versions' fingerprints, corrected for the noise of their images: 1 for one "
    "source. Whiskers are its 95 % jackknife interval over images.",
    "A change is told where P(changed) is .95 or more, at prior 1/2, and a permutation test refuses one source "
    "(p at most .05). What images show moves the agreement too, to .5 as measured: compare versions that show the "
    "same kind of things.",
    "A change that keeps the image decoder leaves no trace here. Versions are in the order they were added.",
)
