"""``python -m difreg.lineage.starter``: make the starter registry again, ``make starter``."""

from __future__ import annotations

import argparse
from pathlib import Path

from difreg.lineage.starter import NAME
from difreg.lineage.starter.building import build


def main() -> None:
    """Parse the command line, and build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collection", type=Path, required=True, help="folder with generators/ and truth.csv")
    parser.add_argument("--output", type=Path, required=True, help=f"folder that gets {NAME}.difreg")
    args = parser.parse_args()
    made = build(args.collection, args.output / f"{NAME}.difreg")
    print(f"{made.file}: {made.generators} generators, SHA-256 {made.sha256}")  # noqa: T201 - a script's answer


if __name__ == "__main__":
    main()
