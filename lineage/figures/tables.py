"""Tables and lists of plain text as HTML: whatever a user named is escaped here. The style is the page's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from difreg.names import shown


def text(value: str, limit: int = 400) -> str:
    """Text that somebody may have named, safe in HTML."""
    return escape(shown(value, limit))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numeric: Iterable[int] = ()) -> str:
    """A table of plain text, the columns ``numeric`` to the right; cells know their column, for narrow screens."""
    right = frozenset(numeric)
    mark = [' class="n"' if k in right else "" for k in range(len(columns))]
    head = "".join(f'<th scope="col"{m}>{escape(c)}</th>' for m, c in zip(mark, columns, strict=True))
    body = "".join(
        "<tr>"
        + "".join(
            f'<td{m} data-of="{escape(c)}">{text(v, 1200)}</td>' for m, c, v in zip(mark, columns, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table class="stack"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def items(lines: Iterable[str], limit: int = 600) -> str:
    """A list of lines of plain text; nothing where there is none."""
    told = "".join(f"<li>{text(line, limit)}</li>" for line in lines)
    return f"<ul>{told}</ul>" if told else ""
