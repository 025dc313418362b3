"""Problems of a registry as text and CSV, for ``verify`` and ``doctor``."""

from __future__ import annotations

from difreg.cli.render import Block, Grid, Sheet
from difreg.lineage.answers import Checked
from difreg.numerals import count

_COLUMNS = ("code", "subject", "fixed", "text")


def text(answer: Checked) -> list[Block]:
    """One line, and a row a problem."""
    fixed = sum(p.fixed for p in answer.problems)
    versions = count(answer.versions, "version")
    if not answer.problems:
        return [f"all is well: {versions} checked"]
    left = len(answer.problems) - fixed
    first = f"{count(left, 'problem')}" + (f", {fixed} mended" if fixed else "") + f"; {versions} checked"
    rows = [(p.code, p.subject, "yes" if p.fixed else "no", p.text) for p in answer.problems]
    return [first, Grid(_COLUMNS, rows)]


def sheet(answer: Checked) -> Sheet:
    """A row a problem."""
    return Sheet(_COLUMNS, [(p.code, p.subject, p.fixed, p.text) for p in answer.problems])
