"""How good the fingerprint engine is, and what it costs: denoisers, solvers and detection. One JSON line a figure.

No solver sees the images it is judged on, and no photograph that trains is a negative. Draws depend on the seed and on
the names of the sets alone, so that denoisers and solvers are compared on the same images, in pairs.

    python -m benchmarks.engine --zoo ../shared/zoo
    python -m benchmarks.engine --zoo ../shared/zoo --denoisers wavelet-1 --solvers lattice --figures detection --quick
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import costs, tradeoffs
from benchmarks.baselines import NAMES, WHOLE, Solver, available, difference, solvers
from benchmarks.intervals import auc, crossed, nested, wins
from benchmarks.residuals import SAMPLES, SIMPLE, Crops, Prepared, prepare, read
from difreg.lineage.background_builder import read_split, yardstick
from difreg.registry import denoisers
from difreg.registry.threads import single_threaded
from difreg.registry.whitening import template

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Line = dict[str, Any]
REFERENCE = "wavelet-1"
FIGURES = ("papers-samples", "detection", "few-images", "cost", "frontier")
SIZES = (1, 2, 5, 10, 16)
FOLDS = 5
RELIABLE = 0.5
KIN = frozenset({"sd14", "mj"})  # of one family, so no control for one another


@dataclass(frozen=True)
class Effort:
    """How much a solver is run.

    ``splits`` of each of the paper's sets; ``detection`` folds of each reliable generator (0: not run); for few images,
    ``generators`` (0: all the reliable ones) and ``folds`` of each.
    """

    splits: int
    detection: int
    generators: int
    folds: int


EFFORTS: Mapping[str, Effort] = {
    "marra": Effort(20, 0, 0, FOLDS),
    "cnn": Effort(5, 0, 12, 1),
    "difference": Effort(20, FOLDS, 0, FOLDS),
    "lattice": Effort(20, FOLDS, 0, FOLDS),
    "unet": Effort(20, 2, 12, 1),
    "paper": Effort(1, 0, 2, 1),
}
QUICK: Mapping[str, Effort] = {
    "marra": Effort(20, 0, 12, 2),
    "cnn": Effort(1, 0, 3, 1),
    "difference": Effort(20, FOLDS, 0, FOLDS),
    "lattice": Effort(20, FOLDS, 0, FOLDS),
    "unet": Effort(2, 0, 3, 1),
    "paper": Effort(1, 0, 1, 1),
}


@dataclass
class Run:
    """What one run keeps: choices, pixels, and the results others are compared with."""

    seed: int
    quick: bool
    crops: Crops
    reliable: list[str] = field(default_factory=list)
    samples: tuple[Array, Array] = field(default_factory=lambda: (np.empty(0), np.empty(0)))
    detected: dict[int, Array] = field(default_factory=dict)
    prepared: dict[str, Prepared] = field(default_factory=dict)

    def effort(self, solver: str) -> Effort:
        """How much ``solver`` is run."""
        return (QUICK if self.quick else EFFORTS)[solver]

    def rng(self, *key: str | int) -> np.random.Generator:
        """Random numbers that depend on the seed and ``key`` alone."""
        return np.random.default_rng([self.seed, *(crc32(k.encode()) if isinstance(k, str) else k for k in key)])

    def clusters(self, names: Sequence[str]) -> list[str]:
        """The source of each generator set."""
        return [self.crops.labels[name].cluster for name in names]


def judge_samples(
    run: Run, prepared: Prepared, solver: Solver, splits: int, train: int = 5
) -> tuple[Array, Array, Array]:
    """AUC of held-out images of the paper's four sets: (sets, splits) of the own fakes, of the other sets' fakes with
    the same fingerprint against the same reals, and of the kin's (NaN where there is none).
    """
    own, others, kin = np.full((3, len(SAMPLES), splits), np.nan)
    for row, name in enumerate(SAMPLES):
        fakes, reals = prepared.fakes[name], prepared.reals[name]
        for k in range(splits):
            rng = run.rng("samples", name, k)
            made, taken = rng.permutation(len(fakes)), rng.permutation(len(reals))
            score = solver(fakes[made[:train]], reals[taken[:train]], run.seed + k)
            photographs = score(reals[taken[train:]])
            own[row, k] = auc(score(fakes[made[train:]]), photographs)
            found = {o: auc(score(prepared.fakes[o]), photographs) for o in SAMPLES if o != name}
            others[row, k] = np.mean([v for o, v in found.items() if {o, name} != KIN])
            if name in KIN:
                kin[row, k] = next(v for o, v in found.items() if {o, name} == KIN)
    return own, others, kin


def samples_figures(run: Run, prepared: Prepared, asked: Sequence[str]) -> Iterator[Line]:
    """The paper's samples, 5 + 5 images, and the control."""
    for solver in asked:
        splits = run.effort(solver).splits
        own, others, kin = judge_samples(run, prepared, solvers(prepared.make)[solver], splits)
        common: Line = {
            "denoiser": prepared.denoiser,
            "solver": solver,
            "n": {"train": "5+5", "test": "5+5", "splits": splits, "sets": len(SAMPLES)},
            "interval_over": "sets, and splits within sets",
        }
        for figure, values, row in (("papers-samples", own, 0), ("papers-samples-control", others, 1)):
            line: Line = {"figure": figure, **common, "auc": _round(values.mean()), "interval": nested(values)}
            line["by_set"] = {s: _round(v.mean()) for s, v in zip(SAMPLES, values, strict=True)}
            if row:
                line["sd14_mj"] = _round(float(np.nanmean(kin)))
            if (prepared.denoiser, solver) != (REFERENCE, "difference"):
                line |= _beside("minus_wavelet_difference", values - run.samples[row][:, :splits], nested)
            yield line


