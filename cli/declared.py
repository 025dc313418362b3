"""What the options of ``add`` declare about a generator, laid over its row of ``--metadata``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from difreg.errors import InputError
from difreg.names import shown

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
    tags: Sequence[str] | None,
) -> Metadata:
    """Options of the command line as declared facts.

    Raises
    ------
    InputError
        If a date, a parent or a tag does not parse, or they contradict each other.
    """
    from difreg.registry.metadata import Metadata, parse_parent

    return Metadata(
        released=released,
        not_before=not_before,
        base=base or None,
        parents=tuple(parse_parent(parent, source) for parent in parents or ()),
        source=source,
        certainty=certainty,
        note=note,
        tags=dict(_tag(text) for text in tags or ()),
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
        tags={**row.tags, **given.tags},
    )


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InputError(f"'{shown(text, 60)}' is no tag.", "Write --tag key=value.")
    return key.strip(), value.strip()
