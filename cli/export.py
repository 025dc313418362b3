"""``difreg export``: the lineage as a file other programs read, or generators as one other registries read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.errors import InputError
from difreg.names import shown
from difreg.numerals import count

EXPORTS = ("lineage", "bundle")


@verb(
    Panel.lineage,
    "difreg export lineage -o lineage.graphml",
    "difreg export lineage -o edges.csv",
    "difreg export lineage -o tree.nwk",
    "difreg export bundle -o ours.difreg model_x sdxl",
    output=False,
)
def export(
    session: Session,
    what: Annotated[str, typer.Argument(metavar="WHAT", help=f"What to export: {', '.join(EXPORTS)}.")],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="A .graphml, .json, .csv, .nwk, .cypher or .difreg file."),
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAMES", help="Generators of a bundle; all where none is named.", show_default=False),
    ] = None,
    as_: Annotated[
        str | None,
        typer.Option("--as", metavar="FORM", help="graphml, json, csv, newick or cypher, whatever the suffix."),
    ] = None,
) -> None:
    """Write the lineage graph for other programs, or generators for other registries.

    Of the lineage, GraphML, JSON (networkx's node-link), CSV (an edge a row) and Cypher hold the graph. Newick holds
    the similarity tree (average linkage on 1 - cosine), which is no ancestry. A bundle holds generators with all their
    versions and what is declared, the ancestors of those named as stubs; no images, scores or folders' names.
    """
    if what not in EXPORTS:
        raise InputError(f"'{shown(what, 40)}' cannot be exported.", f"Use one of: {', '.join(EXPORTS)}.")
    if what == "lineage" and names:
        raise InputError("The lineage is exported whole.", "Leave the names out, or export a bundle.")
    if what == "bundle" and as_:
        raise InputError("A bundle has one form.", "Leave --as out.")
    with session.registry() as registry:
        if what == "bundle":
            made = registry.export_bundle(output, names or ())
            told = f"{count(made.generators, 'generator')}, {count(made.versions, 'version')}, SHA-256 {made.sha256}"
            session.message(f"wrote {made.file}: {told}")
            return
        answer = registry.export_lineage(output, as_)
    session.message(f"wrote {answer.file}: {answer.nodes} nodes, {answer.edges} edges")
