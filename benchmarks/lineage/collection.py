"""The labelled collection, denoised once for all figures on it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from benchmarks.kinship import Bench
from difreg.lineage.background_builder import gather


@cache
def bench(zoo: Path) -> Bench:
    """The collection with what is fitted without given clusters."""
    return Bench(gather(zoo))
