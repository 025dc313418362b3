"""Work spread over processes and clusters: the same bytes as in one process, and a dead worker costs a retry."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import difreg
from difreg.cli.main import run
from difreg.errors import IncompatibleError, InputError, WorkerError
from difreg.registry import clusters, parallel
from difreg.registry.extraction import ImageSet, extract, extract_each

CLUSTERS = [
    pytest.param(name, marks=pytest.mark.skipif(find_spec(module) is None, reason=f"difreg[{name}] is not installed"))
    for name, module in parallel.MODULES.items()
]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of images, of more than one batch, and a file that is no image."""
    from painting import write_set  # which workers do not see

    folder = tmp_path_factory.mktemp("images")
    for seed, name in enumerate(("a", "b"), 1):
        write_set(folder / name, seed, 6, 4)
    (folder / "a" / "broken.png").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module", params=["", *CLUSTERS])
def cluster(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a cluster of two workers that is running; empty for processes."""
    if not request.param:
        yield ""
    elif request.param == "dask":
        import dask
        from distributed import LocalCluster

        quiet: Any = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
        with (
            LocalCluster(n_workers=2, threads_per_worker=2, **quiet) as workers,
            dask.config.set(scheduler_address=workers.scheduler_address),
        ):
            yield request.param
    else:
        import ray

        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        yield request.param
        ray.shutdown()


def same(one: ImageSet, two: ImageSet) -> bool:
    def content(made: ImageSet) -> tuple[object, ...]:
        folds = None if made.folds is None else np.asarray(made.folds).tobytes()
        return made.sketches.tobytes(), folds, made.images, made.skipped

    return content(one) == content(two)


@pytest.mark.parametrize("denoiser", ["wavelet-1", "periodic-fast-1"])
def test_a_cluster_moves_no_bit(cluster: str, images: Path, denoiser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(images)  # the workers are elsewhere
    here, there = (
        extract(["a", "b"], denoiser=denoiser, jobs=jobs, parallel=name, canvas=256)
        for jobs, name in ((1, ""), (2, cluster))
    )
    assert same(here, there)
    assert here.images[0].file == "a/000.png"
    assert [s.file for s in there.skipped] == ["a/broken.png"]


def test_folders_on_a_cluster(cluster: str, images: Path) -> None:
    folders = [images / "a", images / "b"]
    here, there = (list(extract_each(folders, jobs=jobs, parallel=name)) for jobs, name in ((1, ""), (2, cluster)))
    for one, two in zip(here, there, strict=True):
        assert isinstance(one, ImageSet)
        assert isinstance(two, ImageSet)
        assert same(one, two)


@pytest.mark.parametrize("cluster", CLUSTERS, indirect=True)
def test_what_a_worker_does_not_see_is_an_error_and_not_left_out(cluster: str, images: Path, tmp_path: Path) -> None:
    file = os.open(images / "a" / "000.png", os.O_RDONLY)
    os.dup2(file, 250)  # of this process alone
    try:
        (tmp_path / "mine.png").symlink_to("/proc/self/fd/250")
        with pytest.raises(WorkerError, match="does not see"):
            extract([images / "b", tmp_path / "mine.png"], jobs=2, parallel=cluster)
    finally:
        os.close(250)
        os.close(file)


def test_fewer_images_than_are_worth_it_stay_here(images: Path, cluster: str) -> None:
    assert same(extract([images], parallel=cluster), extract([images]))


def fatal(marker: Path, deaths: int, number: int) -> int:
    """``number`` squared; the process that is at 3 is killed the first ``deaths`` times."""
    if number == 3 and len(list(marker.iterdir())) < deaths:
        (marker / f"{os.getpid()}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def test_a_killed_worker_costs_a_retry(cluster: str, tmp_path: Path) -> None:
    told = list(parallel.run(partial(fatal, tmp_path, 1), [(n,) for n in range(12)], 2, cluster))
    assert told == [n * n for n in range(12)]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("cluster", CLUSTERS, indirect=True)
def test_work_for_a_cluster_is_never_done_here(cluster: str, tmp_path: Path) -> None:
    """Nor where one worker is all there is, as after the other was killed: what kills workers would kill the caller."""
    for jobs, tasks in ((1, 3), (2, 1)):
        assert os.getpid() not in parallel.run(process, [(n,) for n in range(tasks)], jobs, cluster)


def process(number: int) -> int:
    return os.getpid()


def test_work_that_kills_every_worker_ends(cluster: str, tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="died") as caught:
        list(parallel.run(partial(fatal, tmp_path, 99), [(n,) for n in range(6)], 2, cluster))
    assert "--jobs" in caught.value.hint


def refuse(number: int) -> int:
    raise InputError(f"{number} is refused.", "Give another.")


def test_an_error_of_the_work_is_told_as_it_is(cluster: str) -> None:
    with pytest.raises(InputError, match="is refused") as caught:
        list(parallel.run(refuse, [(1,), (2,)], 2, cluster))
    assert caught.value.hint == "Give another."


def test_a_worker_takes_one_task_at_a_time_and_only_of_its_release() -> None:
    inside = threading.Semaphore(1)

    def alone(number: int) -> int:
        assert inside.acquire(blocking=False)
        threading.Event().wait(0.005)
        inside.release()
        return number

    found: list[int] = []
    away: Any = parallel._away
    threads = [threading.Thread(target=lambda n=n: found.append(away(alone, difreg.__version__, n))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 1, 2, 3]
    with pytest.raises(IncompatibleError, match=r"not 0\.0"):
        parallel._away(refuse, "0.0", 1)


# The command line


@pytest.mark.parametrize("name", CLUSTERS)
def test_the_environment_chooses_a_cluster_that_is_started(name: str, images: Path, home: Path, tmp_path: Path) -> None:
    def sketched(place: str, **environment: str) -> bytes:
        file = tmp_path / f"{place}.sketch"
        command = [sys.executable, "-m", "difreg", "sketch", "a", "b", "-o", str(file), "--jobs", "2", "-q"]
        done = subprocess.run(command, cwd=images, env={**os.environ, **environment}, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return file.read_bytes()

    assert sketched("cluster", DIFREG_PARALLEL=name) == sketched("alone")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("spark", "error: DIFREG_PARALLEL is 'spark', not dask or ray. Set either, or unset it.\n"),
        (
            "ray",
            "error: DIFREG_PARALLEL is ray, and Ray is not installed. "
            "Install it: pip install 'difreg[ray]'; or unset it.\n",
        ),
    ],
)
def test_a_cluster_that_cannot_be_used(
    value: str, message: str, images: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    if find_spec(value) is not None:
        pytest.skip(f"{value} is installed")
    monkeypatch.setenv("DIFREG_PARALLEL", value)
    assert run(["sketch", str(images / "a"), "-o", "x.sketch"]) == 2
    assert capfd.readouterr().err == message


@pytest.mark.skipif(find_spec("distributed") is None, reason="difreg[dask] is not installed")
def test_dask_without_workers_and_without_a_scheduler_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import Client, LocalCluster

    monkeypatch.setattr(clusters, "PATIENCE", 0.2)
    quiet: Any = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    with LocalCluster(n_workers=1, threads_per_worker=1, **quiet) as workers, Client(workers) as client:
        cluster = clusters.DaskCluster(client)
        workers.scale(0)
        while client.nthreads():
            pass
        given = [cluster.submit(process, 1)]
        with pytest.raises(WorkerError, match="none is left"):
            cluster.ended(given)
        workers.close()
        with pytest.raises(WorkerError, match="scheduler went away"):
            cluster.ended(given)


@pytest.mark.skipif(find_spec("distributed") is None, reason="difreg[dask] is not installed")
def test_a_scheduler_that_does_not_answer(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dask

    monkeypatch.setattr(clusters, "PATIENCE", 0.2)
    with dask.config.set(scheduler_address="tcp://127.0.0.1:9"), pytest.raises(WorkerError, match="No Dask scheduler"):
        extract([images / "a"], jobs=2, parallel="dask")
