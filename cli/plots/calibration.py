"""``difreg plot calibration``: what a kinship is worth, by the number of images."""

from __future__ import annotations

from difreg.cli.picture import Assets, check_file, write_picture
from difreg.cli.plots.options import AssetsOption, DarkOption, OutputOption
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb


@verb(
    Panel.lineage,
    "difreg plot calibration -o calibration.html",
    "difreg plot calibration -o calibration.pdf",
    output=False,
)
def calibration(
    session: Session,
    output: OutputOption,
    dark: DarkOption = False,
    assets: AssetsOption = Assets.embedded,
) -> None:
    """Draw what a kinship is worth: how it lies among unrelated generators and among kin, and P(kin).

    A curve a number of images in the smaller set: fewer images make kinship noisier, and worth less.
    """
    check_file(output)
    with session.registry() as registry:
        shown = registry.background()
    from difreg.lineage.figures.sheets import calibration_sheet

    write_picture(session, output, calibration_sheet(shown, dark=dark), assets)
