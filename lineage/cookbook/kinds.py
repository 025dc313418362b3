"""Kinds of values that the cookbook's questions take, each with what it accepts and how it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from difreg import dates
from difreg.errors import InputError


@dataclass(frozen=True)
class Kind:
    """A kind of value: how it is told and shown, and a reader that raises ValueError for what is none.

    ``textual`` ones are taken from a command line as they are written, so that a generator may be called ``42``.
    """

    told: str
    example: str
    read: Callable[[Any], Any]
    textual: bool = False


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(value)
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(value)
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(value)
    return float(value)


def _date(value: Any) -> str:
    """The beginning of a day, month or year, or a time with its zone, as the catalogue writes times: in UTC."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        return value.isoformat()
    else:
        try:
            return dates.parse(_text(value)).earliest.isoformat()
        except InputError:
            moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment.astimezone(UTC).isoformat()


KINDS = {
    "generator": Kind("a generator's name", "NAME", _text, textual=True),
    "integer": Kind("a whole number", "16", _integer),
    "number": Kind("a number", "0.5", _number),
    "date": Kind("a date, or a time with its zone,", "2026-11-24", _date, textual=True),
}
