"""Answers as text, JSON or CSV.

Text is made of lines and grids of plain strings. Every string passes :func:`difreg.names.shown` here, at the last
moment, and is never parsed as markup: no verb can forget it.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from difreg.lineage.answers import Answer, document
from difreg.names import shown

LINE, CELL = 2000, 400
_INJECTION = ("=", "+", "-", "@")


@dataclass(frozen=True)
class Grid:
    """A table for people: column names, rows of ready text, and which columns are numbers (aligned right)."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Sheet:
    """A table for programs: stable column names and raw values."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


Block = str | Grid


def as_text(blocks: Iterable[Block], *, colour: bool = False, width: int | None = None) -> str:
    """Lines and grids as text; ``width`` folds cells at that many columns, None never does."""
    from rich.console import Console
    from rich.text import Text

    out = io.StringIO()
    console = Console(
        file=out,
        width=width or 100_000,
        force_terminal=colour,
        color_system="standard" if colour else None,
        markup=False,
        highlight=False,
        emoji=False,
    )
    for position, block in enumerate(blocks):
        if isinstance(block, Grid):
            console.print(_table(block))
        else:
            console.print(Text(shown(block, LINE), style="bold" if position == 0 else ""))
    return "".join(line.rstrip(" ") + "\n" for line in out.getvalue().splitlines())


def _table(grid: Grid) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, name in enumerate(grid.columns):
        justify = "right" if number in grid.numeric else "left"
        table.add_column(Text(name), justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in grid.rows:
        table.add_row(*(Text(shown(cell, CELL)) for cell in row))
    return table


def as_json(answer: Answer, *, ascii_only: bool = False) -> str:
    """``answer`` as one JSON object; invisible and control characters in strings are escaped."""
    text = json.dumps(document(answer), indent=2, ensure_ascii=ascii_only, allow_nan=False)
    return re.sub(r"[^\n -~]", lambda m: _escaped(m.group()), text) + "\n"


def _escaped(character: str) -> str:
    category = unicodedata.category(character)
    return json.dumps(character)[1:-1] if category[0] == "C" or category in {"Zl", "Zp"} else character


def as_csv(sheet: Sheet) -> str:
    """``sheet`` as CSV with a header; unknown is empty, and no text can start a spreadsheet's formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(sheet.columns)
    writer.writerows([_cell(value) for value in row] for row in sheet.rows)
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        value = "; ".join(f"{k}={v}" for k, v in value.items())
    elif isinstance(value, list | tuple):
        value = "; ".join(str(v) for v in value)
    text = shown(str(value), LINE)
    return f"'{text}" if text.startswith(_INJECTION) else text
