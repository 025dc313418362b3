"""Text that a user named, on its way into a figure: Plotly reads ``<b>``, ``<a href>`` and ``$..$`` as markup, so names
are escaped here, once, and wrapped to what fits beside a node.
"""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence

from difreg.names import shown

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"})
_PIECES = re.compile(r"[^-_. /]*[-_. /]*")


def plain(text: str, limit: int = 200) -> str:
    """``text`` as text: no markup, no control or direction marks, at most ``limit`` characters of it."""
    return shown(text, limit).translate(_ENTITIES)


def paragraph(text: str, width: int = 52, limit: int = 600) -> str:
    """``text`` as text, wrapped to lines of ``width``."""
    lines = textwrap.wrap(shown(text, limit), width) or [""]
    return "<br>".join(line.translate(_ENTITIES) for line in lines)


def label(name: str, width: int, lines: int = 2) -> str:
    """``name`` in at most ``lines`` lines of ``width`` columns, broken after its separators; an ellipsis where cut."""
    out = [""]
    for piece in _atoms(shown(name), width):
        if columns(out[-1] + piece.rstrip()) <= width:
            out[-1] += piece
        else:
            out.append(piece)
    if len(out) > lines:
        out = [*out[: lines - 1], _cut("".join(out[lines - 1 :]), width - 1) + "…"]
    return "<br>".join(line.rstrip().translate(_ENTITIES) for line in out)


def columns(text: str) -> int:
    """Width of ``text`` in columns; wide characters (Chinese, Japanese, Korean) take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def legend_rows(names: Sequence[str], room: float) -> int:
    """Rows that a horizontal legend of Plotly's takes in ``room`` pixels, in letters of size 12."""
    widths = [44 + 6.2 * columns(name) for name in names] or [0]
    if sum(widths) <= room:
        return 1
    return math.ceil(len(widths) / max(int(room // max(widths)), 1))


def _atoms(text: str, width: int) -> Iterable[str]:
    """Pieces of ``text`` that end in a separator, none wider than ``width``."""
    for piece in _PIECES.findall(text):
        rest = piece
        while columns(rest) > width:
            head = _cut(rest, width)
            yield head
            rest = rest[len(head) :]
        if rest:
            yield rest


def _cut(text: str, width: int) -> str:
    while columns(text) > width:
        text = text[:-1]
    return text
