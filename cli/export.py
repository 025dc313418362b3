"""``difreg export``: the lineage as a file other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.errors import InputError
from difreg.names import shown

EXPORTS = ("lineage",)


@verb(
    Panel.lineage,
    "difreg export lineage -o lineage.graphml",
    "difreg export lineage -o edges.csv",
    "difreg export lineage -o tree.nwk",
    output=False,
)
def export(
    session: Session,
    what: Annotated[str, typer.Argument(metavar="WHAT", help=f"What to export: {', '.join(EXPORTS)}.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="A .graphml, .json, .csv, .nwk or .cypher file."),
    ],
    as_: Annotated[
        str | None,
        typer.Option("--as", metavar="FORM", help="graphml, json, csv, newick or cypher, whatever the suffix."),
    ] = None,
) -> None:
    """Write the lineage graph for other programs.

    GraphML, JSON (networkx's node-link), CSV (an edge a row) and Cypher hold the graph. Newick holds the similarity
    tree (average linkage on 1 - cosine), which is no ancestry.
    """
    if what not in EXPORTS:
        raise InputError(f"'{shown(what, 40)}' cannot be exported.", f"Use one of: {', '.join(EXPORTS)}.")
    with session.registry() as registry:
        answer = registry.export_lineage(output, as_)
    session.message(f"wrote {answer.file}: {answer.nodes} nodes, {answer.edges} edges")
