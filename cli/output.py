"""Where an answer goes: standard output, or a file that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
from enum import StrEnum
from pathlib import Path

from difreg.errors import InputError
from difreg.files import write_whole
from difreg.names import shown


class Format(StrEnum):
    """Forms of an answer."""

    table = "table"
    json = "json"
    csv = "csv"


PAGES = (".html", ".htm")
SUFFIXES = {".json": Format.json, ".csv": Format.csv, ".txt": Format.table}


def chosen_format(asked: Format | None, file: Path | None) -> Format:
    """The form to write: that of the file's suffix, else the one asked for, else a table.

    Raises
    ------
    InputError
        If the suffix says nothing and no form is asked for, or both say different things.
    """
    if file is None:
        return asked or Format.table
    by_suffix = SUFFIXES.get(file.suffix.lower())
    if by_suffix is None and asked is None:
        raise InputError(f"{shown(str(file))} has no suffix that tells its format.", "End it in .json, .csv or .txt.")
    if by_suffix is not None and asked is not None and by_suffix is not asked:
        raise InputError(
            f"--format {asked.value} and {shown(str(file))} ask for different formats.", "Leave out --format."
        )
    return by_suffix or asked or Format.table


def write_stdout(text: str) -> None:
    """Write to standard output; a reader that has gone away (``| head``) is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_file(file: Path, text: str) -> None:
    """Write ``text`` to ``file`` in one step, making its folders.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    write_whole(file, text.encode("utf-8", "backslashreplace"))
