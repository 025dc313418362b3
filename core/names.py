"""What may name a generator, and how text a user typed is shown back without harm."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from difreg.errors import InputError

MAX_NAME = 128
RESERVED = frozenset('/\\:@<>"`|*?$')


def shown(text: str, limit: int = 200) -> str:
    """``text`` with control, formatting and other invisible characters written as escapes, at most ``limit`` long.

    Safe for a terminal: no escape sequence, line break or direction mark survives.
    """
    out = "".join(
        _escape(c) if unicodedata.category(c)[0] == "C" or unicodedata.category(c) in {"Zl", "Zp"} else c for c in text
    )
    return out if len(out) <= limit else out[: limit - 1] + "…"


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def some(names: Sequence[str], most: int = 8) -> str:
    """Names in a sentence, as they are given: the first few of many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def check_name(name: str, what: str = "generator name") -> str:
    """``name`` in Unicode normal form C, if it may name a generator.

    Raises
    ------
    InputError
        If it is empty, too long, starts with ``-`` or ``.``, has outer blanks, or holds control characters or one of
        the characters that difreg, shells, file systems or markup give a meaning.
    """
    name = unicodedata.normalize("NFC", name)
    problem = _problem(name)
    if problem:
        raise InputError(
            f"'{shown(name, 60)}' cannot be a {what}: {problem}.",
            "Use letters, digits, spaces and . _ - + ( ) instead.",
        )
    return name


def check_title(title: str) -> str:
    """``title`` in Unicode normal form C, without outer blanks, if it may be a family's.

    Raises
    ------
    InputError
        If it is too long or holds control or invisible characters.
    """
    title = unicodedata.normalize("NFC", title).strip()
    if len(title) > MAX_NAME:
        raise InputError(f"'{shown(title, 60)}' is longer than {MAX_NAME} characters.", "Give a shorter title.")
    if any(unicodedata.category(c)[0] == "C" or unicodedata.category(c) in {"Zl", "Zp"} for c in title):
        raise InputError(f"'{shown(title, 60)}' holds control or invisible characters.", "Leave them out.")
    return title


def _problem(name: str) -> str:
    if not name:
        return "it is empty"
    if len(name) > MAX_NAME:
        return f"it is longer than {MAX_NAME} characters"
    if name != name.strip():
        return "it begins or ends with a blank"
    if name[0] in "-.":
        return f"it begins with '{name[0]}'"
    if any(unicodedata.category(c)[0] == "C" or unicodedata.category(c) in {"Zl", "Zp"} for c in name):
        return "it holds control or invisible characters"
    bad = sorted({c for c in name if c in RESERVED})
    return f"it holds {' '.join(bad)}" if bad else ""