def judge_detection(run: Run, prepared: Prepared, solver: Solver, names: Sequence[str], folds: int) -> Array:
    """Share of held-out images above each negative, (generators, negatives).

    16 images train and 4 judge, rotated ``folds`` times; all photographs of the make half train.
    """
    out = np.zeros((len(names), len(prepared.test)))
    for row, name in enumerate(names):
        images = prepared.generators[name]
        for train, held in _folds(run, name, len(images), folds):
            score = solver(images[train], prepared.make, run.seed)
            out[row] += wins(score(images[held]), score(prepared.test)) / folds
    return out


def _folds(run: Run, name: str, images: int, folds: int) -> Iterator[tuple[Rows, Rows]]:
    """Rows that train, in random order, and rows held out: a fifth in turn."""
    order = run.rng("folds", name).permutation(images)
    for k in range(folds):
        held = order[k::FOLDS]
        yield order[~np.isin(order, held)], held


def detection_figures(run: Run, prepared: Prepared, asked: Sequence[str]) -> Iterator[Line]:
    """Single images of the collection's reliable generators against lossless photographs."""
    for solver in asked:
        folds = run.effort(solver).detection
        if folds:
            found = judge_detection(run, prepared, solvers(prepared.make)[solver], run.reliable, folds)
            yield _detection_line(run, prepared.denoiser, solver, found, folds)


def _detection_line(run: Run, denoiser: str, solver: str, found: Array, folds: int) -> Line:
    names = run.reliable
    clusters = run.clusters(names)
    by = dict(zip(names, found.mean(1), strict=True))
    line: Line = {
        "figure": "detection",
        "denoiser": denoiser,
        "solver": solver,
        "auc": _round(found.mean()),
        "interval": crossed(found, clusters),
        "n": {
            "train": 16,
            "held_out": 4,
            "folds": folds,
            "generators": len(names),
            "clusters": len(set(clusters)),
            "negatives": found.shape[1],
        },
        "interval_over": "clusters of generators, and negatives",
        "lowest": {name: _round(by[name]) for name in sorted(names, key=by.__getitem__)[:5]},
    }
    if (denoiser, solver) != (REFERENCE, "difference"):
        line |= _beside("minus_wavelet_difference", found - run.detected[folds], partial(crossed, clusters=clusters))
    return line


