"""Progress on standard error: a bar with the time left that leaves nothing behind, or for logs lines, where asked."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from difreg.cli.failures import say
from difreg.names import shown

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Callback = Callable[[int, int, str], None]
EVERY = 5  # seconds between lines


@contextmanager
def progress_bar(visible: bool, lines: bool = False) -> Iterator[Callback | None]:
    """A callback for ``(done, total, what)``; None where nobody watches, unless ``lines`` are wanted."""
    if not visible or not sys.stderr.isatty():
        yield _Lines() if visible and lines else None
        return
    bar = _Bar()
    try:
        yield bar
    finally:
        bar.close()


class _Lines:
    """A line now and then."""

    def __init__(self) -> None:
        self._begun = self._told = time.monotonic()

    def __call__(self, done: int, total: int, what: str) -> None:
        now = time.monotonic()
        if done == total or now - self._told >= EVERY:
            self._told = now
            say(f"{what}: {done} of {total}, {now - self._begun:.0f} s")


class _Bar:
    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, done: int, total: int, what: str) -> None:
        if self._progress is None or self._task is None:
            self._progress, self._task = _start()
        self._progress.update(self._task, completed=done, total=total or None, description=shown(what, 60))

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()


def _start() -> tuple[Progress, TaskID]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=Console(stderr=True, highlight=False, markup=False), transient=True)
    progress.start()
    return progress, progress.add_task("")
