"""What the table comes to with every lossless set treated: how often images without a relative are called kin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.kinship import Bench
from benchmarks.robustness.table import cells, summary
from benchmarks.robustness.treatments import TREATMENTS
from difreg.lineage.background_builder import gather


def figures(zoo: Path, denoiser: str, seed: int) -> Iterator[dict[str, object]]:  # noqa: ARG001 - nothing is drawn
    """A summary a treatment, and that of all."""
    bench = Bench(gather(zoo, denoiser=denoiser))
    rows = list(cells(bench, list(bench.lossless), list(TREATMENTS)))
    for name in TREATMENTS:
        yield {**_counts([r for r in rows if r["treatment"] == name]), "treatment": name}
    yield _counts(rows)


def _counts(rows: list[dict[str, object]]) -> dict[str, object]:
    found = summary(rows)
    silent = [r for r in rows if r["verdict"] == "none" and not r["warnings"]]
    alone: list[dict[str, object]] = [r["without_relatives"] for r in rows]  # type: ignore[misc]
    return {
        "measure": "strangers",
        "cells": found["cells"],
        "right": found["right"],
        "none_and_not_warned": len(silent),
        "traces": found["traces"],
        "false_kin": found["false_kin"],
        "none_without_relatives": sum(a["verdict"] == "none" for a in alone),
    }
