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
    tail
        HTML under the drawing.
    """
    from plotly.offline import get_plotlyjs

    scripts = [get_plotlyjs(), files("difreg.lineage.figures").joinpath(script).read_text("utf-8")]
    body = _DRAWING.format(
        title=escape(title),
        head=head,
        name=f' data-name="{escape(name)}"' if name else "",
        explained="".join(f"<p>{escape(line)}</p>" for line in explained),
        provenance=escape(provenance_line(provenance)),
        data=embedded(data),
        plotly=scripts[0],
        script=scripts[1],
        tail=tail,
    )
    return document(title, policy(scripts), "page.css", body, "dark" if dark else "light")


def embedded(value: Any) -> str:
    """JSON for a script element: no character in it can end the element or begin a comment."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def policy(scripts: list[str]) -> str:
    """Only these scripts run and nothing is fetched; Plotly sets styles and turns its drawing into a download."""
    digests = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    rest = "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src {digests}; {rest}"


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
<script>{plotly}</script>
<script>{script}</script>"""
