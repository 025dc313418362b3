"""``difreg show``: one generator with its versions and kin."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

import typer

from difreg import numerals
from difreg.cli.completion import generators
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.cli.views import caveats, kin_grid, weights_lines
from difreg.lineage.answers import GeneratorDetail, Shown, VersionRow

_VERSIONS = ("version", "created", "images", "skipped", "reliability", "solver", "denoiser", "background", "digest")


@verb(
    Panel.life,
    "difreg show model_x",
    "difreg show model_x:2",
    "difreg show model_x@prod --at 2026-01-01     # what prod was that day",
    "difreg show model_x --format json",
)
def show(
    session: Session,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME[:VERSION]",
            autocompletion=generators,
            help="The generator, or one version: x, x:2, x:latest, x@alias.",
        ),
    ],
    at: Annotated[
        str | None, typer.Option("--at", metavar="DATE", help="As it stood then: at the end of a day, or at a time.")
    ] = None,
) -> None:
    """Show a generator: what is declared, its versions, its kin.

    With --at, names, declared facts, aliases and versions are those of that moment (UTC), read from the history.
    """
    with session.registry() as registry:
        answer = registry.show(name, at=at)
    session.answer(answer, _text, _sheet)


def _text(answer: Shown) -> list[Block]:
    blocks: list[Block] = [*_declared(answer.generator)]
    if answer.at:
        blocks.insert(1, f"as it stood at {answer.at:%Y-%m-%d %H:%M:%S} UTC")
    if answer.versions:
        named = any(row.aliases for row in answer.versions)
        rows = [(*_cells(row), *([", ".join(row.aliases)] if named else [])) for row in answer.versions]
        blocks += ["", Grid((*_VERSIONS, *(["alias"] if named else [])), rows, frozenset({0, 2, 3, 4}))]
        latest = max(answer.versions, key=lambda row: row.version)
        blocks += caveats(latest.warnings)
        blocks += weights_lines(latest.weights)
    if answer.kin:
        blocks += ["", kin_grid(answer.kin, "kin of the latest version")]
    return blocks


def _declared(row: GeneratorDetail) -> list[str]:
    facts = {
        "family": row.family,
        "base": "trained from scratch" if row.base else None,
        "not before": row.not_before,
        "released": row.released,
        "source": row.source,
        "certainty": row.certainty,
        "licence": row.licence,
        "url": row.url,
        "aliases": ", ".join(row.aliases),
        "tags": ", ".join(f"{key}={value}" for key, value in row.tags.items()),
        "note": row.notes,
    }
    lines = [row.name if row.observed else f"{row.name} (declared without images)"]
    lines += [f"{key}: {value}" for key, value in facts.items() if value]
    for parent in row.parents:
        lines.append(f"parent: {parent.name}, {parent.relation}" + (f" ({parent.source})" if parent.source else ""))
    return lines


def _cells(row: VersionRow) -> tuple[str, ...]:
    return (
        str(row.version),
        row.created.strftime("%Y-%m-%d %H:%M"),
        str(row.images),
        str(len(row.skipped)),
        numerals.share(row.reliability),
        row.solver,
        row.denoiser,
        row.background,
        row.digest[:12],
    )


def _sheet(answer: Shown) -> Sheet:
    columns = [field.name for field in fields(VersionRow) if field.name not in {"skipped", "warnings", "weights"}]
    rows = [[answer.generator.name, *(getattr(row, c) for c in columns), len(row.skipped)] for row in answer.versions]
    return Sheet(["generator", *columns, "images_skipped"], rows)
