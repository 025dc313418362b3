"""Labelled image sets (a truth table beside folders of images) and the pairs whose kinship they settle.

Used to build a background and to judge one; nothing of it runs in the product's answers.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from difreg.errors import InputError

KIN_FAMILY = "ldm-sd1"
UNSETTLED = frozenset({"sdxl", "guided-diffusion"})  # relatives of nobody for sure, and of doubtful strength
LINES = ("waifu2x",)  # families of one line, neither kin nor unrelated to one another


@dataclass(frozen=True)
class Label:
    """One set: its family, whether its images were lossless, and the cluster it shares its source with."""

    name: str
    family: str
    lossless: bool
    cluster: str


def read_labels(zoo: Path) -> dict[str, Label]:
    """Labels of the generator sets in ``zoo`` by name, sorted, from ``truth.csv`` and the sources in ``README.md``."""
    try:
        with (zoo / "truth.csv").open(newline="", encoding="utf-8") as stream:
            rows = [r for r in csv.DictReader(stream) if r["kind"] == "generator" and "/" not in r["slug"]]
        sources = read_sources(zoo)
    except OSError as error:
        raise InputError(
            f"{zoo} is no labelled collection: {error.strerror}.", "Give a folder with truth.csv."
        ) from error
    labels = [
        Label(r["slug"], r["family"], r["source_format"] != "JPEG", _cluster(r["slug"], sources))
        for r in rows
        if (zoo / "generators" / r["slug"]).is_dir()
    ]
    return {label.name: label for label in sorted(labels, key=lambda x: x.name)}


def read_sources(zoo: Path) -> dict[str, str]:
    """The repository each set was taken from, by the set's name, from the table of sources in ``README.md``."""
    readme = (zoo / "README.md").read_text(encoding="utf-8")
    cells = (
        [c.strip() for c in line.strip().strip("|").split("|")] for line in readme.splitlines() if line.startswith("|")
    )
    return {c[0]: c[2].split(" (")[0] for c in cells if len(c) == 4}


def _cluster(name: str, sources: Mapping[str, str]) -> str:
    if name.startswith("w2x-"):
        return name.rsplit("-", 1)[0]
    return sources.get(name, name)


def settled_pairs(labels: Mapping[str, Label]) -> Iterator[tuple[str, str, bool]]:
    """Pairs of lossless sets whose kinship is known: (a, b, kin).

    Kin are pairs inside the one large family; unrelated are pairs of different families, the unsettled ones and pairs
    of one line left out; the small families are too few to train on and stay out.
    """
    lossless = [x for x in labels.values() if x.lossless and x.family not in UNSETTLED]
    for a, b in combinations(lossless, 2):
        if a.family == b.family == KIN_FAMILY:
            yield a.name, b.name, True
        elif a.family != b.family and not any(a.family.startswith(p) and b.family.startswith(p) for p in LINES):
            yield a.name, b.name, False
