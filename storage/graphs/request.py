"""What every store does with a question before it sees an engine: values for its parameters, and limits that exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from difreg.errors import InputError
from difreg.names import shown


def bound(used: frozenset[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the parameters a query uses.

    Raises
    ------
    InputError
        If one has none.
    """
    missing = sorted(used - given.keys())
    if missing:
        name = shown(missing[0], 40)
        raise InputError(f"The query uses ${name}, which has no value.", f"Give it: --param {name}=VALUE")
    return {name: given[name] for name in used}


def check_limits(limit: int, timeout: float) -> None:
    """Refuse limits that are none.

    Raises
    ------
    InputError
        If ``limit`` is below 1 row, or ``timeout`` is not between 0 and a day, in seconds.
    """
    if limit < 1:
        raise InputError(f"The limit {limit} is below 1.", "Give the number of rows you want at most.")
    if not 0 < timeout < 86_400:
        raise InputError(f"The time limit of {timeout:g} s cannot be used.", "Give seconds, more than 0.")
