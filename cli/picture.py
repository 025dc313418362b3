"""Where a drawing goes: a page that opens offline, or a still picture, by the suffix of its file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Protocol

from difreg.cli.output import PAGES, write_file
from difreg.cli.session import Session
from difreg.errors import InputError
from difreg.files import write_whole
from difreg.names import shown

STILLS = (".png", ".svg", ".pdf")


class Assets(StrEnum):
    """Where a page has Plotly's script from."""

    embedded = "embedded"
    shared = "shared"


class Picture(Protocol):
    """Something drawn."""

    def page(self, *, shared: bool = False) -> str:
        """As HTML; ``shared`` where Plotly is beside it."""

    def still(self, form: str) -> bytes:
        """As a ``png``, ``svg`` or ``pdf``."""


def check_file(output: Path, *more: str) -> None:
    """Refuse a file whose suffix names nothing that can be written; ``more`` names other suffixes that can be.

    Raises
    ------
    InputError
        If so.
    """
    if output.suffix.lower() not in (*PAGES, *STILLS, *more):
        raise InputError(
            f"{shown(str(output))} does not end in {', '.join(('.html', *STILLS, *more))}.",
            f"Write -o {shown(output.stem)}.html.",
        )


def write_picture(session: Session, output: Path, drawn: Picture, assets: Assets = Assets.embedded) -> None:
    """Write ``drawn`` to ``output``.

    Raises
    ------
    InputError
        If it cannot be written there.
    StillError
        If nothing here can draw a still picture; its page is then beside ``output``, unless one is there already.
    """
    suffix = output.suffix.lower()
    if suffix not in PAGES:
        write_whole(output, _still(output, drawn, suffix[1:]))
    elif assets is Assets.shared:
        write_file(output, drawn.page(shared=True))
        _share(output.parent)
    else:
        write_file(output, drawn.page())
    session.message(f"wrote {output}")


def _share(folder: Path) -> None:
    """Put Plotly's script into ``folder``, unless it is there."""
    from difreg.lineage.figures.document import PLOTLY, plotly_js

    script = plotly_js()
    file = folder / PLOTLY
    if not file.is_file() or file.read_bytes() != script.encode():
        write_file(file, script)


def _still(output: Path, drawn: Picture, form: str) -> bytes:
    from difreg.lineage.figures.still import StillError

    try:
        return drawn.still(form)
    except StillError as error:
        page = output.with_suffix(".html")
        if page.exists():
            instead = f"{shown(str(page))} is there already and was left as it is"
        else:
            write_file(page, drawn.page())
            instead = f"wrote {shown(str(page))} instead"
        raise StillError(f"{shown(str(output))} was not drawn, {instead}: {error.message}", error.hint) from error
