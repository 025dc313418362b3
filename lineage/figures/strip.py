"""Every image of a trace as a mark on one scale of kinship, a row a part, with those that disagree marked apart."""

from __future__ import annotations

import math
from html import escape

from difreg.lineage.answers import Agreement, Traced

WIDTH, ROW, LEFT, RIGHT = 540, 32, 56, 14
_MARKS = {True: ("#0072B2", "agrees"), None: ("#8a8a8a", "open"), False: ("#b04500", "disagrees")}


def strip(traced: Traced) -> str:
    """SVG of the images' scores; nothing where no score is known."""
    rows = [row for row in traced.agreement if math.isfinite(row.score)]
    if not rows:
        return ""
    low = min(-2.0, *(row.score for row in rows))
    high = max(6.0, *(row.score for row in rows))
    step = 5 if high - low > 14 else 2
    numbers = range(math.ceil(low / step) * step, math.floor(high) + 1, step)
    parts = sorted({row.part for row in rows})
    base = ROW * len(parts) + 6

    def x(score: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (score - low) / (high - low)

    def y(row: Agreement) -> float:
        return ROW * (parts.index(row.part) + 0.5) + 4

    grid = "".join(
        f'<line x1="{x(n):.1f}" x2="{x(n):.1f}" y1="4" y2="{base}" stroke="#e2e2e2"/>'
        f'<text x="{x(n):.1f}" y="{base + 15}" text-anchor="middle">{n}</text>'
        for n in numbers
    )
    labels = "".join(f'<text x="0" y="{ROW * (k + 0.5) + 8:.0f}">part {p + 1}</text>' for k, p in enumerate(parts))
    marks = "".join(_mark(x(row.score), y(row), row.agrees) for row in rows)
    legend = "".join(
        _mark(LEFT + 110 * k, base + 56, agrees) + f'<text x="{LEFT + 110 * k + 10}" y="{base + 60}">{said}</text>'
        for k, (agrees, (_, said)) in enumerate(_MARKS.items())
    )
    title = f'<text x="{LEFT}" y="{base + 34}">kinship z of single images</text>'
    told = "Kinship of every image with the family or generator its part is compared with"
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {base + 66}" role="img" aria-label="{escape(told)}">'
        f"{grid}{labels if len(parts) > 1 else ''}{marks}{legend}{title}</svg></figure>"
    )


def _mark(x: float, y: float, agrees: bool | None) -> str:
    """A disc, a ring where it is open, a cross where it disagrees: told apart without colour."""
    colour = _MARKS[agrees][0]
    if agrees is False:
        path = f"M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10"
        return f'<path d="{path}" stroke="{colour}" stroke-width="2.5" fill="none"/>'
    fill = colour if agrees else "none"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" fill-opacity=".55" stroke="{colour}"/>'
