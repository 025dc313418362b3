"""``difreg plot``: pictures of a registry, each one HTML file that opens offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from difreg.cli.output import write_file
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.errors import InputError
from difreg.names import shown

PLOTS = ("lineage", "tree")
ASSETS = ("embedded", "shared")
NEWICK = (".nwk", ".newick")


@verb(
    Panel.lineage,
    "difreg plot lineage -o lineage.html",
    "difreg plot lineage --trace ANSWER.json -o lineage.html",
    "difreg plot tree -o tree.html",
    "difreg plot tree --method nj -o tree.nwk",
    output=False,
)
def plot(
    session: Session,
    what: Annotated[str, typer.Argument(metavar="WHAT", help=f"What to draw: {', '.join(PLOTS)}.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The .html file to write.")],
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark.")] = False,
    method: Annotated[
        str | None,
        typer.Option("--method", metavar="NAME", help="Of a tree: upgma (average linkage) or nj (neighbour joining)."),
    ] = None,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", metavar="FILE", help="In a lineage: show what a trace (its JSON) placed, as a star."),
    ] = None,
    assets: Annotated[
        str,
        typer.Option("--assets", metavar="WHERE", help="embedded: one file; shared: plotly.min.js beside the pages."),
    ] = "embedded",
) -> None:
    """Draw the registry as one interactive HTML file.

    It holds all it needs: it opens offline and asks nobody for anything. Many pages in one folder can share Plotly's
    4.8 MB with --assets shared. The lineage is who descends from whom, as far
    as that is known; the tree is who looks alike, with the support of each group, and no descent. A tree is also
    written as Newick, to a .nwk file.
    """
    if what not in PLOTS:
        raise InputError(f"There is no plot '{shown(what, 40)}'.", f"Use one of: {', '.join(PLOTS)}.")
    if method is not None and what != "tree":
        raise InputError(f"--method is for a tree, not for plot {what}.", "Leave it out.")
    if trace is not None and what != "lineage":
        raise InputError(f"--trace is for the lineage, not for plot {what}.", "Leave it out.")
    if assets not in ASSETS:
        raise InputError(f"--assets is not '{shown(assets, 40)}'.", f"Use one of: {', '.join(ASSETS)}.")
    if what == "tree" and output.suffix.lower() in NEWICK:
        with session.registry() as registry:
            registry.export_tree(output, method or "upgma")
        session.message(f"wrote {output}")
        return
    if output.suffix.lower() not in (".html", ".htm"):
        raise InputError(
            f"{shown(str(output))} does not end in .html; png, svg and pdf are not written yet.",
            f"Write -o {shown(output.stem)}.html, and save a PNG from the page.",
        )
    shared = assets == "shared"
    write_file(
        output,
        _tree(session, method or "upgma", dark, shared) if what == "tree" else _lineage(session, trace, dark, shared),
    )
    if shared:
        _share(output.parent)
    session.message(f"wrote {output}")


def _share(folder: Path) -> None:
    """Put Plotly's script into ``folder``, unless it is there."""
    from difreg.lineage.figures.document import PLOTLY, plotly_js

    script = plotly_js()
    file = folder / PLOTLY
    if not file.is_file() or file.read_bytes() != script.encode():
        write_file(file, script)


def _lineage(session: Session, trace: Path | None, dark: bool, shared: bool) -> str:
    from difreg.lineage.figures import unknowns
    from difreg.lineage.figures.page import lineage_page

    traces = unknowns.read(trace) if trace else []
    with session.registry() as registry:
        graph, provenance = registry.lineage(), registry.list().provenance
    unknowns.add(graph, traces)
    return lineage_page(graph, provenance, dark=dark, shared=shared)


def _tree(session: Session, method: str, dark: bool, shared: bool) -> str:
    from difreg.lineage.figures.sheet import tree_page

    with session.registry() as registry:
        tree = registry.similarity_tree(method)
    return tree_page(tree, dark=dark, shared=shared)
