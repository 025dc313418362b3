"""The one place where an error becomes a line on standard error and an exit code."""

from __future__ import annotations

import sys

import typer

from difreg.errors import DifregError
from difreg.names import shown

DONE, FINDING, REFUSED, INTERRUPTED = 0, 1, 2, 130


def say(text: str) -> None:
    """One line on standard error; a closed standard error is no reason to fail."""
    try:
        sys.stderr.write(shown(text, 4000) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


def report(error: BaseException) -> int:
    """Say what went wrong and how to mend it, in one line, and return the exit code.

    Errors of parsing are recognised by their ``format_message``: Typer has had two bases for them.
    """
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        say("interrupted; nothing half-written")
        return INTERRUPTED
    if isinstance(error, DifregError):
        say(f"error: {_line(error.message)} {_line(error.hint)}".rstrip())
    elif (format_message := getattr(error, "format_message", None)) is not None:
        path = getattr(getattr(error, "ctx", None), "command_path", "difreg")
        message = _line(format_message()).replace(": Value error, ", ": ")
        stop = "" if message.endswith((".", "?")) else "."
        say(f"error: {message}{stop} See '{path} --help'.")
    else:
        say(f"error: {type(error).__name__}: {_line(str(error))} (run again with --traceback for the details)")
    return REFUSED


def _line(text: str) -> str:
    return " ".join(text.split())
