"""The starter registry: a bundle that ships with difreg, of generators whose images are not ours to ship.

``python -m difreg.lineage.starter`` makes it again from the images.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

NAME = "starter-1"


def path() -> Path:
    """The bundle."""
    return Path(str(files(__name__))) / f"{NAME}.difreg"
