"""Tasks spread over the processes of this machine, or over a cluster, with the results one process would give.

joblib does the spreading: by processes of its own, or by Dask or Ray where a cluster is named. A worker that dies
costs another try of what it was at, and of nothing whose result is here already.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from threading import Lock
from typing import Any, TypeVar

from difreg import __version__
from difreg.errors import DifregError, IncompatibleError, InputError, WorkerError
from difreg.names import shown
from difreg.registry import clusters

MODULES = {"dask": "distributed", "ray": "ray"}
TITLES = {"dask": "Dask", "ray": "Ray"}
TRIES = 3  # in a row without a single result
SHARE = 8  # tasks a worker of Ray gets at a time
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
    done = tries = 0
    with ExitStack() as opened:
        backend = opened.enter_context(clusters.OPENED[parallel](jobs)) if parallel else None
        work = partial(_away, function, __version__) if parallel else function
        while done < len(tasks):
            try:
                left = tasks[done:]
                for result in _spread(work, left, jobs or -1, backend) if parallel else _nearby(work, left, workers):
                    done, tries = done + 1, 0
                    yield result
            except (DifregError, GeneratorExit, KeyboardInterrupt):
                raise
            except BaseException as error:
                kinds = {(k.__module__.partition(".")[0], k.__name__) for k in type(error).__mro__}
                if not (isinstance(error, BrokenExecutor) or kinds & {*clusters.DEATHS, clusters.GIVEN_UP}):
                    raise
                tries = TRIES if clusters.GIVEN_UP in kinds else tries + 1
                if tries == TRIES:
                    raise WorkerError(
                        f"Workers died again and again at the same work ({type(error).__name__}).",
                        "They may have run out of memory: give fewer --jobs, or workers with more of it.",
                    ) from error


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


def _spread(work: Callable[..., T], tasks: Sequence[Task], jobs: int, backend: Any) -> Iterator[T]:
    """One try on a cluster."""
    from joblib import Parallel, delayed, parallel_config

    form = "list" if backend == "ray" else "generator"  # joblib gives no generator from Ray
    with parallel_config(backend=backend):  # what is made in it keeps it
        spread = Parallel(n_jobs=jobs, return_as=form)
    if form == "generator":
        yield from spread(delayed(work)(*task) for task in tasks)
        return
    with spread as kept:
        step = SHARE * kept._effective_n_jobs()
        for start in range(0, len(tasks), step):
            yield from kept(delayed(work)(*task) for task in tasks[start : start + step])


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
