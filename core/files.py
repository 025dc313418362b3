"""Writing a file a user asked for: whole or not at all, and one clear line where that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

from difreg.errors import InputError
from difreg.names import shown


def write_whole(file: Path, data: bytes) -> None:
    """Write ``data`` to ``file`` in one step, making its folders.

    Raises
    ------
    InputError
        If it cannot be written there; nothing is left behind.
    """
    try:
        target = file.resolve()
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(data)  # a device or a named pipe: there is nothing to replace
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            part.write_bytes(data)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"{shown(str(file))} cannot be written: {error.strerror or error}.", "Choose another -o."
        ) from error
