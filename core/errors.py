"""Errors a user can act on: what went wrong in one line, and the fix as ``hint``."""

from __future__ import annotations


class DifregError(Exception):
    """Root of all errors difreg raises on purpose.

    Parameters
    ----------
    message
        What went wrong, in one line.
    hint
        What the user can do about it, in one line; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(DifregError):
    """What the user gave cannot be used (a bad name, date, option or file)."""


class NotFoundError(DifregError):
    """A generator, version or file that is asked for does not exist."""


class TooFewImagesError(DifregError):
    """Too few usable images remain for what was asked."""


class StorageError(DifregError):
    """The home, the database or a stored array cannot be read or written."""


class WorkerError(DifregError):
    """Workers on this machine or of a cluster died, or could not be reached."""


class IncompatibleError(DifregError):
    """Two things were made by different denoisers or backgrounds and cannot be compared."""
