"""Where a drawing goes: a page that opens offline, or a still picture, by the suffix of its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from difreg.cli.output import write_file
from difreg.cli.session import Session
from difreg.errors import InputError
from difreg.files import write_whole
from difreg.names import shown

PAGES = (".html", ".htm")
STILLS = (".png", ".svg", ".pdf")


@dataclass(frozen=True)
class Picture:
    """Something drawn: as HTML, and as the bytes of a picture whose form is given."""

    page: Callable[[], str]
    still: Callable[[str], bytes]


def check_file(output: Path, *more: str) -> None:
    """Refuse a file whose suffix names nothing that can be drawn; ``more`` names other suffixes that can be.

    Raises
    ------
    InputError
        If so.
    """
    if output.suffix.lower() not in (*PAGES, *STILLS, *more):
        raise InputError(
            f"{shown(str(output))} does not end in .html, {', '.join(STILLS)}.", f"Write -o {shown(output.stem)}.html."
        )


def write_picture(session: Session, output: Path, drawn: Picture) -> None:
    """Write ``drawn`` to ``output``.

    Raises
    ------
    InputError
        If it cannot be written there.
    StillError
        If nothing here can draw a still picture; its page is then beside ``output``, unless one is there already.
    """
    suffix = output.suffix.lower()
    if suffix in PAGES:
        write_file(output, drawn.page())
    else:
        write_whole(output, _still(output, drawn, suffix[1:]))
    session.message(f"wrote {output}")


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
