"""``difreg plot trace``: how strongly the nearest generators answer to images."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg.cli.completion import generators
from difreg.cli.picture import Assets, check_file, write_picture
from difreg.cli.plots.options import AssetsOption, DarkOption, OutputOption
from difreg.cli.session import Session, expand
from difreg.cli.solving import PhaseOption
from difreg.cli.verb import Panel, verb


@verb(
    Panel.lineage,
    "difreg plot trace unknown/ -o trace.html",
    "difreg plot trace cropped/ --search-phase --exclude model_x -o trace.svg",
    output=False,
    images=True,
)
def trace(
    session: Session,
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGES", help="Files, folders, globs, a .sketch file; - reads paths.")
    ],
    output: OutputOption,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude", metavar="NAME", autocompletion=generators, help="Leave this generator out; repeatable."
        ),
    ] = None,
    prior: Annotated[
        float, typer.Option("--prior", metavar="P", help="Probability that no relative is registered.")
    ] = 0.5,
    search_phase: PhaseOption = False,
    dark: DarkOption = False,
    assets: AssetsOption = Assets.embedded,
) -> None:
    """Draw how strongly the nearest generators answer to images.

    A bar a candidate, against the line from which kin are accepted; the title is the verdict. Nothing is registered.
    """
    check_file(output)
    with session.registry() as registry:
        traced = registry.trace(expand(images), exclude=tuple(exclude or ()), prior=prior, search_phase=search_phase)
        evidence = registry.evidence(traced)
    session.skipped(traced.images)
    from difreg.lineage.figures.sheets import trace_sheet

    write_picture(session, output, trace_sheet(traced, evidence, dark=dark), assets)
