"""Clusters that work can be spread over: workers of Dask or Ray that are there already, or are started here."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

from difreg.errors import WorkerError
from difreg.names import shown

PATIENCE = 30  # seconds for a scheduler to answer
TRIES = 3  # of work whose worker died, after the first
SHARE = 8  # tasks a worker is given ahead of the one whose result is waited for
Handle = Any


class Cluster(Protocol):
    """Workers elsewhere. What a worker that died was at is given to another by the cluster itself.

    Attributes
    ----------
    at_once
        Most tasks to be given and not ended.
    ahead
        Most tasks to be given from the first on whose result is not taken.
    """

    at_once: int
    ahead: int

    def submit(self, work: Callable[..., Any], *task: Any) -> Handle:
        """Give one task; nothing is waited for."""

    def ended(self, given: Collection[Handle]) -> Collection[Handle]:
        """Those of the tasks that ended, well or not, once there are any."""

    def result(self, handle: Handle) -> Any:
        """What a task gave; what it raised is raised.

        Raises
        ------
        WorkerError
            If workers died again and again at it.
        """

    def cancel(self, given: Collection[Handle]) -> None:
        """Let go of tasks whose results nobody wants any more."""


def given_up(why: str) -> WorkerError:
    """What is said of work at which workers died too often."""
    return WorkerError(
        f"Workers died again and again at the same work ({why}).",
        "They may have run out of memory: give fewer --jobs, or workers with more of it.",
    )


class DaskCluster:
    """All workers of a Dask scheduler; see :class:`Cluster` for what each method does."""

    def __init__(self, client: Any) -> None:
        self._client = client
        threads = sum(client.nthreads().values())
        self._manned = threads > 0
        self.ahead = self.at_once = SHARE * max(threads, SHARE)

    def submit(self, work: Callable[..., Any], *task: Any) -> Handle:
        """Give one task."""
        return self._client.submit(work, *task, pure=False)

    def ended(self, given: Collection[Handle]) -> Collection[Handle]:
        """Those that ended."""
        from distributed import wait

        with self._client.as_current():
            done: Collection[Handle] = self._waited(given, lambda s: wait(list(given), s, "FIRST_COMPLETED").done)
        return done

    def result(self, handle: Handle) -> Any:
        """What it gave."""
        from distributed import KilledWorker

        try:
            return self._waited((handle,), handle.result)
        except KilledWorker as error:  # Dask had tried four workers
            raise given_up(type(error).__name__) from error

    def cancel(self, given: Collection[Handle]) -> None:
        """Let go."""
        self._client.cancel(list(given))

    def _waited(self, given: Collection[Handle], ask: Callable[[float], Any]) -> Any:
        """An answer of Dask's, which would wait for ever once all workers died and none is started again."""
        bare = 0
        while bare < 2:  # in a row: a new one may be about to come
            try:
                return ask(PATIENCE)
            except TimeoutError:
                if any(handle.status == "error" for handle in given):
                    raise  # of the task's own
                manned = bool(self._client.nthreads())
                self._manned = self._manned or manned
                bare = bare + 1 if self._manned and not manned else 0
            except CancelledError as error:
                raise WorkerError("The Dask scheduler went away.", "Start it again, then do this again.") from error
        raise given_up("none is left")


class RayCluster:
    """Workers of a Ray that is initialised, ``jobs`` of them or all; see :class:`Cluster` for what each method does."""

    def __init__(self, jobs: int) -> None:
        import ray

        self._ray = ray
        self._call = ray.remote(max_retries=TRIES)(_call)
        self.ahead = SHARE * (jobs or int(ray.cluster_resources().get("CPU", 1)))
        self.at_once = jobs or self.ahead

    def submit(self, work: Callable[..., Any], *task: Any) -> Handle:
        """Give one task."""
        return self._call.remote(work, task)

    def ended(self, given: Collection[Handle]) -> Collection[Handle]:
        """Those that ended."""
        done: Collection[Handle] = self._ray.wait(list(given), num_returns=1)[0]
        return done

    def result(self, handle: Handle) -> Any:
        """What it gave."""
        known = self._ray.exceptions
        try:
            return self._ray.get(handle)
        except known.RayTaskError as error:
            raise error.cause from None
        except (known.WorkerCrashedError, known.OutOfMemoryError) as error:
            raise given_up(type(error).__name__) from error

    def cancel(self, given: Collection[Handle]) -> None:
        """Let go."""
        for handle in given:
            self._ray.cancel(handle)


def _call(work: Callable[..., Any], task: tuple[Any, ...]) -> Any:
    return work(*task)


@contextmanager
def dask(jobs: int) -> Iterator[Cluster]:
    """A client of the caller's own, else of the scheduler that Dask's settings name, else of workers started here."""
    from dask import config
    from distributed import Client, LocalCluster, default_client

    try:
        client = default_client()
    except ValueError:
        client = None
    if client is not None:
        yield DaskCluster(client)
        return
    address = config.get("scheduler-address", None)
    with ExitStack() as opened:
        if address is None:
            count = jobs or os.cpu_count() or 1
            # Else a worker that is just being started again, so long after one died, is closed for good.
            opened.enter_context(config.set({"distributed.deploy.lost-worker-timeout": "1h"}))
            address = opened.enter_context(
                LocalCluster(
                    n_workers=count, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=logging.ERROR
                )
            )
        try:
            client = opened.enter_context(Client(address, timeout=PATIENCE, set_as_default=False))
        except (OSError, ValueError) as error:
            raise WorkerError(
                f"No Dask scheduler answers at {shown(str(address), 100)}.",
                "Start one: dask scheduler; or correct DASK_SCHEDULER_ADDRESS.",
            ) from error
        yield DaskCluster(client)


@contextmanager
def ray(jobs: int) -> Iterator[Cluster]:
    """The caller's Ray, else the cluster at RAY_ADDRESS, else workers started here."""
    import ray as engine

    if engine.is_initialized():
        yield RayCluster(jobs)
        return
    away = bool(os.environ.get("RAY_ADDRESS"))
    try:
        engine.init(
            num_cpus=None if away else jobs or None,
            include_dashboard=None if away else False,
            logging_level=logging.ERROR,
            log_to_driver=False,
        )
    except (ConnectionError, ValueError, TimeoutError) as error:
        raise WorkerError(
            f"No Ray answers at {shown(os.environ.get('RAY_ADDRESS', 'this machine'), 100)}.",
            "Start it: ray start --head; or correct RAY_ADDRESS.",
        ) from error
    try:
        yield RayCluster(jobs)
    finally:
        engine.shutdown()


OPENED = {"dask": dask, "ray": ray}
