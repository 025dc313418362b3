"""``difreg trace``: which generator or family made these images, or none, or too little to tell."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from difreg.cli.completion import generators
from difreg.cli.failures import DONE, FINDING, REFUSED
from difreg.cli.layout import COMMON
from difreg.cli.output import PAGES, write_file
from difreg.cli.session import Session, expand
from difreg.cli.solving import Area, AreaOption, PhaseOption
from difreg.cli.trace_view import sheet, text, text_each
from difreg.cli.verb import Panel, verb
from difreg.errors import InputError
from difreg.lineage.answers import Failure, Traced, TracedEach
from difreg.names import shown

if TYPE_CHECKING:
    from difreg.lineage.api import Registry


class Finding(StrEnum):
    """Verdicts that ``--fail-on`` can make an exit code of."""

    none = "none"


@verb(
    Panel.lineage,
    "difreg trace unknown/",
    "difreg trace a.png b.png c.png --format json",
    "difreg trace model_x/ --exclude model_x       # its kin, were it not registered",
    "difreg trace --each cases/ -o cases.csv",
    "difreg trace cropped/ --search-phase            # cropped off the pixel grid, or mirrored",
    "difreg trace unknown/ -o card.html             # the evidence card, one printable page",
    "difreg trace upload/ --fail-on none -q || echo 'nobody we know'",
    output=False,
    images=True,
)
def trace(
    session: Session,
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IMAGES", help="Files, folders, globs, a .sketch file; - reads paths.", show_default=False
        ),
    ] = None,
    each: Annotated[
        str | None, typer.Option("--each", metavar="DIR", help="Trace every subfolder of DIR by itself.")
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude", metavar="NAME", autocompletion=generators, help="Leave this generator out; repeatable."
        ),
    ] = None,
    prior: Annotated[
        float, typer.Option("--prior", metavar="P", help="Probability that no relative is registered.")
    ] = 0.5,
    seed: Annotated[int, typer.Option("--seed", help="Of the bootstrap.")] = 0,
    fail_on: Annotated[Finding | None, typer.Option("--fail-on", help="Exit 1 if this is the verdict.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every candidate, not the first ten.")] = False,
    area: AreaOption = Area.crop,
    search_phase: PhaseOption = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the answer to a .json, .csv or .txt file, or its evidence card to .html.",
            rich_help_panel=COMMON,
        ),
    ] = None,
) -> None:
    """Trace images to a family, to none, or say that they are too few.

    Images of several origins are told apart where they can be (mixed), and every image is asked whether it agrees. The
    verdict names a family, because members that share a decoder cannot be told apart. Kinship is a z score over
    unrelated generators; LR is the likelihood ratio of kin against not; P(kin) is at prior 1/2; support is the share of
    bootstrap replicates accepted.
    """
    if not 0 < prior < 1:
        raise InputError(f"--prior {prior:g} is no probability between 0 and 1.", "Give one such as --prior .5.")
    if (each is None) == (not images):
        raise InputError("A trace needs either IMAGES or --each DIR.", "Name images, folders or a .sketch file.")
    page = output is not None and output.suffix.lower() in PAGES
    if page and session.asked is not None:
        raise InputError(f"--format and {shown(str(output))} ask for different things.", "Leave out --format.")
    session.write_to(None if page else output)
    left_out = tuple(exclude or ())
    with session.registry() as registry:
        if each is not None:
            many = registry.trace_each(
                each, exclude=left_out, prior=prior, seed=seed, area=area.value, search_phase=search_phase
            )
        else:
            one = registry.trace(
                expand(images), exclude=left_out, prior=prior, seed=seed, area=area.value, search_phase=search_phase
            )
        if page and output is not None:
            traces = many.traces if each is not None else (one,)
            _write_cards(session, registry, traces, many.failed if each is not None else (), output)
            raise typer.Exit(_code(traces, fail_on) if traces else REFUSED)
    if each is not None:
        _answer_each(session, many, fail_on, everyone)
    else:
        session.skipped(one.images)
        session.answer(one, lambda traced: text(traced, everyone), lambda traced: sheet((traced,), ()))
        raise typer.Exit(_code((one,), fail_on))


def _write_cards(
    session: Session, registry: Registry, traces: Sequence[Traced], failed: Sequence[Failure], output: Path
) -> None:
    from difreg.lineage.figures.card import card_page

    for traced in traces:
        session.skipped(traced.images)
    for failure in failed:
        session.message(f"failed {failure.generator}: {failure.reason}")
    if traces:
        write_file(output, card_page([(traced, registry.evidence(traced)) for traced in traces]))
        session.message(f"wrote {output}")


def _answer_each(session: Session, answer: TracedEach, fail_on: Finding | None, everyone: bool) -> None:
    for traced in answer.traces:
        session.skipped(traced.images)
    session.failed(answer.failed)
    session.answer(answer, lambda many: text_each(many, everyone), lambda many: sheet(many.traces, many.failed))
    raise typer.Exit(_code(answer.traces, fail_on) if answer.traces else REFUSED)


def _code(traces: Sequence[Traced], fail_on: Finding | None) -> int:
    return FINDING if fail_on and any(traced.verdict == fail_on.value for traced in traces) else DONE
