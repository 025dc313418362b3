"""The table of robustness: generators by treatments, each cell traced with its relatives registered and without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.kinship import Bench, families_of, named, related
from benchmarks.robustness.treatments import TREATMENTS, Treatment
from difreg.lineage.background_builder import gather
from difreg.lineage.tracing import Trace, trace
from difreg.registry import denoisers
from difreg.registry.background import Background
from difreg.registry.detection import correlations, detection
from difreg.registry.histories.record import Histories, history_of
from difreg.registry.profiles import Profile, profile
from difreg.registry.sketches import pack, sketch, unpack

SETS = (
    "sd14-chenke-reg",
    "ldm-libreai",
    "cyclegan-blechn-horse2zebra_pretrained",
    "p2p-facades_label2photo-pretrained",
)
HALF = 10  # images: as many make the registered fingerprint as are treated


def figures(zoo: Path, denoiser: str, seed: int) -> Iterator[dict[str, object]]:  # noqa: ARG001 - nothing is drawn
    """The cells, and what they come to."""
    rows = []
    for row in cells(Bench(gather(zoo, denoiser=denoiser)), SETS, list(TREATMENTS)):
        rows.append(row)
        yield row
    yield summary(rows)


def cells(bench: Bench, sets: Sequence[str], treatments: Sequence[str]) -> Iterator[dict[str, object]]:
    """A cell for each set and treatment.

    The first ten images of a set are registered as they are, the next ten are treated and traced. The set's source is
    left out of the background.
    """
    labels = bench.material.labels
    for name in sets:
        background = bench.background(frozenset({labels[name].cluster}))
        own = named(name, bench.material.generators[name], background, np.arange(HALF))
        others = [named(n, s, background) for n, s in bench.material.generators.items() if n != name]
        with_kin = [own, *others]
        strangers = [m for m in others if not related(labels[name], labels[m.name])]
        tables = [families_of(with_kin), families_of(strangers)]
        kin = {n for n, label in labels.items() if related(labels[name], label)}
        home = {tables[0].get(n, n) for n in kin}
        files = file_paths(bench, name)
        for treatment in treatments:
            query = treated(files[HALF : 2 * HALF], TREATMENTS[treatment], background)
            found = trace(query, with_kin, tables[0])
            alone = trace(query, strangers, tables[1])
            yield {
                "measure": "cell",
                "set": name,
                "treatment": treatment,
                "n": len(query),
                "auc": round(_auc(own, query), 3),
                **_told(found, kin, home),
                "reliability": round(query.reliability, 2),
                "without_relatives": {
                    "verdict": alone.verdict,
                    "family": alone.family if alone.verdict == "kin" else None,
                    "warnings": _codes(alone),
                },
            }


def file_paths(bench: Bench, name: str) -> list[Path]:
    """The files of a set."""
    return [Path(i.file) for i in bench.material.generators[name].images]


def treated(files: Sequence[Path], treatment: Treatment, background: Background) -> Profile:
    """Profile of images after a treatment, with what their files and pixels tell of it."""
    sketches, histories, names = [], [], []
    noise = denoisers.get(background.denoiser)
    for file in files:
        with Image.open(file) as image:
            data = file_of(treatment(image.convert("RGB")))
        with Image.open(BytesIO(data)) as image:
            pixels = np.asarray(image.convert("RGB"))
            made = sketch(noise.residual(pixels))
            if made is not None:
                sketches.append(made)
                histories.append(history_of(image, data, pixels))
                names.append(file.name.encode().hex().ljust(64, "0")[:64])
    stored = unpack(*pack(np.stack(sketches)))
    return profile("query", tuple(names), stored, background, histories=Histories.of(histories))


def file_of(image: Image.Image) -> bytes:
    """The file of an image: that which a lossy treatment wrote, else a lossless one."""
    written = getattr(image, "fp", None)
    if written is not None:
        return bytes(written.getvalue())
    stream = BytesIO()
    image.save(stream, "BMP")
    return stream.getvalue()


def _told(found: Trace, kin: set[str], home: set[str]) -> dict[str, object]:
    near = [o.kinship.kinship for o in found.origins if o.member.name in kin]  # judged or not
    return {
        "verdict": found.verdict,
        "right": found.verdict == "kin" and found.family in home,
        "probability": round(found.probability, 3),
        "none_probability": round(found.none_probability, 3),
        "z": round(max(near), 1) if near else None,
        "warnings": _codes(found),
    }


def _codes(found: Trace) -> list[str]:
    """Warnings on the images; that generators elsewhere in the registry are weak says nothing of them."""
    return [c.code for c in found.caveats if c.code != "weak_generators"]


def _auc(own: Profile, query: Profile) -> float:
    detector = own.fingerprint.detector[None]
    generated: NDArray[np.float64] = correlations(detector, query.sketches)
    photographs = correlations(detector, own.background.negatives)
    return float(detection(generated, photographs, np.array([own.fingerprint.threshold])).auc[0])


def summary(rows: Sequence[dict[str, object]]) -> dict[str, object]:
    """What the whole table comes to: false kin, and cells that are not right and say nothing of why."""
    silent = [r for r in rows if not r["right"] and not r["warnings"]]
    wrong = [r for r in rows if r["verdict"] == "none" or (r["verdict"] == "kin" and not r["right"])]
    alone: list[dict[str, object]] = [r["without_relatives"] for r in rows]  # type: ignore[misc]
    false_kin = [a for a in alone if a["verdict"] == "kin"] + [r for r in wrong if r["verdict"] == "kin"]
    return {
        "measure": "summary",
        "cells": len(rows),
        "right": sum(bool(r["right"]) for r in rows),
        "not_right_and_not_warned": [f"{r['set']}, {r['treatment']}" for r in silent],
        "wrong_verdicts": [f"{r['set']}, {r['treatment']}: {r['verdict']}" for r in wrong],
        "traces": 2 * len(rows),
        "false_kin": len(false_kin),
    }
