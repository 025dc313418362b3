"""Is anything ever lost, and what does a large registry cost? One JSON line a figure.

    python -m benchmarks.storage
    python -m benchmarks.storage --only kills writers --kills 10

PostgreSQL takes part where DIFREG_TEST_POSTGRES_URL names a server.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import storage_faults, storage_scale
from benchmarks.storage_scale import Figure

FIGURES = ("kills", "writers", "full", "scale", "kinship")


def postgres_writers(folder: Path, processes: int, adds: int) -> Figure:
    """:func:`storage_faults.writers` on a PostgreSQL schema of its own."""
    server = os.environ.get("DIFREG_TEST_POSTGRES_URL")
    if not server:
        return {"figure": "writers", "database": "postgresql", "skipped": "DIFREG_TEST_POSTGRES_URL is not set"}
    import psycopg

    schema = f"bench_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        try:
            url = f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{schema}"
            return storage_faults.writers(folder, processes, adds, url)
        finally:
            connection.execute("SET client_min_messages = warning")
            connection.execute(f"DROP SCHEMA {schema} CASCADE")


def figures(only: list[str], folder: Path, options: argparse.Namespace) -> Iterator[Figure]:
    """The figures that were asked for, one by one."""
    ways: dict[str, Callable[[], Iterator[Figure]]] = {
        "kills": lambda: iter([storage_faults.kills(folder / "kills", options.kills)]),
        "writers": lambda: (
            run(folder / name, options.processes, options.adds)
            for name, run in (("sqlite", storage_faults.writers), ("postgres", postgres_writers))
        ),
        "full": lambda: iter([storage_faults.full_disk(folder / "full")]),
        "scale": lambda: storage_scale.measure(folder / "scale", options.generators),
        "kinship": lambda: iter([storage_scale.all_kinship()]),
    }
    for name in only:
        yield from ways[name]()


def main() -> None:
    """Print one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=list(FIGURES))
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--adds", type=int, default=25)
    parser.add_argument("--generators", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for figure in figures(options.only, Path(folder), options):
            print(json.dumps({"benchmark": "storage", **figure}), flush=True)


if __name__ == "__main__":
    main()
