"""Imprecise dates as people know them: a day, a month, a year, or a range of these."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from difreg.errors import InputError
from difreg.names import shown

_PART = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?")


@dataclass(frozen=True)
class DateRange:
    """The days from ``earliest`` to ``latest``, both included; ``text`` is what the user wrote."""

    earliest: date
    latest: date
    text: str


def parse(text: str) -> DateRange:
    """Parse ``2022-08-22``, ``2022-08``, ``2022`` or a range of two of these joined by ``..``.

    Raises
    ------
    InputError
        If it is none of these, no date of the calendar, or a range that ends before it begins.
    """
    parts = text.strip().split("..")
    if len(parts) > 2:
        raise _bad(text)
    first, last = _span(parts[0], text), _span(parts[-1], text)
    if last[1] < first[0]:
        raise InputError(f"The date range '{shown(text, 60)}' ends before it begins.", "Write the earlier date first.")
    return DateRange(first[0], last[1], text.strip())


def _span(part: str, text: str) -> tuple[date, date]:
    match = _PART.fullmatch(part.strip())
    if not match:
        raise _bad(text)
    year, month, day = match.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError as error:
        raise _bad(text) from error
    if day:
        return first, first
    if month:
        return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return first, date(first.year, 12, 31)


def _bad(text: str) -> InputError:
    return InputError(
        f"'{shown(text, 60)}' is not a date.", "Write 2022-08-22, 2022-08, 2022 or a range such as 2022-07..2022-09."
    )
