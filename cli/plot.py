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

PLOTS = ("lineage",)


@verb(
    Panel.lineage,
    "difreg plot lineage -o lineage.html",
    output=False,
)
def plot(
    session: Session,
    what: Annotated[str, typer.Argument(metavar="WHAT", help=f"What to draw: {', '.join(PLOTS)}.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The .html file to write.")],
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark.")] = False,
) -> None:
    """Draw the registry as one interactive HTML file.

    It holds all it needs: it opens offline and asks nobody for anything.
    """
    if what not in PLOTS:
        raise InputError(f"There is no plot '{shown(what, 40)}'.", f"Use one of: {', '.join(PLOTS)}.")
    if output.suffix.lower() not in (".html", ".htm"):
        raise InputError(
            f"{shown(str(output))} does not end in .html; png, svg and pdf are not written yet.",
            f"Write -o {shown(output.stem)}.html, and save a PNG from the page.",
        )
    from difreg.lineage.figures.page import lineage_page

    with session.registry() as registry:
        graph, provenance = registry.lineage(), registry.list().provenance
    write_file(output, lineage_page(graph, provenance, dark=dark))
    session.message(f"wrote {output}")
