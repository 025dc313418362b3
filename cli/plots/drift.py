"""``difreg plot drift``: how far each version of a generator agrees with the next."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg.cli.completion import generators
from difreg.cli.picture import Assets, check_file, write_picture
from difreg.cli.plots.options import AssetsOption, DarkOption, OutputOption
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb


@verb(
    Panel.lineage,
    "difreg plot drift model_x -o drift.html",
    "difreg plot drift model_x --dark -o drift.png",
    output=False,
)
def drift(
    session: Session,
    name: Annotated[
        str, typer.Argument(metavar="NAME", autocompletion=generators, help="A generator of two versions or more.")
    ],
    output: OutputOption,
    dark: DarkOption = False,
    assets: AssetsOption = Assets.embedded,
) -> None:
    """Draw how far each version of a generator agrees with the next, with its doubt."""
    check_file(output)
    with session.registry() as registry:
        drifted = registry.drift(name)
    from difreg.lineage.figures.sheets import drift_sheet

    write_picture(session, output, drift_sheet(drifted, dark=dark), assets)
