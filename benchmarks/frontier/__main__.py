"""Figures of the frontier, one JSON line each. Three questions are asked of the nursery too, where its folder is given.

python -m benchmarks.frontier --zoo ../shared/zoo --nursery ~/.cache/difreg-nursery
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.frontier import changed, direction, distant, leads, single, weak

Figures = Callable[[Path], Iterator[dict[str, object]]]
OF_REAL: dict[str, Figures] = {"distant": distant.figures, "single": single.figures, "weak": weak.figures}
OF_GROWN: dict[str, Callable[[Path, Path], Iterator[dict[str, object]]]] = {
    "changed": changed.figures,
    "direction": direction.figures,
    "leads": leads.figures,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True, help="the labelled collection of real generators")
    parser.add_argument("--nursery", type=Path, help="the folder in which benchmarks.nursery has grown")
    parser.add_argument("--only", choices=(*OF_GROWN, *OF_REAL), help="one question alone")
    told = parser.parse_args(arguments)
    asked = {name: figures(told.zoo) for name, figures in OF_REAL.items()}
    if told.nursery:
        asked |= {name: figures(told.zoo, told.nursery) for name, figures in OF_GROWN.items()}
    for name, figures in asked.items():
        if told.only in (None, name):
            for row in figures:
                print(json.dumps({"benchmark": "frontier", "question": name, **row}), flush=True)


if __name__ == "__main__":
    main()
