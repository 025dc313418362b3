"""What a registry survives: kills in the middle of an add, many writers at once, a full disk.

The worker is a process of its own that adds sketch files and says so line by line; what it has said is acknowledged.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import difreg
from benchmarks.storage_scale import drawn
from difreg.errors import DifregError
from difreg.registry.extraction import write_sketch
from difreg.storage.blob_places import open_blobs
from difreg.storage.catalog import Catalog

Figure = dict[str, Any]
WORKER = """
import sys
import difreg
from difreg.errors import DifregError
home, _, *words = sys.argv[1:]
with difreg.open(home) as registry:
    registry.list()
    print("ready", flush=True)
    sys.stdin.readline()
    for name, sketch in zip(words[::2], words[1::2]):
        print("begin", name, flush=True)
        try:
            added = registry.add(name, [sketch])
        except DifregError as error:
            print("error", error.message, error.hint, flush=True)
            continue
        print("done", name, added.version, added.digest, flush=True)
"""


def sketches(folder: Path, count: int, images: int = 6) -> list[Path]:
    """Sketch files of so many different generators."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number}.sketch" for number in range(count)]
    for number, path in enumerate(paths):
        write_sketch(drawn(number, images), path)
    return paths


def worker(home: Path, jobs: Sequence[tuple[str, Path]], environment: dict[str, str] | None = None) -> Any:
    """A process that adds each of ``jobs`` once it is told to go."""
    words = [word for name, path in jobs for word in (name, str(path))]
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(home), "jobs", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )


def go(process: Any) -> None:
    """Wait until a worker is ready, and let it begin."""
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


def half_visible(home: Path, database: str | None = None) -> list[str]:
    """Versions that are not whole: without their blob or all their images, or with a gap before them."""
    catalog, blobs = Catalog(database or f"sqlite:///{home / 'catalog.db'}"), open_blobs(str(home / "blobs"))
    out = []
    with catalog.read() as tx:
        for generator in tx.generators(observed=True):
            versions = tx.versions(generator.name)
            if [v.number for v in versions] != list(range(1, len(versions) + 1)):
                out.append(f"{generator.name}: numbers")
            out += [
                f"{generator.name}:{v.number}"
                for v in versions
                if not blobs.verify(v.digest) or len(tx.images(v.id)) != v.images
            ]
        latest = {v.generator: v.number for v in tx.latest_all()}
        ends = [(k.a, k.a_version) for k in tx.kinship()] + [(c.images, c.images_version) for c in tx.cross()]
        out += [f"scores of {name}:{number}" for name, number in ends if latest.get(name) != number]
    catalog.close()
    return out


def kills(folder: Path, count: int, seed: int = 0, doctors: bool = True) -> Figure:
    """Kill a worker ``count`` times at a random moment of an add; what was lost, what is half there, what broke.

    ``doctors``: also ask ``doctor --fix``, and then ``doctor`` and ``verify`` whether all is well, each time.
    """
    rng, home, paths = random.Random(seed), folder / "home", sketches(folder / "sketches", 40)  # noqa: S311
    acknowledged: dict[tuple[str, str], str] = {}
    lost = half = broken = inside = unwell = 0
    for name in ("before-1", "before-2"):  # the first one starts what later ones find started
        begun = time.perf_counter()
        _adds_again(home, name, paths[0], acknowledged)
        usual = time.perf_counter() - begun
    for turn in range(count):
        process = worker(home, [(f"g{k % 7}", paths[(turn * 5 + k) % len(paths)]) for k in range(200)])
        go(process)
        for _ in range(rng.randrange(3)):
            _heard(process.stdout.readline(), acknowledged)
        time.sleep(rng.uniform(0, 2 * usual))
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines()
        for line in rest:
            _heard(line, acknowledged)
        inside += bool(rest) and rest[-1].startswith("begin")
        process.wait()
        found = half_visible(home)
        half += len(found)
        lost += _missing(home, acknowledged)
        unwell += doctors and not well(home)
        broken += not _adds_again(home, f"after-{turn}", paths[turn % len(paths)], acknowledged)
    return {
        "figure": "kill -9",
        "kills": count,
        "inside_an_add": inside,
        "acknowledged": len(acknowledged),
        "lost": lost,
        "half_visible": half,
        "home_unusable": broken,
        "unwell_after_doctor": unwell if doctors else None,
    }


