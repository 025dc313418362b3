"""Imprecise dates as people know them: a day, a month, a year, or a range of these."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from difreg.errors import InputError

_PART = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


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
        raise InputError(f"The date range '{text}' ends before it begins.", "Write the earlier date first.")
    return DateRange(first[0], last[1], text.strip())


def _span(part: str, text: str) -> tuple[date, date]:
    match = _PART.fullmatch(part.strip())
    if not match:
        raise _bad(text)
    year, month, day = (int(g) if g else None for g in match.groups())
    try:
        if year is not None and month and day:
            return date(year, month, day), date(year, month, day)
        if year is not None and month:
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        return date(year or 0, 1, 1), date(year or 0, 12, 31)
    except ValueError as error:
        raise _bad(text) from error


def _bad(text: str) -> InputError:
    return InputError(
        f"'{text}' is not a date.", "Write 2022-08-22, 2022-08, 2022 or a range such as 2022-07..2022-09."
    )
