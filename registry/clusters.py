"""Clusters that joblib can spread work over: workers of Dask or Ray that are there already, or are started here."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from difreg.errors import WorkerError
from difreg.names import shown

PATIENCE = 30  # seconds for a scheduler to answer
DEATHS = frozenset({("ray", "RayActorError"), ("ray", "WorkerCrashedError"), ("ray", "OutOfMemoryError")})
GIVEN_UP = ("distributed", "KilledWorker")  # Dask had tried four workers itself


@contextmanager
def dask(jobs: int) -> Iterator[Any]:
    """A client of the caller's own, else of the scheduler that Dask's settings name, else of workers started here."""
    from dask import config
    from distributed import Client, LocalCluster, default_client

    try:
        client = default_client()
    except ValueError:
        client = None
    if client is not None:
        yield _backend(client)
        return
    address = config.get("scheduler-address", None)
    with ExitStack() as opened:
        if address is None:
            count = jobs or os.cpu_count() or 1
            address = opened.enter_context(
                LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None, silence_logs=logging.ERROR)
            )
        try:
            client = opened.enter_context(Client(address, timeout=PATIENCE, set_as_default=False))
        except (OSError, ValueError) as error:
            raise WorkerError(
                f"No Dask scheduler answers at {shown(str(address), 100)}.",
                "Start one: dask scheduler; or correct DASK_SCHEDULER_ADDRESS.",
            ) from error
        yield _backend(client)


def _backend(client: Any) -> Any:
    """joblib's way to Dask, mended: it hears of it when Dask gives a task up, and would else wait for ever."""
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        def submit(self, func: Any, callback: Callable[[Any], None] | None = None) -> Any:
            future = super().submit(func, callback)
            if callback is not None:
                future.add_done_callback(lambda f: callback(f.exception()) if f.exception() else None)
            return future

        def retrieve_result_callback(self, out: Any) -> Any:
            if isinstance(out, BaseException):
                raise out
            return super().retrieve_result_callback(out)

    return Backend(client=client)


@contextmanager
def ray(jobs: int) -> Iterator[Any]:
    """The caller's Ray, else the cluster at RAY_ADDRESS, else workers started here."""
    import ray as engine
    from ray.util.joblib import register_ray

    register_ray()
    if engine.is_initialized():
        yield "ray"
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
        yield "ray"
    finally:
        engine.shutdown()


OPENED = {"dask": dask, "ray": ray}
