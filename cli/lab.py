"""``difreg lab``: the experiments of the Deep Image Fingerprint paper, each with a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from difreg.cli.layout import COMMON
from difreg.cli.output import PAGES, write_file
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.errors import InputError
from difreg.names import shown

if TYPE_CHECKING:
    from difreg.lineage.answers import BlankFitted


@verb(
    Panel.fingerprints,
    "difreg lab blank -o blank.html",
    "difreg lab blank --steps 200 --seed 3 --format json",
    output=False,
)
def blank(
    session: Session,
    steps: Annotated[int, typer.Option("--steps", metavar="N", help="Steps of the optimiser.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Of the network and its noise.")] = 0,
    size: Annotated[int, typer.Option("--size", metavar="P", help="Pixels on a side, a multiple of 16.")] = 128,
    rate: Annotated[float, typer.Option("--learning-rate", metavar="R", help="Of the optimiser.")] = 5e-5,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the pictures to .html, or the answer to a .json, .csv or .txt file.",
            rich_help_panel=COMMON,
        ),
    ] = None,
) -> None:
    """Fit the method's network to a flat grey image, and see what it leaves there.

    A U-Net is fitted to a blank image from fixed noise. Energy at the frequencies of its up-sampling strides, over that
    around them, is the architecture's own fingerprint: there was no data. Most of an output answers to the noise, so
    that the mean over other noise is told too. It needs no registry. At 128 pixels a step takes about .2 s.
    """
    page = output is not None and output.suffix.lower() in PAGES
    if page and session.asked is not None:
        raise InputError(f"--format and {shown(str(output))} ask for different things.", "Leave out --format.")
    session.write_to(None if page else output)
    from difreg.lineage.lab import told
    from difreg.registry.solvers.blank import fit_blank

    with session.progress() as progress:
        made = fit_blank(size=size, steps=steps, seed=seed, learning_rate=rate, progress=progress)
    answer = told(made)
    if page and output is not None:
        from difreg.lineage.figures.sheets import blank_sheet

        write_file(output, blank_sheet(answer, made).page())
        session.message(f"wrote {output}")
    else:
        session.answer(answer, _text, _sheet)


_COLUMNS = ("step", "loss", "mean error", "largest error", "stride 2", "stride 4", "stride 8", "stride 16")
_FIELDS = ("of", "step", "loss", "mean_error", "largest_error", "stride_2", "stride_4", "stride_8", "stride_16")


def _text(answer: BlankFitted) -> list[Block]:
    fit = "within" if answer.fitted else "not within"
    peaks = "at every stride five times" if answer.peaked else "not at every stride five times"
    rows = [
        (
            said + str(s.step),
            f"{s.loss:.2g}",
            f"{s.mean_error:.2f}",
            f"{s.largest_error:.2f}",
            *(f"{x.ratio:.1f}" for x in s.strides),
        )
        for said, snapshots in (("", answer.snapshots), ("mean at ", answer.means))
        for s in snapshots
    ]
    return [
        f"{'Accepted' if answer.accepted else 'Not accepted'}: {fit} one grey level, energy {peaks} that around it",
        "",
        Grid(_COLUMNS, rows, frozenset(range(len(_COLUMNS)))),
        "",
        "errors in grey levels; strides: energy at their frequencies over that around them; mean: of the outputs for",
        "64 other draws of noise, which averages out what the output owes to its noise",
        f"{answer.size} x {answer.size} pixels, learning rate {answer.learning_rate:g}, seed {answer.provenance.seed}, "
        f"{answer.seconds:.0f} s",
    ]


def _sheet(answer: BlankFitted) -> Sheet:
    rows = [
        (kind, s.step, s.loss, s.mean_error, s.largest_error, *(x.ratio for x in s.strides))
        for kind, snapshots in (("output", answer.snapshots), ("mean", answer.means))
        for s in snapshots
    ]
    return Sheet(_FIELDS, rows)
