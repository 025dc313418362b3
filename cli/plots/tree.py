"""``difreg plot tree``: who looks alike."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg.cli.picture import Assets, check_file, write_picture
from difreg.cli.plots.options import AssetsOption, DarkOption, OutputOption
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb

NEWICK = (".nwk", ".newick")


@verb(
    Panel.lineage,
    "difreg plot tree -o tree.html",
    "difreg plot tree --method nj -o tree.nwk",
    output=False,
)
def tree(
    session: Session,
    output: OutputOption,
    method: Annotated[
        str, typer.Option("--method", metavar="NAME", help="upgma (average linkage) or nj (neighbour joining).")
    ] = "upgma",
    dark: DarkOption = False,
    assets: AssetsOption = Assets.embedded,
) -> None:
    """Draw who looks alike, with the support of each group, and no descent.

    A tree is also written as Newick, to a .nwk file.
    """
    check_file(output, *NEWICK)
    with session.registry() as registry:
        if output.suffix.lower() in NEWICK:
            registry.export_tree(output, method)
            session.message(f"wrote {output}")
            return
        made = registry.similarity_tree(method)
    from difreg.lineage.figures.sheets import tree_sheet

    write_picture(session, output, tree_sheet(made, dark=dark), assets)
