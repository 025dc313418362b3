"""Figures of the frontier, one JSON line each.

python -m benchmarks.frontier --zoo ../shared/zoo --nursery DIR
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.frontier import distant

Figures = Callable[[Path], Iterator[dict[str, object]]]
ON_ZOO: dict[str, Figures] = {"distant": distant.figures}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True, help="the labelled collection of real generators")
    parser.add_argument("--only", choices=sorted(ON_ZOO), help="one question alone")
    told = parser.parse_args(arguments)
    for name, figures in ON_ZOO.items():
        if told.only in (None, name):
            for row in figures(told.zoo):
                print(json.dumps({"benchmark": "frontier", "question": name, **row}), flush=True)


if __name__ == "__main__":
    main()
