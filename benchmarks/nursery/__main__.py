"""Grow the nursery and measure kinship on it: one JSON line a figure.

python -m benchmarks.nursery --zoo ../shared/zoo
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from benchmarks.nursery.likeness import nulls
from benchmarks.nursery.measuring import knots, measure
from benchmarks.nursery.recipe import FULL, QUICK
from benchmarks.nursery.rulers import Rulers
from benchmarks.nursery.shelf import load
from benchmarks.nursery.variants import variant_figures
from benchmarks.nursery.yardsticks import PANELS, Yardsticks, founders
from difreg.lineage.background_builder import NAME, gather
from difreg.lineage.grown import dump, keep_founders
from difreg.lineage.likeness import keep

BACKGROUNDS = Path(__file__).parents[2] / "registry" / "backgrounds"
DENOISERS = ("wavelet-1", "periodic-1", "periodic-fast-1")


def main() -> None:
    """See the module."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True, help="labelled collection: generators/, photos/, truth.csv")
    parser.add_argument("--work", type=Path, help=f"models and sketches, kept; {cache / 'difreg-nursery'} if not given")
    parser.add_argument(
        "--only",
        choices=("grow", "measure", "variants", "artefact", "likeness"),
        help="one part; grow and measure where not given. artefact and likeness write what ships",
    )
    parser.add_argument("--quick", action="store_true", help="two founders and one tree in a minute: a trial run")
    parser.add_argument("--denoiser", default=DENOISERS[0], help="whose sketches are measured; all are kept")
    parser.add_argument("--draws", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1, help="of the draws; the recipe has its own")
    told = parser.parse_args()
    work = told.work or cache / ("difreg-nursery-quick" if told.quick else "difreg-nursery")
    if told.only in (None, "grow"):
        from benchmarks.nursery.growing import grow

        grow(told.zoo, work, QUICK if told.quick else FULL, DENOISERS, lambda x: print(x, file=sys.stderr, flush=True))
    if told.only == "grow":
        return
    material, grown = gather(told.zoo, denoiser=told.denoiser), load(work, told.denoiser)
    if told.only == "artefact":
        yardsticks = Yardsticks(material, grown, PANELS[1])
        keep_founders(founders(grown), BACKGROUNDS / f"{told.denoiser}.founders-1.safetensors")
        made = Rulers(yardsticks, knots(grown, yardsticks, told.draws, told.seed)).grown()
        (BACKGROUNDS / f"{told.denoiser}.grown-1.json").write_text(dump(made, told.denoiser), encoding="utf-8")
        return
    if told.only == "likeness":
        keep(nulls(material, grown, told.draws, told.seed), told.denoiser, NAME, BACKGROUNDS)
        return
    figures = variant_figures if told.only == "variants" else measure
    common = {"benchmark": "nursery", "denoiser": told.denoiser, "seed": told.seed}
    for figure in figures(material, grown, told.draws, told.seed):
        print(json.dumps({**common, **figure}), flush=True)


if __name__ == "__main__":
    main()
