"""What ``add``, ``detect`` and starting cost beyond decoding and denoising. One JSON line a figure.

python -m benchmarks.adding --zoo ../shared/zoo
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import difreg
from difreg.registry import denoisers
from difreg.registry.extraction import sketch_crop
from difreg.registry.images import open_crop

RUNS = 7


def timed(run: Callable[[], object]) -> float:
    """Seconds one call takes."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def decode_and_denoise(files: list[Path]) -> None:
    """The floor: every file opened, cropped and denoised, nothing kept."""
    for file in files:
        sketch_crop(open_crop(file), denoisers.DEFAULT)


def paired(what: str, run: Callable[[int], object], files: list[Path]) -> dict[str, object]:
    """``run`` against the floor of the same files, in turn, as medians of several runs."""
    floors, wholes = [], []
    for k in range(RUNS):
        floors.append(timed(lambda: decode_and_denoise(files)))
        wholes.append(timed(partial(run, k)))
    ratios = [w / f for w, f in zip(wholes, floors, strict=True)]
    return {
        "measure": what,
        "images": len(files),
        "decode_denoise_s": round(statistics.median(floors), 4),
        "whole_s": round(statistics.median(wholes), 4),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_least": round(min(ratios), 3),
        "ratio_most": round(max(ratios), 3),
        "runs": RUNS,
    }


def command(words: list[str]) -> dict[str, object]:
    """Wall-clock seconds of the command line, beside those of an empty Python."""
    program = [sys.executable, "-m", "difreg", *words]
    empty = [timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)) for _ in range(RUNS)]
    runs = [timed(lambda: subprocess.run(program, check=True, capture_output=True)) for _ in range(RUNS)]
    return {
        "measure": f"difreg {words[-1]}",
        "seconds": round(statistics.median(runs), 3),
        "least": round(min(runs), 3),
        "empty_python_s": round(statistics.median(empty), 3),
        "runs": RUNS,
    }


def main() -> None:
    """Print one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True)
    zoo = parser.parse_args().zoo
    sets = sorted(p for p in (zoo / "generators").iterdir() if p.is_dir())
    with tempfile.TemporaryDirectory() as home, difreg.open(home) as registry:
        registry.add_each(zoo / "generators")
        files = sorted(sets[0].iterdir())
        figures = [paired(f"add to {len(sets)} generators", lambda k: registry.add(f"again-{k}", files), files)]
        hundred = [file for folder in sets[:5] for file in sorted(folder.iterdir())]
        figures.append(paired("detect", lambda _: registry.detect(hundred), hundred))
        figures += [command(["--home", home, "list"]), command(["--help"])]
    for figure in figures:
        print(json.dumps({"benchmark": "adding", **figure}), flush=True)


if __name__ == "__main__":
    main()
