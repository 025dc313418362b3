"""What is declared about a generator: dates, parents, whether it was trained from scratch, tags; and its CSV."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from difreg import dates
from difreg.errors import InputError
from difreg.names import check_name, shown

RELATIONS = (
    "fine-tune",
    "resumed-training",
    "adapter",
    "merge",
    "distilled",
    "quantised",
    "transfer",
    "same-checkpoint",
    "reused-decoder",
    "unknown",
)
EVIDENCE = "evidence"  # the tag that, at "no", keeps a generator from deciding a trace
MAX_TEXT = 10_000
MAX_TAG, MAX_TAG_VALUE = 64, 500


@dataclass(frozen=True)
class DeclaredParent:
    """A parent as declared: its name, how the child came from it, and who says so."""

    name: str
    relation: str = "unknown"
    source: str | None = None


@dataclass(frozen=True)
class Metadata:
    """Declared facts; a field that is None (or empty) is not declared and changes nothing that is stored.

    Attributes
    ----------
    released
        The latest date at which the generator can have come into being, as written (see :mod:`difreg.dates`).
    not_before
        The earliest such date.
    base
        Whether it is declared as trained from scratch.
    """

    released: str | None = None
    not_before: str | None = None
    base: bool | None = None
    parents: tuple[DeclaredParent, ...] = ()
    source: str | None = None
    certainty: str | None = None
    note: str | None = None
    licence: str | None = None
    url: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse dates that are none, a birth span that is empty, and a base that has parents."""
        spans = [dates.parse(d) for d in (self.not_before, self.released) if d is not None]
        if len(spans) == 2 and spans[0].earliest > spans[1].latest:
            raise InputError(
                f"not-before {shown(str(self.not_before))} is later than released {shown(str(self.released))}.",
                "'released' is the latest date it can have come into being, 'not-before' the earliest.",
            )
        for fact in ("source", "certainty", "note", "licence", "url"):
            if len(getattr(self, fact) or "") > MAX_TEXT:
                raise InputError(f"The {fact} is longer than {MAX_TEXT} characters.", "Shorten it.")
        if self.base and self.parents:
            raise InputError("A base is trained from scratch and has no parents.", "Give --base or --parent, not both.")


def parse_parent(text: str, source: str | None = None) -> DeclaredParent:
    """``NAME`` or ``NAME:RELATION`` as a declared parent.

    Raises
    ------
    InputError
        If the name cannot name a generator or the relation is not one of :data:`RELATIONS`.
    """
    name, _, relation = text.partition(":")
    relation = relation or "unknown"
    if relation not in RELATIONS:
        raise InputError(f"'{shown(relation, 40)}' is no relation to a parent.", f"Use one of: {', '.join(RELATIONS)}.")
    return DeclaredParent(check_name(name, "parent's name"), relation, source)


def parse_tag(text: str) -> tuple[str, str]:
    """``key=value`` as a tag.

    Raises
    ------
    InputError
        If there is no key or no ``=``, one is too long, or either holds control or invisible characters.
    """
    key, equals, value = (part.strip() for part in unicodedata.normalize("NFC", text).partition("="))
    if not equals:
        raise InputError(f"'{shown(text, 60)}' is no tag.", "Write key=value.")
    return check_key(key), _tag_text(value, MAX_TAG_VALUE, "value")


def is_evidence(tags: Mapping[str, str]) -> bool:
    """Whether a generator of these tags may decide what made an image: not where it is tagged ``evidence=no``."""
    return tags.get(EVIDENCE, "").strip().lower() != "no"


def check_key(text: str) -> str:
    """The key of a tag, if it may be one; raises as :func:`parse_tag` does."""
    key = unicodedata.normalize("NFC", text).strip()
    if not key or "=" in key:
        raise InputError(f"'{shown(text, 60)}' is no key of a tag.", "Write a word, without =.")
    return _tag_text(key, MAX_TAG, "key")


def _tag_text(text: str, limit: int, what: str) -> str:
    if len(text) > limit:
        raise InputError(f"The {what} of the tag '{shown(text, 30)}' is longer than {limit}.", "Use a note for more.")
    if any(unicodedata.category(c)[0] == "C" or unicodedata.category(c) in {"Zl", "Zp"} for c in text):
        raise InputError(f"The tag '{shown(text, 60)}' holds control or invisible characters.", "Leave them out.")
    return text


def read_csv(path: Path) -> dict[str, Metadata]:
    """Metadata by generator name, from a CSV with a row a generator (``name`` or ``slug``).

    Other columns are left alone. A parent ``none`` declares a base, ``unknown`` or an empty cell nothing.

    Raises
    ------
    InputError
        If the file cannot be read, has no name column, or a cell does not parse (the row is named).
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            key = next((c for c in ("name", "slug") if c in (reader.fieldnames or ())), None)
            if key is None:
                raise InputError(
                    f"{shown(str(path))} has no column 'name' or 'slug'.",
                    "Add one that names the generator of each row.",
                )
            out: dict[str, Metadata] = {}
            for row in reader:
                try:
                    out[(row[key] or "").strip()] = _metadata(row)
                except InputError as error:
                    raise InputError(
                        f"{shown(str(path))}, line {reader.line_num}: {error.message}", error.hint
                    ) from error
            return out
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{shown(str(path))} cannot be read as CSV: {error}.", "Give a UTF-8 file with a header line."
        ) from error


def _metadata(row: Mapping[str, str | None]) -> Metadata:
    cell = {k: (v or "").strip() or None for k, v in row.items() if isinstance(v, str | None)}
    parent, source = cell.get("parent"), cell.get("source")
    declared = parent is not None and parent not in {"none", "unknown"}
    relation = cell.get("relation") if cell.get("relation") in RELATIONS else "unknown"
    base = True if parent == "none" else _truth(cell.get("base"))
    return Metadata(
        released=cell.get("released"),
        not_before=cell.get("not_before"),
        base=base,
        parents=(parse_parent(f"{parent}:{relation}", source),) if declared else (),
        source=source,
        certainty=cell.get("certainty"),
        note=cell.get("note"),
        licence=cell.get("licence") or cell.get("license"),
        url=cell.get("url"),
    )


def _truth(text: str | None) -> bool | None:
    if text is None:
        return None
    if text.lower() in {"1", "true", "yes"}:
        return True
    if text.lower() in {"0", "false", "no"}:
        return False
    raise InputError(f"'{shown(text, 40)}' is neither yes nor no.", "Write yes or no in the column 'base'.")