def judge_few(run: Run, prepared: Prepared, solver: Solver, names: Sequence[str], folds: int) -> dict[int, Array]:
    """As :func:`judge_detection`, by the number of images of either class that train; the same images judge."""
    out = {size: np.zeros((len(names), len(prepared.test))) for size in SIZES}
    for row, name in enumerate(names):
        images = prepared.generators[name]
        for k, (train, held) in enumerate(_folds(run, name, len(images), folds)):
            reals = run.rng("reals", name, k).permutation(len(prepared.make))
            for size in SIZES:
                score = solver(images[train[:size]], prepared.make[reals[:size]], run.seed + k)
                out[size][row] += wins(score(images[held]), score(prepared.test)) / folds
    return out


def few_figures(run: Run, prepared: Prepared, asked: Sequence[str]) -> Iterator[Line]:
    """AUC by number of training images, each solver beside `lattice` on the same images."""
    for solver in asked:
        effort = run.effort(solver)
        names = _some(run.reliable, effort.generators)
        clusters = run.clusters(names)
        found = judge_few(run, prepared, solvers(prepared.make)[solver], names, effort.folds)
        beside = judge_few(run, prepared, solvers(prepared.make)["lattice"], names, effort.folds)
        for size in SIZES:
            line: Line = {
                "figure": "few-images",
                "denoiser": prepared.denoiser,
                "solver": solver,
                "k": size,
                "auc": _round(found[size].mean()),
                "interval": crossed(found[size], clusters),
                "n": {
                    "generators": len(names),
                    "clusters": len(set(clusters)),
                    "held_out": 4,
                    "folds": effort.folds,
                    "negatives": len(prepared.test),
                },
                "interval_over": "clusters of generators, and negatives",
            }
            if solver != "lattice":
                line |= _beside("minus_lattice", found[size] - beside[size], partial(crossed, clusters=clusters))
            yield line


def cost_figures(run: Run, zoo: Path, names: Sequence[str], solved: Prepared) -> Iterator[Line]:
    """Denoising, solving, memory."""
    files = read_split(zoo)["test"][: costs.FILES]
    yield from costs.denoising_figures(names, files, 3 if run.quick else costs.RUNS)
    yield from costs.solving_figures(solved, 3 if run.quick else costs.RUNS)
    yield costs.memory_figure(run.crops.generators)


def frontier_figures(run: Run, zoo: Path, ours: Sequence[str], path: Path | None) -> Iterator[Line]:
    """Cost against detection and kinship for our denoisers and the simple ones; drawn into ``path``."""
    names = [*SIMPLE, *ours]
    files = read_split(zoo)["test"][: costs.FILES]
    taken = costs.denoising(names, files, 3 if run.quick else costs.RUNS)
    draws = 3 if run.quick else 10
    points = []
    for name in names:
        prepared = run.prepared.get(name) or prepare(run.crops, name, full=False)
        found = judge_detection(run, prepared, solvers(prepared.make)["lattice"], run.reliable, FOLDS)
        tpr, interval, pairs = tradeoffs.kinship(prepared, 4, draws, run.seed)
        ms = float(np.median(taken[name]["decode"] + taken[name]["denoise"]))
        limits = crossed(found, run.clusters(run.reliable))
        points.append(tradeoffs.Point(name, ms, float(found.mean()), limits, tpr, interval, name in ours))
        yield {
            "figure": "frontier",
            "denoiser": name,
            "solver": "lattice",
            "decode_denoise_ms": round(ms, 2),
            "auc": _round(found.mean()),
            "auc_interval": limits,
            "kinship_tpr_at_1_fpr": _round(tpr),
            "kinship_interval": interval,
            "n": {"generators": len(run.reliable), "images_a_set": 4, "pairs": pairs, "draws": draws},
        }
    if path:
        tradeoffs.draw(points, path)


