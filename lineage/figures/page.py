"""One HTML file that holds a figure, Plotly and the page's controls: it opens offline and asks nobody for anything.

The policy in its head allows only the two scripts whose digests it names; data travels as JSON that cannot close its
tag.
"""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from difreg import numerals
from difreg.lineage.answers import Provenance
from difreg.lineage.figures.kindred import DRAWN
from difreg.names import shown

if TYPE_CHECKING:
    import networkx as nx

_EXPLAINED = (
    "Coloured boxes are families: generators whose images carry fingerprints that are kin.",
    "An arrow points to the parent; its width grows with the probability. Images tell who is kin, never who came "
    "first: direction comes from what is declared or, weakly, from dates. "
    "Hover over any line or node for the numbers and the reason.",
    "Thin grey lines carry no probability: the images cannot judge them (there are none, or JPEG disturbs them). "
    "The slider leaves these lines. "
    "A dotted line is a declaration that images or dates do not bear out; a dashed line is kinship without direction.",
)


def lineage_page(graph: nx.MultiDiGraph[str], provenance: Provenance | None = None, *, dark: bool = False) -> str:
    """The lineage as one HTML page, laid out for desks and for phones.

    Parameters
    ----------
    graph
        As :meth:`difreg.Registry.lineage` gives it.
    provenance
        Told in the last line.
    """
    import plotly.io
    from plotly.offline import get_plotlyjs

    from difreg.lineage.figures.lineage import NARROW, WIDE, lineage_figure

    figures = [
        json.loads(plotly.io.to_json(lineage_figure(graph, dark=dark, width=w), validate=False)) for w in (NARROW, WIDE)
    ]
    own = files("difreg.lineage.figures")
    scripts = [get_plotlyjs(), own.joinpath("page.js").read_text("utf-8")]
    return _TEMPLATE.format(
        policy=escape(_policy(scripts)),
        style=own.joinpath("page.css").read_text("utf-8"),
        scheme="dark" if dark else "light",
        title=escape(f"Lineage of {_told(graph)}"),
        explained="".join(f"<p>{escape(line)}</p>" for line in _EXPLAINED),
        provenance=escape(_line(provenance)),
        data=embedded(figures),
        plotly=scripts[0],
        script=scripts[1],
    )


def embedded(value: Any) -> str:
    """JSON for a script element: no character in it can end the element or begin a comment."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(scripts: list[str]) -> str:
    """Only these scripts run and nothing is fetched; Plotly sets styles and turns its drawing into a download."""
    digests = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    rest = "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src {digests}; {rest}"


def _told(graph: nx.MultiDiGraph[str]) -> str:
    nodes = [facts for _, facts in graph.nodes(data=True)]
    observed = sum(n.get("label") == "Generator" and bool(n.get("observed", True)) for n in nodes)
    stubs = sum(n.get("label") in DRAWN and not n.get("observed", True) for n in nodes)
    families = sum(n.get("label") == "Family" for n in nodes)
    told = f"{numerals.count(observed, 'generator')}, {families} {'family' if families == 1 else 'families'}"
    return told + (f", {numerals.count(stubs, 'declared parent')} without images" if stubs else "")


def _line(provenance: Provenance | None) -> str:
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


_TEMPLATE = """<!DOCTYPE html>
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
<header>
<h1>{title}</h1>
<form id="controls">
<label for="threshold">Show edges with P of at least <output id="least" for="threshold">0</output></label>
<input id="threshold" type="range" min="0" max="1" value="0" step="1" aria-describedby="count">
<label><input id="implied" type="checkbox"> kin that the tree implies</label>
<span id="count" role="status"></span>
</form>
</header>
<main id="figure" role="img" aria-label="{title}"></main>
<footer>
{explained}
<p>{provenance}</p>
</footer>
<noscript>This page draws with JavaScript, which is switched off.</noscript>
<script id="figures" type="application/json">{data}</script>
<script>{plotly}</script>
<script>{script}</script>
</body>
</html>
"""
