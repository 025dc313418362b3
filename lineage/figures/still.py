"""A figure as a still picture (PNG, SVG, PDF) that says by itself what it shows: its title above, its origin below.

Drawn by kaleido, an optional extra, in a Chrome or Chromium of the system. Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from difreg.errors import DifregError
from difreg.lineage.answers import Provenance
from difreg.lineage.figures import palette
from difreg.lineage.figures.document import provenance_line
from difreg.lineage.figures.markup import paragraph

if TYPE_CHECKING:
    import plotly.graph_objects as go

FORMS = ("png", "svg", "pdf")
SCALE = 2  # pixels of a PNG a pixel of the layout
SIDE, TITLE, LINE = 12, 22, 16


class StillError(DifregError):
    """A picture that cannot be drawn here for want of a program; the hint names it."""


def still(figure: go.Figure, form: str) -> bytes:
    """Draw ``figure`` in its own size.

    Parameters
    ----------
    form
        One of ``png``, ``svg``, ``pdf``.

    Raises
    ------
    StillError
        Where kaleido is not installed, or finds no browser that starts.
    """
    try:
        import kaleido
        from choreographer.errors import BrowserFailedError, ChromeNotFoundError
    except ImportError as error:
        raise StillError(
            "kaleido, which draws pictures, is not installed.", "Install it: pip install 'difreg[static]'."
        ) from error
    size = {"width": figure.layout.width, "height": figure.layout.height}
    try:
        drawn: bytes = kaleido.calc_fig_sync(
            figure, opts={"format": form, "scale": SCALE if form == "png" else 1, **size}, kopts={"mathjax": False}
        )
    except ChromeNotFoundError as error:
        raise StillError(
            "kaleido found no Chrome or Chromium to draw with.", "Install chromium, or set BROWSER_PATH to one."
        ) from error
    except (BrowserFailedError, OSError) as error:
        raise StillError(
            "the browser that kaleido draws with did not start.", "Set BROWSER_PATH to a Chrome or Chromium that does."
        ) from error
    return drawn


def titled(
    figure: go.Figure,
    title: str,
    lead: str = "",
    notes: Sequence[str] = (),
    provenance: Provenance | None = None,
    *,
    dark: bool = False,
) -> go.Figure:
    """``figure`` with its title and a line under it above, notes and provenance below; all plain text.

    The figure has to have fixed margins and its width in ``layout.meta``, as all of this folder have.
    """
    import plotly.graph_objects as go

    theme = palette.theme(dark)
    out = go.Figure(figure)
    out.for_each_trace(lambda t: t.update(showlegend=False), lambda t: t.visible == "legendonly")  # none can ask for it
    width, margin = int(out.layout.meta["width"]), out.layout.margin
    head = paragraph(title, int((width - 2 * SIDE) / 9.3))
    under = paragraph(lead, int((width - 2 * SIDE) / 6.6)) if lead else ""
    foot = "<br>".join(paragraph(n, int((width - 2 * SIDE) / 6.2)) for n in (*notes, provenance_line(provenance)))
    above = 10 + TITLE * _lines(head) + LINE * _lines(under) * bool(under) + 6
    below = LINE * _lines(foot) + 14
    left, top, bottom = margin.l or 0, margin.t or 0, margin.b or 0
    place = {"x": 0, "xref": "paper", "xanchor": "left", "xshift": SIDE - left, "yref": "paper", "yanchor": "top",
             "align": "left", "showarrow": False}  # fmt: skip
    marks = [(f"<b>{head}</b>", 1, top + above - 10, 16, theme.ink)]
    marks += [(under, 1, top + above - 10 - TITLE * _lines(head), 12, theme.faint)] if under else []
    marks += [(foot, 0, -bottom, 11, theme.faint)]
    for text, y, shift, size, colour in marks:
        out.add_annotation(text=text, y=y, yshift=shift, font={"size": size, "color": colour}, **place)
    out.update_layout(
        width=width, height=out.layout.height + above + below, margin={"t": top + above, "b": bottom + below}
    )
    return out


def _lines(text: str) -> int:
    return text.count("<br>") + 1
