"""Tasks spread over the processes of this machine, or over a cluster, with the results one process would give.

Processes are joblib's, and the clusters Dask or Ray. A worker that dies costs another try of what it was at, and of
nothing whose result is here already.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from functools import partial
from importlib.util import find_spec
from threading import Lock
from typing import Any, TypeVar

from difreg import __version__
from difreg.errors import IncompatibleError, InputError
from difreg.names import shown
from difreg.registry import clusters

MODULES = {"dask": "distributed", "ray": "ray"}
TITLES = {"dask": "Dask", "ray": "Ray"}
TRIES = 3  # in a row without a single result
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_TURN = Lock()
T = TypeVar("T")
Task = tuple[Any, ...]


def check(parallel: str) -> None:
    """See that ``parallel``, empty or a key of :data:`MODULES`, can be used.

    Raises
    ------
    InputError
        If it is neither, or its package is not installed.
    """
    if parallel and parallel not in MODULES:
        raise InputError(f"DIFREG_PARALLEL is '{shown(parallel, 40)}', not dask or ray.", "Set either, or unset it.")
    if parallel and find_spec(MODULES[parallel]) is None:
        raise InputError(
            f"DIFREG_PARALLEL is {parallel}, and {TITLES[parallel]} is not installed.",
            f"Install it: pip install 'difreg[{parallel}]'; or unset it.",
        )


def run(function: Callable[..., T], tasks: Sequence[Task], jobs: int = 0, parallel: str = "") -> Iterator[T]:
    """``function`` of each task, in order.

    Parameters
    ----------
    jobs
        Processes; 0 is one a processor, or all that a cluster has.
    parallel
        ``dask`` or ``ray``; empty for processes of this machine.

    Raises
    ------
    InputError
        If ``parallel`` cannot be used.
    WorkerError
        If the cluster cannot be reached, or workers die whenever they are at the same tasks.
    """
    check(parallel)
    workers = min(jobs or os.cpu_count() or 1, len(tasks))
    if not parallel and workers <= 1:
        yield from (function(*task) for task in tasks)
        return
    if parallel:
        with clusters.OPENED[parallel](jobs) as cluster:
            yield from _spread(partial(_away, function, __version__), tasks, cluster)
        return
    done = tries = 0
    while done < len(tasks):
        try:
            for result in _nearby(function, tasks[done:], workers):
                done, tries = done + 1, 0
                yield result
        except BrokenExecutor as error:
            tries += 1
            if tries == TRIES:
                raise clusters.given_up(type(error).__name__) from error


def _nearby(work: Callable[..., T], tasks: Sequence[Task], workers: int) -> Iterator[T]:
    """One try on processes of this machine.

    By joblib's executor, and not by its ``Parallel``: that now and then waits forever for a result of a process that
    was killed while tasks were still being handed out.
    """
    from joblib.externals.loky import get_reusable_executor

    threads = str(max((os.cpu_count() or 1) // workers, 1))
    made = get_reusable_executor(max_workers=workers, env=dict.fromkeys(THREADS, threads))
    waiting = [made.submit(work, *task) for task in tasks]
    try:
        for future in waiting:
            yield future.result()
    finally:
        for future in waiting:
            future.cancel()


def _spread(work: Callable[..., T], tasks: Sequence[Task], cluster: clusters.Cluster) -> Iterator[T]:
    """The results of a cluster, in order; so many tasks are given ahead that none of its workers waits for this."""
    running: dict[clusters.Handle, int] = {}
    ended: dict[int, clusters.Handle] = {}
    given = 0
    try:
        for turn in range(len(tasks)):
            while turn not in ended:
                while given < min(turn + cluster.ahead, len(tasks)) and len(running) < cluster.at_once:
                    running[cluster.submit(work, *tasks[given])] = given
                    given += 1
                for handle in cluster.ended(running):
                    ended[running.pop(handle)] = handle
            yield cluster.result(ended.pop(turn))
    finally:
        cluster.cancel([*running, *ended.values()])


def _away(function: Callable[..., T], release: str, *task: Any) -> T:
    """``function`` of a task on a cluster's worker: of the same release, and one task at a time in a process.

    Networks and image decoders have settings that are the process's, so threads would disturb one another.
    """
    if release != __version__:
        raise IncompatibleError(
            f"A worker of the cluster has difreg {__version__}, not {release}.", "Install the same on all machines."
        )
    with _TURN:
        return function(*task)
