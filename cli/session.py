"""One run of a verb: where the registry is, and how its answer and messages reach the user."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from difreg.cli.failures import say
from difreg.cli.output import Format, chosen_format, write_file, write_stdout
from difreg.cli.progress import Callback, progress_bar
from difreg.cli.render import Block, Sheet, as_csv, as_json, as_text
from difreg.errors import InputError
from difreg.lineage.answers import Answer, Failure, Images

if TYPE_CHECKING:
    from difreg.lineage.api import Registry

A = TypeVar("A", bound=Answer)


@dataclass
class Session:
    """Options that every verb has, and what is done with them."""

    home: str | None = None
    quiet: bool = False
    verbose: bool = False
    jobs: int | None = None
    traceback: bool = False
    format: Format = Format.table
    asked: Format | None = None
    output: Path | None = None

    def settle(
        self,
        home: str | None,
        quiet: bool,
        verbose: bool,
        traceback: bool,
        jobs: int | None = None,
        form: Format | None = None,
        output: Path | None = None,
    ) -> None:
        """Take options given before or after the verb; the later ``--home`` wins."""
        self.home = home or self.home
        self.quiet |= quiet
        self.verbose |= verbose
        self.jobs = jobs
        self.traceback |= traceback
        self.asked = form
        self.write_to(output)

    def write_to(self, output: Path | None) -> None:
        """Take the file for the answer, whose suffix tells the form."""
        self.format, self.output = chosen_format(self.asked, output), output

    @contextmanager
    def registry(self) -> Iterator[Registry]:
        """The registry, open, with a progress bar where there is somebody to watch."""
        import difreg

        with self.progress() as progress, difreg.open(self.home, progress=progress, jobs=self.jobs) as registry:
            if self.verbose:
                self._opened(registry)
            yield registry

    def _opened(self, registry: Registry) -> None:
        """Say where everything lies and who works; no password is in it."""
        from difreg.storage import blob_places, connection

        config = registry.settings
        catalogue = connection.place(connection.parse(config.database_url)).removeprefix("The ")
        arrays = blob_places.place(config.blobs) if "://" in config.blobs else config.blobs
        workers = f"{config.jobs} workers" if config.jobs else "as many workers as are worth it"
        self.message(f"home {config.home}, {catalogue}, arrays {arrays}")
        self.message(f"{workers}, by {config.parallel or 'processes of this machine'}")

    def progress(self) -> AbstractContextManager[Callback | None]:
        """A progress callback for library functions that take one."""
        return progress_bar(not self.quiet, self.verbose)

    def answer(self, answer: A, text: Callable[[A], Iterable[Block]], sheet: Callable[[A], Sheet]) -> None:
        """Write ``answer`` in the form and to the place that were asked for."""
        if self.format is Format.json:
            body = as_json(answer, ascii_only=self.output is None and not _utf8())
        elif self.format is Format.csv:
            body = as_csv(sheet(answer))
            for caveat in getattr(answer, "warnings", ()):
                self.message(f"warning: {caveat.text}")
        else:
            colour = self.output is None and _colourful()
            body = as_text(text(answer), colour=colour, width=_width() if self.output is None else None)
        if self.output is None:
            write_stdout(body)
        else:
            write_file(self.output, body)
            self.message(f"wrote {self.output}")

    def message(self, text: str) -> None:
        """One line on standard error, unless ``--quiet``."""
        if not self.quiet:
            say(text)

    def skipped(self, images: Images) -> None:
        """Name every image that was not used, and why."""
        for image in images.skipped:
            self.message(f"skipped {image.file}: {image.reason}")

    def failed(self, failures: Iterable[Failure]) -> None:
        """Name what could not be read, unless the answer that follows does so before the user's eyes."""
        if self.format is not Format.table or self.output is not None:
            for failure in failures:
                self.message(f"failed {failure.generator}: {failure.reason}")


def expand(images: Sequence[str] | None) -> list[str]:
    """``images`` with ``-`` replaced by the paths on standard input, one a line.

    Raises
    ------
    InputError
        If ``-`` is given and standard input holds no path.
    """
    out: list[str] = []
    for image in images or ():
        if image != "-":
            out.append(image)
            continue
        lines = [line.rstrip("\r\n") for line in sys.stdin] if sys.stdin is not None else []
        if not any(lines):
            raise InputError("Standard input holds no paths.", "Write one path a line: find images -name '*.png' | ...")
        out += [line for line in lines if line]
    return out


def _utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _colourful() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
