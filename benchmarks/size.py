"""Size of a default installation beyond PyTorch: what a new virtual environment grows by.

The wheel is built, PyTorch is installed alone, then the wheel with all it needs; sizes are those of the files in the
environment, compiled Python files included, in megabytes of 10^6 bytes. Packages come from the index that pip is set
up with, so that this is no test.

    python -m benchmarks.size
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIMIT = 300
SHOWN = 12


def sizes(environment: Path) -> dict[str, int]:
    """Bytes below each entry of the environment's site-packages; a package's metadata and libraries are its own."""
    folder = next(environment.glob("lib/python*/site-packages"))
    out: dict[str, int] = {}
    for entry in folder.iterdir():
        files = entry.rglob("*") if entry.is_dir() else (entry,)
        name = entry.name.partition("-")[0].partition(".")[0]
        out[name] = out.get(name, 0) + sum(f.lstat().st_size for f in files if not f.is_dir())
    return out


def grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, float]:
    """Megabytes by which each entry grew, largest first."""
    more = {name: (size - before.get(name, 0)) / 1e6 for name, size in after.items()}
    return {name: round(mb, 1) for name, mb in sorted(more.items(), key=lambda item: -item[1]) if mb > 0}


def measure(folder: Path, constraints: Path) -> dict[str, object]:
    """Install into ``folder`` and compare."""
    environment = folder / "environment"
    run = [sys.executable, "-m"]
    build = [*run, "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    subprocess.run([*run, "venv", "--without-pip", str(environment)], check=True)
    pip = [*run, "pip", "--quiet", "--python", str(environment / "bin" / "python"), "install", "-c", str(constraints)]
    subprocess.run([*pip, "torch"], check=True)
    torch = sizes(environment)
    subprocess.run([*pip, str(next(folder.glob("*.whl")))], check=True)
    whole = sizes(environment)
    beyond = sum(whole.values()) - sum(torch.values())
    largest = list(grown(torch, whole).items())[:SHOWN]
    return {
        "torch_mb": round(sum(torch.values()) / 1e6, 1),
        "beyond_mb": round(beyond / 1e6, 1),
        "limit_mb": LIMIT,
        "within": beyond <= LIMIT * 1e6,
        "largest_mb": dict(largest),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--constraints", type=Path, default=ROOT / "constraints.txt", help="The versions to install.")
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(measure(Path(name), parser.parse_args().constraints)))
