"""``difreg plot matrix``: all pairs in one metric, as a picture or as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from difreg import numerals
from difreg.cli.output import SUFFIXES
from difreg.cli.picture import Assets, check_file, write_picture
from difreg.cli.plots.options import AssetsOption, DarkOption, OutputOption
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.cli.views import YARDSTICK, provenance_line, yardstick

if TYPE_CHECKING:
    from difreg.lineage.answers import Matrix


@verb(
    Panel.lineage,
    "difreg plot matrix --metric accuracy -o matrix.html",
    "difreg plot matrix model_x model_y family-1 -o kinship.csv",
    output=False,
)
def matrix(
    session: Session,
    output: OutputOption,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAMES", help="Generators, versions or families; all where none is named.", show_default=False
        ),
    ] = None,
    metric: Annotated[
        str, typer.Option("--metric", metavar="NAME", help="accuracy, auc, score, kinship or probability.")
    ] = "kinship",
    dark: DarkOption = False,
    assets: AssetsOption = Assets.embedded,
) -> None:
    """Draw all pairs of generators, families together.

    Accuracy, AUC and score are of cross-detection, whose rows are fingerprints and whose columns are images; kinship
    and probability have no order. The numbers are also written to a .json, .csv or .txt file.
    """
    check_file(output, *SUFFIXES)
    numbers = output.suffix.lower() in SUFFIXES
    if numbers:
        session.write_to(output)
    with session.registry() as registry:
        made = registry.matrix(metric, names or ())
    if numbers:
        session.answer(made, _text, _sheet)
        return
    from difreg.lineage.figures.sheets import matrix_sheet

    write_picture(session, output, matrix_sheet(made, dark=dark), assets)


def _text(answer: Matrix) -> list[Block]:
    m = len(answer.members)
    values = [[c.value for c in answer.cells[k * m : (k + 1) * m]] for k in range(m)]
    tell = {"kinship": numerals.z, "probability": numerals.probability}.get(answer.metric, numerals.share)
    rows = [(x.name, str(k), *map(tell, row)) for k, (x, row) in enumerate(zip(answer.members, values, strict=True), 1)]
    first = "fingerprint, by images" if answer.directed else "generator"
    return [
        f"{answer.metric} of {numerals.count(m, 'generator')}",
        "",
        Grid((first, "#", *(str(k) for k in range(1, m + 1))), rows, frozenset(range(1, m + 2))),
        "",
        provenance_line(answer.provenance),
    ]


def _sheet(answer: Matrix) -> Sheet:
    shared = (answer.metric, *yardstick(answer.provenance))
    rows = [(c.fingerprint, c.images, c.value, c.low, c.high, c.n, c.judged, *shared) for c in answer.cells]
    return Sheet(("fingerprint", "images", "value", "low", "high", "n", "judged", "metric", *YARDSTICK), rows)
