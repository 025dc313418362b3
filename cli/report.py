"""``difreg report``: all of a registry on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from difreg.cli.output import PAGES, write_file
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.errors import InputError
from difreg.names import shown


@verb(Panel.lineage, "difreg report -o report.html", output=False)
def report(
    session: Session,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The .html file to write.")],
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark.")] = False,
) -> None:
    """Write all of a registry as one HTML page.

    Families, the lineage, the tree of similarity, all generators with their reliability, what is declared against what
    the images say, and what the method cannot tell, under a table of contents. The page opens offline and prints. What
    is too large for it is left to difreg plot.
    """
    if output.suffix.lower() not in PAGES:
        raise InputError(
            f"{shown(str(output))} does not end in .html.",
            f"Write -o {shown(output.stem)}.html; a browser prints it to PDF.",
        )
    from difreg.lineage.figures.report import report_page

    with session.registry() as registry:
        page = report_page(registry.report(), dark=dark)
    write_file(output, page)
    session.message(f"wrote {output}")