def reliable_generators(prepared: Prepared) -> list[str]:
    """Sets whose template, of all their images, is reliable; judged with the wavelet, whichever denoiser is judged."""
    material = prepared.material()
    whitening, _, _ = yardstick(material)
    every = material.coefficients.items()
    return [name for name, values in every if template(whitening.unit(values)).reliability >= RELIABLE]


def _beside(name: str, difference: Array, interval: Callable[[Array], list[float]]) -> Line:
    """A paired difference and its interval."""
    return {name: _round(difference.mean()), f"{name}_interval": interval(difference)}


def _some(names: Sequence[str], count: int) -> list[str]:
    """``count`` of the names at even distances, 0 for all."""
    rows = np.linspace(0, len(names) - 1, min(count, len(names)) or len(names)).round().astype(int)
    return [names[row] for row in rows]


def _round(value: float) -> float:
    return round(float(value), 4)


def lines(told: argparse.Namespace) -> Iterator[Line]:
    """All figures asked for."""
    figures, asked = told.figures, told.solvers
    run = Run(told.seed, told.quick, read(told.zoo))
    reference = prepare(run.crops, REFERENCE, full=bool(WHOLE & set(asked)) and REFERENCE in told.denoisers)
    run.reliable = reliable_generators(reference)
    for folds in {effort.detection for effort in EFFORTS.values()} - {0}:
        run.detected[folds] = judge_detection(run, reference, difference, run.reliable, folds)
    splits = max(effort.splits for effort in EFFORTS.values())
    run.samples = judge_samples(run, reference, difference, splits)[:2]
    judged = {"papers-samples": samples_figures, "detection": detection_figures, "few-images": few_figures}
    for name in told.denoisers:
        prepared = reference if name == REFERENCE else prepare(run.crops, name, full=bool(WHOLE & set(asked)))
        for figure in figures:
            if figure in judged:
                yield from judged[figure](run, prepared, asked)
        run.prepared[name] = prepared.light()
        del prepared
    run.prepared.setdefault(REFERENCE, reference.light())
    if "cost" in figures:
        yield from cost_figures(run, told.zoo, told.denoisers, run.prepared[told.denoisers[-1]])
    if "frontier" in figures:
        yield from frontier_figures(run, told.zoo, denoisers.names(), told.figure)


def _listed(allowed: Sequence[str], text: str) -> list[str]:
    """Names between commas, checked."""
    names = text.split(",")
    unknown = [name for name in names if name not in allowed]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such name here: {', '.join(unknown)} (there are {', '.join(allowed)})")
    return names


def main() -> None:
    """Print one JSON line a figure."""
    names = [name for name in NAMES if available(name)]
    networks = [*denoisers.names(), *SIMPLE]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True, help="labelled collection with dif-samples/")
    parser.add_argument("--denoisers", type=partial(_listed, networks), default=denoisers.names())
    parser.add_argument("--solvers", type=partial(_listed, names), default=[s for s in names if s != "paper"])
    parser.add_argument("--figures", type=partial(_listed, FIGURES), default=list(FIGURES))
    parser.add_argument("--figure", type=Path, help="draw the frontier into this .png or .html file")
    parser.add_argument("--quick", action="store_true", help="fewer splits, generators and folds")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    torch.set_num_threads(1)
    with single_threaded():
        begun = time.monotonic()
        for line in lines(told):
            seconds, begun = time.monotonic() - begun, time.monotonic()
            common = {"benchmark": "engine", **line, "seed": told.seed, "seconds": round(seconds, 1)}
            print(json.dumps(common), flush=True)


if __name__ == "__main__":
    main()
