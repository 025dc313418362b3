"""``difreg plot lineage``: who descends from whom, as far as that is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from difreg.cli.picture import Assets, check_file, write_picture
from difreg.cli.plots.options import AssetsOption, DarkOption, OutputOption
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb

if TYPE_CHECKING:
    import networkx as nx

    from difreg.lineage.answers import Provenance


@dataclass(frozen=True)
class _Lineage:
    """The lineage as a picture."""

    graph: nx.MultiDiGraph[str]
    provenance: Provenance
    dark: bool

    def page(self, *, shared: bool = False) -> str:
        from difreg.lineage.figures.page import lineage_page

        return lineage_page(self.graph, self.provenance, dark=self.dark, shared=shared)

    def still(self, form: str) -> bytes:
        from difreg.lineage.figures.page import lineage_still

        return lineage_still(self.graph, self.provenance, form, dark=self.dark)


@verb(
    Panel.lineage,
    "difreg plot lineage -o lineage.html",
    "difreg plot lineage --trace ANSWER.json -o lineage.html",
    "difreg plot lineage --assets shared -o pages/lineage.html",
    output=False,
)
def lineage(
    session: Session,
    output: OutputOption,
    trace: Annotated[
        Path | None, typer.Option("--trace", metavar="FILE", help="Show what a trace (its JSON) placed, as a star.")
    ] = None,
    dark: DarkOption = False,
    assets: AssetsOption = Assets.embedded,
) -> None:
    """Draw who descends from whom, as far as that is known.

    Direction comes from what is declared or, weakly, from dates; images tell who is kin, never who came first. The page
    can be searched, filtered, folded by family, laid out along time, and saved as PNG, SVG, JSON and Newick.
    """
    check_file(output)
    from difreg.lineage.figures import unknowns

    traces = unknowns.read(trace) if trace else []
    with session.registry() as registry:
        graph, provenance = registry.lineage(), registry.list().provenance
    unknowns.add(graph, traces)
    write_picture(session, output, _Lineage(graph, provenance, dark), assets)
