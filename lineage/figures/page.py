"""One HTML file that holds a figure of the lineage or of an answer, Plotly and controls: it opens offline and asks
nobody for anything.

The policy in its head allows only the two scripts whose digests it names; data travels as JSON that cannot close its
tag.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING

from difreg import numerals
from difreg.lineage.answers import Provenance, Queried
from difreg.lineage.figures.document import drawing
from difreg.lineage.figures.kindred import DRAWN

if TYPE_CHECKING:
    import networkx as nx

_EXPLAINED = (
    "Coloured boxes are families: generators whose images carry fingerprints that are kin. Click a generator for its "
    "nearest relatives, and an entry of the legend to hide it. Hover over any line or node for the numbers and the "
    "reason.",
    "An arrow points to the parent; its width grows with the probability. A filled arrowhead is a declared step, an "
    "open one is inferred. Images tell who is kin, never who came first: direction comes from what is declared or, "
    "weakly, from dates.",
    "Thin grey lines carry no probability: the images cannot judge them (there are none, or JPEG disturbs them). "
    "The slider leaves these lines. A dotted line with a cross is a declaration that images or dates contradict; a "
    "dashed line is kinship without direction.",
    "Along time, a generator stands at its release, or at the earliest date it can be from. The Newick that is saved "
    "is this ancestry, a line a tree; difreg plot tree has the tree of similarity.",
)
_ANSWER_EXPLAINED = (
    "Nodes and relationships that the answer holds; colours are families. Hover over any line or node for all of its "
    "properties, and click on the legend to hide a type. Lines without a probability stay, wherever the slider is.",
)


def lineage_page(
    graph: nx.MultiDiGraph[str], provenance: Provenance | None = None, *, dark: bool = False, shared: bool = False
) -> str:
    """The lineage as one HTML page, laid out for desks and for phones.

    Parameters
    ----------
    graph
        As :meth:`difreg.Registry.lineage` gives it.
    provenance
        Told in the last line.
    shared
        Whether Plotly is read from ``plotly.min.js`` beside the page.
    """
    from difreg.lineage.figures.model import model

    head = files("difreg.lineage.figures").joinpath("lineage.html").read_text("utf-8")
    title, data = f"Lineage of {_told(graph)}", model(graph, dark=dark)
    return drawing(title, head, data, "lineage.js", _EXPLAINED, provenance, dark=dark, shared=shared, tail=_TABLE)


def lineage_still(
    graph: nx.MultiDiGraph[str], provenance: Provenance | None, form: str, *, dark: bool = False
) -> bytes:
    """The lineage as a picture; see :func:`difreg.lineage.figures.still.still`."""
    from difreg.lineage.figures.lineage import lineage_figure
    from difreg.lineage.figures.still import still, titled

    title = f"Lineage of {_told(graph)}"
    return still(titled(lineage_figure(graph, dark=dark), title, provenance=provenance, dark=dark), form)


def answer_page(answer: Queried, *, dark: bool = False) -> str:
    """The nodes and relationships of an answer to a query as one HTML page.

    Raises
    ------
    InputError
        If the answer holds none, or more than a drawing can show.
    """
    import plotly.io

    from difreg.lineage.figures.lineage import NARROW, WIDE
    from difreg.lineage.figures.subgraph import collect, subgraph_figure

    graph = collect(answer.rows)
    figures = [
        json.loads(plotly.io.to_json(subgraph_figure(graph, dark=dark, width=w), validate=False))
        for w in (NARROW, WIDE)
    ]
    edges = graph.number_of_edges()
    title = f"{numerals.count(graph.number_of_nodes(), 'node')}, {numerals.count(edges, 'relationship')}"
    rows = numerals.count(len(answer.rows), "row")
    cut = (f"Only the first {rows} of the answer are drawn: give more --limit.",) if answer.truncated else ()
    return drawing(title, _CONTROLS, figures, "page.js", (*cut, *_ANSWER_EXPLAINED), answer.provenance, dark=dark)


def _told(graph: nx.MultiDiGraph[str]) -> str:
    nodes = [facts for _, facts in graph.nodes(data=True)]
    observed = sum(n.get("label") == "Generator" and bool(n.get("observed", True)) for n in nodes)
    stubs = sum(n.get("label") in DRAWN and not n.get("observed", True) for n in nodes)
    families = sum(n.get("label") == "Family" for n in nodes)
    told = f"{numerals.count(observed, 'generator')}, {families} {'family' if families == 1 else 'families'}"
    return told + (f", {numerals.count(stubs, 'declared parent')} without images" if stubs else "")


_CONTROLS = """<form id="controls">
<label for="threshold">Show edges with P of at least <output id="least" for="threshold">0</output></label>
<input id="threshold" type="range" min="0" max="1" value="0" step="1" aria-describedby="count">
<span id="count" role="status"></span>
</form>"""
_TABLE = '<details id="table"><summary>What is shown, as a table</summary><div id="rows"></div></details>'
