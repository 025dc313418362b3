"""The HTML around every page: what is always in its head, and around a drawing; templates are filled by the pages."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib.resources import files
from typing import Any

from difreg.lineage.answers import Provenance
from difreg.names import shown

PLOTLY = "plotly.min.js"


def document(title: str, policy: str, style: str, body: str, scheme: str = "light") -> str:
    """A whole page. ``title`` is plain text; ``style`` names a file of this folder; ``body`` is HTML."""
    return _DOCUMENT.format(
        scheme=escape(scheme),
        policy=escape(policy),
        title=escape(title),
        style=files("difreg.lineage.figures").joinpath(style).read_text("utf-8"),
        body=body,
    )


def drawing(
    title: str,
    head: str,
    data: Any,
    script: str,
    explained: tuple[str, ...],
    provenance: Provenance | None,
    *,
    dark: bool,
    name: str = "",
    shared: bool = False,
    tail: str = "",
) -> str:
    """A page that draws.

    Parameters
    ----------
    title
        Plain text, as are ``name`` and the lines of ``explained``.
    head
        HTML under the title.
    data
        What the script reads, as JSON.
    script
        Names a file of this folder, which runs after Plotly.
    shared
        Whether Plotly is read from :data:`PLOTLY` beside the page, where :func:`plotly_js` has to be.
    tail
        HTML under the drawing.
    """
    own = files("difreg.lineage.figures").joinpath(script).read_text("utf-8")
    plotly = "" if shared else plotly_js()
    body = _DRAWING.format(
        title=escape(title),
        head=head,
        name=f' data-name="{escape(name)}"' if name else "",
        explained="".join(f"<p>{escape(line)}</p>" for line in explained),
        provenance=escape(provenance_line(provenance)),
        data=embedded(data),
        plotly=f'<script src="{PLOTLY}"></script>' if shared else f"<script>{plotly}</script>",
        script=own,
        tail=tail,
    )
    allowed = policy([own] if shared else [plotly, own], shared=shared)
    return document(title, allowed, "page.css", body, "dark" if dark else "light")


def plotly_js() -> str:
    """Plotly's script, as the package has it."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def embedded(value: Any) -> str:
    """JSON for a script element: no character in it can end the element or begin a comment."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def policy(scripts: list[str], *, shared: bool = False) -> str:
    """Only these scripts run and nothing is fetched; Plotly sets styles and turns its drawing into a download.

    ``shared`` lets scripts from where the page is run too.
    """
    digests = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    rest = "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    beside = " 'self' file:" if shared else ""
    return f"default-src 'none'; script-src {digests}{beside}; {rest}"


def provenance_line(provenance: Provenance | None) -> str:
    """What made the numbers, in one line."""
    if provenance is None:
        return "provenance unknown"
    known = (
        ("denoiser", provenance.denoiser),
        ("background", provenance.background),
        ("registry", (provenance.registry or "")[:12]),
    )
    return " · ".join(
        [f"difreg {provenance.difreg}", *(f"{name} {shown(str(value))}" for name, value in known if value)]
    )


_DOCUMENT = """<!DOCTYPE html>
<html lang="en" data-scheme="{scheme}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
{body}
</body>
</html>
"""

_DRAWING = """<header>
<h1>{title}</h1>
{head}
</header>
<main id="figure" role="img" aria-label="{title}"{name}></main>
{tail}
<footer>
{explained}
<p>{provenance}</p>
</footer>
<noscript>This page draws with JavaScript, which is switched off.</noscript>
<script id="figures" type="application/json">{data}</script>
{plotly}
<script>{script}</script>"""