def _heard(line: str, acknowledged: dict[tuple[str, str], str]) -> None:
    word, *rest = line.split()
    if word == "done":
        name, version, digest = rest
        acknowledged[name, version] = digest


def _missing(home: Path, acknowledged: dict[tuple[str, str], str]) -> int:
    catalog = Catalog(f"sqlite:///{home / 'catalog.db'}")
    with catalog.read() as tx:
        names = {name for name, _ in acknowledged}
        there = {(name, str(v.number)): v.digest for name in names for v in tx.versions(name)}
    catalog.close()
    return sum(there.get(key) != digest for key, digest in acknowledged.items())


def _adds_again(home: Path, name: str, path: Path, acknowledged: dict[tuple[str, str], str]) -> bool:
    try:
        with difreg.open(home) as registry:
            added = registry.add(name, [path])
            acknowledged[name, str(added.version)] = added.digest
            return added.version == 1
    except DifregError:
        return False


def well(home: Path) -> bool:
    """Whether ``doctor`` and ``verify`` find nothing wrong once ``doctor --fix`` has mended what it may."""
    codes = []
    for words in (["doctor", "--fix"], ["doctor"], ["verify"]):
        command = [sys.executable, "-m", "difreg", "--home", str(home), *words]
        codes.append(subprocess.run(command, capture_output=True, check=False).returncode)
    return codes[1:] == [0, 0]


def writers(folder: Path, processes: int, adds: int, database: str | None = None) -> Figure:
    """Processes that add different images to four names at once."""
    home, paths = folder / "home", sketches(folder / "sketches", processes * adds, 4)
    more = {"DIFREG_DATABASE_URL": database} if database else {}
    jobs = [[(f"g{k % 4}", paths[p * adds + k]) for k in range(adds)] for p in range(processes)]
    running = [worker(home, job, more) for job in jobs]
    begun = time.perf_counter()
    for process in running:
        go(process)
    lines = [line.split(maxsplit=2) for process in running for line in process.communicate()[0].splitlines()]
    seconds = time.perf_counter() - begun
    numbers = [(name, int(rest.split()[0])) for word, name, rest in (x for x in lines if x[0] == "done")]
    dense = [sorted(n for g, n in numbers if g == name) for name in sorted({g for g, _ in numbers})]
    return {
        "figure": f"{processes} processes x {adds} adds to 4 names",
        "database": "postgresql" if database else "sqlite",
        "versions": len(numbers),
        "dense_and_unique": all(found == list(range(1, len(found) + 1)) for found in dense),
        "errors": sum(line[0] == "error" for line in lines) + sum(bool(process.returncode) for process in running),
        "half_visible": len(half_visible(home, database)),
        "s": round(seconds, 1),
    }


@contextmanager
def small_disk(folder: Path, size: str = "2m") -> Iterator[Path | None]:
    """A file system of its own with little room; None where nobody lets us mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    made = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield folder if made else None
    finally:
        if made:
            subprocess.run(["umount", str(folder)], check=False)  # noqa: S607


def full_disk(folder: Path) -> Figure:
    """Add until the disk is full: the error, and whether the home is as it was before."""
    paths = sketches(folder / "sketches", 60, 20)
    with small_disk(folder / "small") as disk:
        if disk is None:
            return {"figure": "disk full", "skipped": "a small file system needs root and the right to mount"}
        home, added, error = disk / "home", 0, None
        with difreg.open(home) as registry:
            for number, path in enumerate(paths):
                before = registry.list()
                try:
                    registry.add(f"g{number}", [path])
                except DifregError as told:
                    error = told
                    break
                added += 1
            same = registry.list() == before
        with contextlib.suppress(OSError):
            free = os.statvfs(disk).f_bavail
        return {
            "figure": "disk full",
            "added_before": added,
            "error": f"{error.message} {error.hint}" if error else None,
            "home_as_before": same,
            "half_visible": len(half_visible(home)),
            "blocks_free": free,
        }
