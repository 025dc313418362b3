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

from difreg.lineage.answers import Provenance
from difreg.lineage.figures.document import drawing
from difreg.lineage.figures.tables import items, table

if TYPE_CHECKING:
    import plotly.graph_objects as go


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

    def page(self, *, shared: bool = False) -> str:
        """The sheet as one HTML page; ``shared`` as for :func:`difreg.lineage.figures.document.drawing`."""
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
            shared=shared,
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
