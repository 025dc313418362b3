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
NEWICK = (".nwk", ".newick")


@verb(
    Panel.lineage,
    "difreg plot lineage -o lineage.html",
    "difreg plot tree -o tree.html",
    "difreg plot tree --method nj -o tree.nwk",
    output=False,
    images=True,
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
) -> None:
    """Draw the registry as one interactive HTML file.

    It holds all it needs: it opens offline and asks nobody for anything. The lineage is who descends from whom, as far
    as that is known; the tree is who looks alike, with the support of each group, and no descent. A tree is also
    written as Newick, to a .nwk file.
    """
    if what not in PLOTS:
        raise InputError(f"There is no plot '{shown(what, 40)}'.", f"Use one of: {', '.join(PLOTS)}.")
    if method is not None and what != "tree":
        raise InputError(f"--method is for a tree, not for plot {what}.", "Leave it out.")
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
    write_file(output, _tree(session, method or "upgma", dark) if what == "tree" else _lineage(session, dark))
    session.message(f"wrote {output}")


def _lineage(session: Session, dark: bool) -> str:
    from difreg.lineage.figures.page import lineage_page

    with session.registry() as registry:
        graph, provenance = registry.lineage(), registry.list().provenance
    return lineage_page(graph, provenance, dark=dark)


def _tree(session: Session, method: str, dark: bool) -> str:
    from difreg.lineage.figures.sheet import tree_page

    with session.registry() as registry:
        tree = registry.similarity_tree(method)
    return tree_page(tree, dark=dark)
