"""Figures on images that were changed on their way, one JSON line a figure.

python -m benchmarks.robustness --zoo ../shared/zoo
python -m benchmarks.robustness --zoo ../shared/zoo --only phase
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path

PARTS = ("table", "strangers", "signs", "pairs", "phase")


def main() -> None:
    """Print the figures asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True, help="labelled collection: generators/, photos/, truth.csv")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="some of the figures")
    parser.add_argument("--denoiser", default="wavelet-1")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    for part in told.only:
        module = importlib.import_module(f"benchmarks.robustness.{part}")
        for line in module.figures(told.zoo, told.denoiser, told.seed):
            print(json.dumps({"benchmark": "robustness", "denoiser": told.denoiser, **line}), flush=True)


if __name__ == "__main__":
    main()
