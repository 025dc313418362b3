"""``difreg plot fingerprint``: one fingerprint in space, as its spectrum and as one period."""

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
    "difreg plot fingerprint model_x -o model_x.html",
    "difreg plot fingerprint model_x --images whole/ --reals photographs/ -o model_x.html",
    output=False,
    images=True,
)
def fingerprint(
    session: Session,
    name: Annotated[
        str, typer.Argument(metavar="NAME", autocompletion=generators, help="A generator, or a version of it.")
    ],
    output: OutputOption,
    images: Annotated[
        list[str] | None, typer.Option("--images", metavar="PATH", help="Whole images of it, for the border.")
    ] = None,
    reals: Annotated[
        list[str] | None,
        typer.Option("--reals", metavar="PATH", help="Photographs to compare their border with."),
    ] = None,
    dark: DarkOption = False,
    assets: AssetsOption = Assets.embedded,
) -> None:
    """Draw one fingerprint: in space, as its spectrum and as one period of it.

    The border is of the images given with --images, which must be whole: a fingerprint does not keep it.
    """
    check_file(output)
    with session.registry() as registry:
        made = registry.portrait(name, images or (), reals or ())
    from difreg.lineage.figures.sheets import portrait_sheet

    write_picture(session, output, portrait_sheet(made, dark=dark), assets)
