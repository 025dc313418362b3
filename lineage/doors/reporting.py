"""All of a registry at once, for its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from difreg.lineage.doors.asking import Asking
from difreg.lineage.doors.auditing import Auditing
from difreg.lineage.doors.drawing import Drawing
from difreg.lineage.doors.keeping import Keeping

if TYPE_CHECKING:
    from difreg.lineage.figures.report import Material


class Reporting(Keeping, Asking, Auditing, Drawing):
    """The verb that tells everything."""

    def report(self) -> Material:
        """What :func:`difreg.lineage.figures.report.report_page` makes a page of."""
        from difreg.lineage.figures.report import CROSS, TREE, Material

        listing = self.list()
        observed = sum(g.observed for g in listing.generators)
        return Material(
            listing,
            self.families(),
            self.audit(),
            self.background(),
            self.lineage(),
            self.similarity_tree() if 2 <= observed <= TREE else None,
            self.matrix("kinship") if 2 <= observed <= TREE else None,
            self.matrix("accuracy") if 2 <= observed <= CROSS else None,
        )
