"""What the options of ``add`` declare about a generator, laid over its model card and its row of ``--metadata``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from difreg.registry.metadata import Metadata


def from_options(
    *,
    released: str | None,
    not_before: str | None,
    base: bool,
    parents: Sequence[str] | None,
    source: str | None,
    certainty: str | None,
    note: str | None,
    licence: str | None = None,
    url: str | None = None,
    tags: Sequence[str] | None,
) -> Metadata:
    """Options of the command line as declared facts.

    Raises
    ------
    InputError
        If a date, a parent or a tag does not parse, or they contradict each other.
    """
    from difreg.registry.metadata import Metadata, parse_parent, parse_tag

    return Metadata(
        released=released,
        not_before=not_before,
        base=base or None,
        parents=tuple(parse_parent(parent, source) for parent in parents or ()),
        source=source,
        certainty=certainty,
        note=note,
        licence=licence,
        url=url,
        tags=dict(parse_tag(text) for text in tags or ()),
    )


def overlay(row: Metadata | None, given: Metadata) -> Metadata:
    """``row`` with everything that ``given`` declares in its place; ancestry is replaced as a whole."""
    from difreg.registry.metadata import Metadata

    if row is None:
        return given
    own_ancestry = given.base is not None or bool(given.parents)
    return Metadata(
        released=given.released or row.released,
        not_before=given.not_before or row.not_before,
        base=given.base if own_ancestry else row.base,
        parents=given.parents if own_ancestry else row.parents,
        source=given.source or row.source,
        certainty=given.certainty or row.certainty,
        note=given.note or row.note,
        licence=given.licence or row.licence,
        url=given.url or row.url,
        tags={**row.tags, **given.tags},
    )


def from_card(card: Path | None) -> Metadata:
    """What a model card declares; nothing where there is none."""
    from difreg.registry.metadata import Metadata

    if card is None:
        return Metadata()
    from difreg.registry.cards import read_card

    return read_card(card)
