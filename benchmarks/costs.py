"""What denoising, solving and adding cost, on one thread, in processor time."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from benchmarks import intervals
from benchmarks.baselines import available
from benchmarks.residuals import Prepared, noise_of
from difreg.registry import background as backgrounds
from difreg.registry import denoisers
from difreg.registry.fingerprints import solve_lattice
from difreg.registry.images import CROP, open_crop
from difreg.registry.sketches import PERIOD

RUNS = 7
FILES = 4
IMAGES = 20
MANY = 1000
ADDING = """
import json, os, sys, time
from pathlib import Path
from joblib import Parallel, delayed
import difreg

def peak(pause):
    time.sleep(pause)
    lines = Path("/proc/self/status").read_text().splitlines()
    return os.getpid(), next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

with difreg.open(sys.argv[1]) as registry:
    seconds = registry.add("many", [sys.argv[2]]).seconds
workers = dict(Parallel(n_jobs=os.cpu_count())(delayed(peak)(0.5) for _ in range(os.cpu_count())))
print(json.dumps({"own": peak(0)[1], "workers": list(workers.values()), "seconds": seconds}))
"""


def published() -> nn.Module:
    """The published denoiser's shape: 17 layers of 64 channels, batch normalisation folded into the weights.

    Random weights cost what trained ones do.
    """
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.ReLU(inplace=True)]
    for _ in range(15):
        layers += [nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(64, 3, 3, padding=1, bias=False)).eval()


def milliseconds(run: Callable[[], object]) -> float:
    """Processor time of one call, all threads."""
    begun = time.process_time()
    run()
    return (time.process_time() - begun) * 1e3


def _each(run: Callable[[Any], object], items: Sequence[Any]) -> None:
    for item in items:
        run(item)


def denoising(
    names: Sequence[str], files: Sequence[Path], runs: int = RUNS
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Milliseconds an image by denoiser, (runs,) each, taken in turn: to decode and crop, to denoise, and the
    published network ("published", both memory layouts, the faster one counts).
    """
    nets = [published(), published().to(memory_format=torch.channels_last)]  # type: ignore[call-overload]
    blank = torch.rand(1, 3, CROP, CROP)
    inputs = [blank, blank.to(memory_format=torch.channels_last)]
    crops = [open_crop(file).pixels for file in files]
    for name in names:
        noise_of(name)(crops[0])
    found: dict[str, dict[str, list[float]]] = {name: {"decode": [], "denoise": []} for name in names}
    layouts: list[list[float]] = [[], []]
    for _ in range(runs):
        with torch.inference_mode():
            for net, image, taken in zip(nets, inputs, layouts, strict=True):
                taken.append(milliseconds(partial(net, image)))
        for name in names:
            found[name]["decode"].append(milliseconds(partial(_each, open_crop, files)) / len(files))
            found[name]["denoise"].append(milliseconds(partial(_each, noise_of(name), crops)) / len(files))
    best = min(layouts, key=lambda taken: float(np.median(taken)))
    out = {name: {part: np.array(taken) for part, taken in parts.items()} for name, parts in found.items()}
    out["published"] = {"denoise": np.array(best)}
    return out


def denoising_figures(names: Sequence[str], files: Sequence[Path], runs: int = RUNS) -> Iterator[dict[str, object]]:
    """Each denoiser beside the published one, of the same rounds."""
    found = denoising(names, files, runs)
    beside = found["published"]["denoise"]
    for name in names:
        decode, denoise = found[name]["decode"], found[name]["denoise"]
        yield {
            "figure": "cost",
            "what": "denoise",
            "denoiser": name,
            "decode_denoise_ms": round(float(np.median(decode + denoise)), 2),
            "interval": intervals.median(decode + denoise),
            "denoise_ms": round(float(np.median(denoise)), 2),
            "published_ms": round(float(np.median(beside)), 1),
            "published_over_denoise": round(float(np.median(beside / denoise)), 1),
            "ratio_interval": intervals.median(beside / denoise),
            "n": {"images": len(files), "runs": runs},
            "threads": 1,
        }


def solving_figures(prepared: Prepared, runs: int = RUNS) -> Iterator[dict[str, object]]:
    """Solving from 20 images that are denoised already."""
    fakes = next(iter(prepared.generators.values()))[:IMAGES]
    reals = prepared.make[:IMAGES]
    background = backgrounds.get()
    sketches = fakes.period(PERIOD)
    solvers: dict[str, tuple[Callable[[], object], int]] = {
        "lattice": (lambda: solve_lattice(sketches, background), 10 * runs)
    }
    if available("unet"):
        from difreg.registry.solvers.unet import solve_unet

        solvers["unet"] = (lambda: solve_unet(fakes.folded, reals.folded, seed=0), min(runs, 5))
    for name, (solve, times) in solvers.items():
        solve()
        taken = np.array([milliseconds(solve) for _ in range(times)])
        yield {
            "figure": "cost",
            "what": "solve",
            "solver": name,
            "denoiser": prepared.denoiser,
            "ms": round(float(np.median(taken)), 3),
            "interval": intervals.median(taken),
            "n": {"images": IMAGES, "runs": times},
            "threads": 1,
        }


def memory_figure(generators: Mapping[str, Sequence[NDArray[np.uint8]]], many: int = MANY) -> dict[str, object]:
    """Largest resident memory of `add` of many distinct images, in a process of its own and its workers.

    The images are the collection's, rolled by whole tiles as often as it takes. The sum counts what the processes
    share (code, mapped libraries) once a process, so that it is an upper limit. The kernel's VmHWM is read, because
    ``ru_maxrss`` of a child begins with the memory of the process that started it. Linux only.
    """
    crops = [crop for pixels in generators.values() for crop in pixels]
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images"
        images.mkdir()
        for k in range(many):
            pixels = np.roll(crops[k % len(crops)], PERIOD * (k // len(crops)), axis=0)
            Image.fromarray(pixels).save(images / f"{k}.png", compress_level=1)
        words = [sys.executable, "-c", ADDING, str(Path(folder) / "home"), str(images)]
        told = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return {
        "figure": "cost",
        "what": "memory of add",
        "denoiser": denoisers.DEFAULT,
        "largest_mib": round(told["own"] + sum(told["workers"])),
        "own_mib": round(told["own"]),
        "workers_mib": [round(worker) for worker in told["workers"]],
        "seconds": told["seconds"],
        "n": {"images": many, "runs": 1},
    }
