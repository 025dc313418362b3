"""``difreg drift``: whether the service behind a name changed between its versions."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from difreg import numerals
from difreg.cli.completion import generators
from difreg.cli.failures import DONE, FINDING
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.cli.views import KIN_FIELDS, YARDSTICK, kin_values, provenance_line, yardstick
from difreg.lineage.answers import Drifted, DriftStep

_COLUMNS = ("versions", "images", "verdict", "P(changed)", "agreement", "95 % interval", "p", "kinship z", "P(kin)")
_FIELDS = (
    "before",
    "after",
    "images_before",
    "images_after",
    "verdict",
    "probability",
    "agreement",
    "low",
    "high",
    "p_value",
)
_VERDICTS = {
    "changed": "{} changed",
    "open": "{}: open, not enough to say that it changed",
    "unchanged": "{}: no change to be seen",
    "insufficient": "{}: too little to tell",
}
KIN, STRANGER = 0.99, 0.5


class Finding(StrEnum):
    """Verdicts that ``--fail-on`` can make an exit code of."""

    changed = "changed"


@verb(Panel.lineage, "difreg drift model_x", "difreg drift model_x --fail-on changed -q || echo 'another model'")
def drift(
    session: Session,
    name: Annotated[
        str, typer.Argument(metavar="NAME", autocompletion=generators, help="A generator of two versions or more.")
    ],
    seed: Annotated[int, typer.Option("--seed", help="Of the permutations and the bootstrap.")] = 0,
    fail_on: Annotated[Finding | None, typer.Option("--fail-on", help="Exit 1 if this is the verdict.")] = None,
) -> None:
    """Compare versions of a generator: did the service behind it change?

    Agreement is that of the two fingerprints, corrected for the noise of their images: 1 for one source. P(changed)
    is at prior 1/2. p is of a permutation test that one source made all images; images that show other things can
    make it small too, so versions should show the same kind of things. A change that keeps the image decoder leaves
    no trace here.
    """
    with session.registry() as registry:
        answer = registry.drift(name, seed=seed)
    session.answer(answer, _text, _sheet)
    raise typer.Exit(FINDING if fail_on and answer.verdict == fail_on.value else DONE)


def _steps(answer: Drifted) -> Sequence[DriftStep]:
    return (*answer.steps, answer.overall) if answer.overall else answer.steps


def _text(answer: Drifted) -> list[Block]:
    steps = _steps(answer)
    first = _VERDICTS.get(answer.verdict, answer.verdict).format(answer.generator)
    changed = [step for step in steps if step.verdict == "changed"]
    told = [_kin(step) for step in changed]
    blocks: list[Block] = [first + (f": {'; '.join(told)}" if told else "")]
    for step in steps:
        blocks += [f"warning: versions {step.before} and {step.after}: {c.text}" for c in step.warnings]
    numeric = frozenset({1, 3, 4, 5, 6, 7, 8})
    return [
        *blocks,
        "",
        Grid(_COLUMNS, [_cells(step) for step in steps], numeric),
        "",
        provenance_line(answer.provenance),
    ]


def _kin(step: DriftStep) -> str:
    which = f"version {step.after} is"
    chance = step.kinship.probability if step.kinship else float("nan")
    if chance >= KIN:
        return f"{which} kin of version {step.before}"
    return f"{which} of another lineage than version {step.before}" if chance < STRANGER else f"{which} maybe kin"


def _cells(step: DriftStep) -> tuple[str, ...]:
    kin = step.kinship
    return (
        f"{step.before} -> {step.after}",
        f"{step.images_before} -> {step.images_after}",
        step.verdict,
        numerals.probability(step.probability),
        numerals.share(step.agreement),
        f"{numerals.share(step.low)} to {numerals.share(step.high)}",
        numerals.probability(step.p_value),
        numerals.z(kin.kinship if kin else None),
        numerals.probability(kin.probability if kin else None),
    )


def _sheet(answer: Drifted) -> Sheet:
    columns = ("generator", *_FIELDS, *(f"kin_{field}" for field in KIN_FIELDS), *YARDSTICK)
    rows = [
        [answer.generator, *(getattr(s, f) for f in _FIELDS), *kin_values(s.kinship), *yardstick(answer.provenance)]
        for s in _steps(answer)
    ]
    return Sheet(columns, rows)
