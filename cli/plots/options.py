"""Options that every plot has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from difreg.cli.layout import COMMON
from difreg.cli.picture import Assets

OutputOption = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="The .html, .png, .svg or .pdf file to write.",
        rich_help_panel=COMMON,
    ),
]
DarkOption = Annotated[bool, typer.Option("--dark", help="Light on dark.")]
AssetsOption = Annotated[
    Assets, typer.Option("--assets", help="Plotly's 4.8 MB in the page, or in plotly.min.js beside it.")
]
