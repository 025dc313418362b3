"""``difreg list``: the catalogue."""

from __future__ import annotations

from dataclasses import fields

from difreg import numerals
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.lineage.answers import GeneratorRow, Listing
from difreg.numerals import UNKNOWN, count

_COLUMNS = ("generator", "version", "family", "images", "reliability", "not before", "released", "base", "aliases")


@verb(Panel.life, "difreg list", "difreg list --format csv > generators.csv")
def list_(session: Session) -> None:
    """List the registered generators.

    A generator without a version is a declared parent of which there are no images.
    """
    with session.registry() as registry:
        answer = registry.list()
    session.answer(answer, _text, _sheet)


def _text(answer: Listing) -> list[Block]:
    if not answer.generators:
        return ["No generator is registered yet: difreg add NAME IMAGES..."]
    observed = sum(row.observed for row in answer.generators)
    stubs = len(answer.generators) - observed
    first = count(observed, "generator") + (f" and {stubs} declared without images" if stubs else "")
    return [first, Grid(_COLUMNS, [_cells(row) for row in answer.generators], frozenset({1, 3, 4}))]


def _cells(row: GeneratorRow) -> tuple[str, ...]:
    return (
        row.name,
        UNKNOWN if row.version is None else str(row.version),
        row.family or UNKNOWN,
        str(row.images),
        numerals.share(row.reliability),
        row.not_before or UNKNOWN,
        row.released or UNKNOWN,
        "yes" if row.base else "",
        ", ".join(row.aliases),
    )


def _sheet(answer: Listing) -> Sheet:
    columns = [field.name for field in fields(GeneratorRow)]
    return Sheet(columns, [[getattr(row, column) for column in columns] for row in answer.generators])
