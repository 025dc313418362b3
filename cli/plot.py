"""``difreg plot``: pictures of a registry or of one answer: an HTML file that opens offline, or a still picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from difreg.cli.picture import Picture, check_file, write_picture
from difreg.cli.session import Session, expand
from difreg.cli.verb import Panel, verb
from difreg.errors import InputError
from difreg.names import shown

if TYPE_CHECKING:
    from difreg.lineage.api import Registry

PLOTS = ("lineage", "tree", "trace", "drift")
NEWICK = (".nwk", ".newick")
# What an option is for where it is not for every picture.
_ONLY = {"--method": "tree", "--exclude": "trace", "--prior": "trace"}


@dataclass(frozen=True)
class Asked:
    """What is to be drawn, as it was typed."""

    what: str
    subjects: Sequence[str]
    dark: bool
    method: str | None
    exclude: Sequence[str]
    prior: float | None


@verb(
    Panel.lineage,
    "difreg plot lineage -o lineage.html",
    "difreg plot tree -o tree.html",
    "difreg plot tree --method nj -o tree.nwk",
    "difreg plot trace unknown/ -o trace.html",
    "difreg plot drift model_x -o drift.svg",
    output=False,
)
def plot(
    session: Session,
    what: Annotated[str, typer.Argument(metavar="WHAT", help=f"What to draw: {', '.join(PLOTS)}.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The .html, .png, .svg or .pdf file to write.")
    ],
    subjects: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME|IMAGES", help="Of drift, a generator; of a trace, images.", show_default=False),
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark.")] = False,
    method: Annotated[
        str | None,
        typer.Option("--method", metavar="NAME", help="Of a tree: upgma (average linkage) or nj (neighbour joining)."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="NAME", help="Of a trace: leave this generator out; repeatable."),
    ] = None,
    prior: Annotated[
        float | None,
        typer.Option("--prior", metavar="P", help="Of a trace: probability that no relative is registered.  [.5]"),
    ] = None,
) -> None:
    """Draw the registry, a trace or a drift as one interactive HTML file, or as a still picture.

    The page holds all it needs: it opens offline and asks nobody for anything. The lineage is who descends from whom,
    as far as that is known; the tree is who looks alike, with the support of each group, and no descent. A trace is how
    strongly the nearest generators answer to images, against the line from which kin are accepted; a drift is how far
    each version of a generator agrees with the next. A file that ends in .png, .svg or .pdf is drawn by kaleido, the
    extra [static], in a Chromium of the system. A tree is also written as Newick, to a .nwk file.
    """
    if what not in PLOTS:
        raise InputError(f"There is no plot '{shown(what, 40)}'.", f"Use one of: {', '.join(PLOTS)}.")
    for option, value in {"--method": method, "--exclude": exclude, "--prior": prior}.items():
        if value is not None and value != [] and what != _ONLY[option]:
            raise InputError(f"{option} is for a {_ONLY[option]}, not for plot {what}.", "Leave it out.")
    asked = Asked(what, tuple(subjects or ()), dark, method, tuple(exclude or ()), prior)
    _check_subjects(asked)
    if what == "tree" and output.suffix.lower() in NEWICK:
        with session.registry() as registry:
            registry.export_tree(output, method or "upgma")
        session.message(f"wrote {output}")
        return
    check_file(output)
    with session.registry() as registry:
        drawn = _drawn(session, registry, asked)
    write_picture(session, output, drawn)


def _check_subjects(asked: Asked) -> None:
    what, n = asked.what, len(asked.subjects)
    if what in ("lineage", "tree") and n:
        raise InputError(f"A plot of the {what} takes no names.", "Leave them out: it draws the whole registry.")
    if what == "trace" and not n:
        raise InputError("A plot of a trace needs IMAGES.", "difreg plot trace IMAGES... -o trace.html")
    if what == "drift" and n != 1:
        raise InputError("A plot of drift takes one name.", "difreg plot drift NAME -o drift.html")


def _drawn(session: Session, registry: Registry, asked: Asked) -> Picture:
    from functools import partial

    from difreg.lineage.figures import page, sheet

    dark = asked.dark
    if asked.what == "lineage":
        graph, provenance = registry.lineage(), registry.list().provenance
        return Picture(
            partial(page.lineage_page, graph, provenance, dark=dark),
            partial(page.lineage_still, graph, provenance, dark=dark),
        )
    if asked.what == "tree":
        made = sheet.tree_sheet(registry.similarity_tree(asked.method or "upgma"), dark=dark)
    elif asked.what == "drift":
        made = sheet.drift_sheet(registry.drift(asked.subjects[0]), dark=dark)
    else:
        prior = 0.5 if asked.prior is None else asked.prior
        traced = registry.trace(expand(asked.subjects), exclude=asked.exclude, prior=prior)
        session.skipped(traced.images)
        made = sheet.trace_sheet(traced, registry.evidence(traced), dark=dark)
    return Picture(made.page, made.still)
