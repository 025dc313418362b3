"""Options of the verbs that read images: how much of each is looked at, and how a fingerprint is solved."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

PANEL = "How it is solved"


class Solver(StrEnum):
    """Solvers of a fingerprint."""

    lattice = "lattice"
    unet = "unet"
    paper = "paper"


class Device(StrEnum):
    """Where a network is fitted."""

    cpu = "cpu"
    cuda = "cuda"
    auto = "auto"


class Area(StrEnum):
    """What of an image is looked at."""

    crop = "crop"
    whole = "whole"


SolverOption = Annotated[
    Solver,
    typer.Option("--solver", help="In closed form, or by a network (slow; needs the images).", rich_help_panel=PANEL),
]
RealsOption = Annotated[
    str | None,
    typer.Option("--reals", metavar="DIR", help="Photographs for unet and paper.", rich_help_panel=PANEL),
]
SeedOption = Annotated[int, typer.Option("--seed", help="Of the network.", rich_help_panel=PANEL)]
DeviceOption = Annotated[
    Device | None,
    typer.Option("--device", help="auto: a GPU where there is one.  [env: DIFREG_DEVICE]", rich_help_panel=PANEL),
]
PhaseOption = Annotated[
    bool, typer.Option("--search-phase", help="Images may be cropped off the pixel grid, or mirrored.")
]
AreaOption = Annotated[
    Area, typer.Option("--area", help="The centre 256 pixels of an image, or all complete tiles of 256 pixels.")
]
