"""Figures on families, ancestry, mixed sets and declarations, one JSON line a figure.

    python -m benchmarks.lineage --zoo ../shared/zoo --nursery DIR

``--nursery`` is the folder of a nursery that ``python -m benchmarks.nursery`` grew; without it those figures are left
out. ``--figures`` chooses some.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path

PARTS = ("families", "midjourney", "audit", "mixed", "nursery")


def main() -> None:
    """Print the figures asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True, help="labelled collection: generators/, photos/, truth.csv")
    parser.add_argument("--nursery", type=Path, help="folder of a grown nursery")
    parser.add_argument("--figures", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--denoiser", default="wavelet-1", help="of the nursery's sketches")
    told = parser.parse_args()
    for part in told.figures:
        if part == "nursery" and told.nursery is None:
            continue
        module = importlib.import_module(f"benchmarks.lineage.{part}")
        lines = module.figures(told.nursery, told.denoiser) if part == "nursery" else module.figures(told.zoo)
        for line in lines:
            print(json.dumps({"benchmark": "lineage", **line}), flush=True)


if __name__ == "__main__":
    main()
