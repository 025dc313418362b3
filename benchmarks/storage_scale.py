"""A registry of thousands of made generators, and what the verbs cost on it.

Sketches are drawn, not denoised; all else is the library's own. Families of ten share a pattern. Building goes past the
verbs (which would score every newcomer in turn) and stores the same kinds of rows.
"""

from __future__ import annotations

import hashlib
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert

import difreg
from difreg.lineage.keeping.scoring import STRONGEST, refresh_families
from difreg.lineage.kinship import REPLICATES, pairwise, threshold
from difreg.registry.background import get
from difreg.registry.extraction import ImageInfo, ImageSet, write_sketch
from difreg.registry.profiles import Profile, from_arrays, profile_of, to_arrays
from difreg.registry.threads import single_threaded
from difreg.registry.whitening import basis
from difreg.storage import tables as t
from difreg.storage.blobs import dumps
from difreg.storage.catalog import Catalog, Transaction
from difreg.storage.records import ImageRecord, NewVersion

Array = NDArray[np.float64]
Figure = dict[str, Any]
FAMILY = 10
IMAGES = 20
RUNS = 5
BLOCK = 1000


def drawn(number: int, images: int = IMAGES) -> ImageSet:
    """Images of the made generator ``number``: their sketches and the hashes they would have."""
    background = get()
    weights = background.whitening.weights
    pattern = np.random.default_rng([number // FAMILY, 4]).normal(size=weights.size) * (weights > 0)
    rng = np.random.default_rng([number, 5])
    white = 10 * pattern / np.linalg.norm(pattern) + rng.normal(size=(images, weights.size))
    folded = (white / np.where(weights > 0, weights, np.inf) + background.whitening.centre) @ basis()[0]
    sketches = np.tile(folded.reshape(images, 3, 8, 8), (1, 1, 2, 2))
    hashes = [[hashlib.sha256(f"{what}/{number}/{k}".encode()).hexdigest() for k in range(images)] for what in "fp"]
    files = [f"generators/generator-{number:05}/{k:04}.png" for k in range(images)]
    infos = (ImageInfo(f, 100_000 + number, s, c) for f, s, c in zip(files, *hashes, strict=True))
    return ImageSet(background.denoiser, tuple(infos), sketches)


def name(number: int) -> str:
    """Name of a made generator."""
    return f"generator-{number:05}"


def build(home: Path, count: int) -> Array:
    """A home of ``count`` generators with one version each; their directions."""
    with difreg.open(home) as registry:
        registry.init()
    catalog, directions = Catalog(f"sqlite:///{home / 'catalog.db'}"), []
    with single_threaded(), catalog.write() as tx:
        for number in range(count):
            found = drawn(number)
            arrays = to_arrays(profile_of(found, get(), name(number)))
            made = from_arrays(name(number), 1, arrays, get())
            directions.append(made.direction)
            _store(tx, home, made, found, dumps(arrays, {"format": "difreg-version-1", "denoiser": found.denoiser}))
        stacked = np.stack(directions)
        _relate(tx, stacked)
        refresh_families(tx)
    catalog.close()
    return stacked


def _store(tx: Transaction, home: Path, made: Profile, found: ImageSet, data: bytes) -> None:
    digest = hashlib.sha256(data).hexdigest()
    path = home / "blobs" / digest[:2] / f"{digest}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    files = tuple(ImageRecord(i.file, i.size, i.sha256, i.content) for i in found.images)
    quality = (len(made), made.reliability, made.fingerprint.separation, made.fingerprint.jpeg)
    settings = ("lattice", found.denoiser, "background-1", 256, None, "difreg 0.1.0")
    tx.add_version(
        made.name, NewVersion(digest, hashlib.sha256(data[:99]).hexdigest(), *settings, *quality, files=files)
    )
    tx.log("add", made.name, f"version 1: {len(made)} images, 0 skipped")


def _relate(tx: Transaction, directions: Array) -> None:
    """Kinship within families and each fingerprint's strongest cross-detection; numbers nobody reads are made up."""
    kin = [
        (i, j) for i in range(len(directions)) for j in range(i + 1, (i // FAMILY + 1) * FAMILY) if j < len(directions)
    ]
    numbers = (0.9, 8.0, 6.0, 0.999999, 5.0, 11.0, 1.0)
    ids = tx._ids(())
    columns = [c.name for c in t.kinship.columns]
    held = np.packbits(np.ones(REPLICATES, bool)).tobytes().hex()
    rows = [(ids[name(i)], ids[name(j)], 1, 1, *numbers, True, held) for i, j in kin]
    tx._execute(insert(t.kinship), [dict(zip(columns, row, strict=True)) for row in rows])
    columns = [c.name for c in t.cross_detection.columns]
    for start, stop in _blocks(len(directions)):
        cosines = directions[start:stop] @ directions.T
        cosines[np.arange(stop - start), np.arange(start, stop)] = -2
        best = np.argpartition(-cosines, STRONGEST, axis=1)[:, :STRONGEST]
        new = [
            (
                ids[name(start + i)],
                ids[name(j)],
                1,
                1,
                float(cosines[i, j]),
                0.61803398875,
                0.57721566,
                0.0314159265,
                IMAGES,
            )
            for i, row in enumerate(best.tolist())
            for j in row
        ]
        tx._execute(insert(t.cross_detection), [dict(zip(columns, row, strict=True)) for row in new])


def _blocks(count: int) -> Iterator[tuple[int, int]]:
    for start in range(0, count, BLOCK):
        yield start, min(start + BLOCK, count)


def command(home: Path, *words: str) -> float:
    """Seconds a command takes, Python's start included."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "difreg", "--home", str(home), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - begun


def seconds(run: Callable[[], float], runs: int = RUNS) -> Figure:
    """Median, least and most of several runs, and the median of what they took of a processor."""
    times, used = [], []
    for _ in range(runs):
        before = _used()
        times.append(run())
        used.append(_used() - before)
    median = {"s": statistics.median(times), "processor_s": statistics.median(used)}
    rounded = {**median, "least": min(times), "most": max(times)}
    return {**{key: round(value, 3) for key, value in rounded.items()}, "runs": runs}


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def _beyond(figure: Figure, start: Figure) -> Figure:
    return {f"{key}_beyond_start_up": round(figure[key] - start[key], 3) for key in ("s", "processor_s")}


def measure(folder: Path, count: int) -> Iterator[Figure]:
    """Build ``count`` generators under ``folder`` and ask them things."""
    home, empty = folder / "home", folder / "empty"
    begun = time.perf_counter()
    build(home, count)
    yield {"figure": "built", "generators": count, "s": round(time.perf_counter() - begun, 1)}
    disk = {what: _size(home, what) / count for what in ("catalog.db", "blobs")}
    yield {
        "figure": "disk",
        "kB_a_generator": round(sum(disk.values()) / 1000, 2),
        "most_allowed": 48,
        **_thousands(disk),
    }
    start = seconds(lambda: command(empty, "list"))
    yield {"figure": "start-up (list of nothing)", **start}
    yield {
        "figure": "list --format json",
        **seconds(lambda: command(home, "list", "--format", "json")),
        "most_allowed": 1.5,
    }
    shown = seconds(lambda: command(home, "show", name(count // 2)))
    yield {"figure": "show", **shown, **_beyond(shown, start), "most_allowed": 0.3}
    sketches = [folder / f"{k}.sketch" for k in range(RUNS + 1)]
    for k, path in enumerate(sketches):
        write_sketch(drawn(count + 3 * k), path)
    first = command(home, "add", "first", str(sketches[RUNS]))
    yield {"figure": "add that measures all and makes the index", "s": round(first, 2)}
    yield {"figure": "index", "kB_a_generator": round(_size(home, "index") / count / 1000, 2)}
    left = iter(sketches)
    added = seconds(lambda: command(home, "add", f"new-{time.time_ns()}", str(next(left))))
    yield {"figure": "add", **added, **_beyond(added, start), "most_allowed": 2}
    write_sketch(drawn(7 * FAMILY + 3, 5), folder / "query.sketch")
    yield {"figure": "trace", **seconds(lambda: command(home, "trace", str(folder / "query.sketch")))}


def _size(home: Path, what: str) -> float:
    place = home / what
    files = [place] if place.is_file() else [p for p in place.rglob("*") if p.is_file()]
    return float(sum(p.stat().st_size for p in files))


def _thousands(sizes: dict[str, float]) -> dict[str, float]:
    return {f"{key}_kB": round(value / 1000, 2) for key, value in sizes.items()}


def all_kinship(count: int = 2000) -> Figure:
    """Kinship of every pair, and who is accepted, against the bare product of the directions."""
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(count, 192))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    scales = rng.uniform(0.05, 0.2, count)
    least = threshold(get().calibrations[-1])

    def judged() -> object:
        return np.flatnonzero(pairwise(directions, scales) >= least)

    ratios, bare = [], []
    with single_threaded():
        for _ in range(9):
            times = [_timed(run) for run in (lambda: directions @ directions.T, judged)]
            bare.append(times[0])
            ratios.append(times[1] / times[0])
    ratio = {"ratio": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}
    told = {key: round(value, 2) for key, value in ratio.items()}
    return {"figure": f"all kinship of {count}", **told, "bare_s": round(min(bare), 4), "most_allowed": 2}


def _timed(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun
