"""``difreg plot``: pictures of a registry, each one HTML file that opens offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from difreg import numerals
from difreg.cli.output import PAGES, SUFFIXES, write_file
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.cli.views import YARDSTICK, provenance_line, yardstick
from difreg.errors import InputError
from difreg.names import shown

if TYPE_CHECKING:
    from difreg.lineage.answers import Matrix

PLOTS = ("lineage", "tree", "matrix", "fingerprint")
NEWICK = (".nwk", ".newick")
# What an option is for, in words, where it is not for every picture.
_ONLY = {"--method": "tree", "--metric": "matrix", "--images": "fingerprint", "--reals": "fingerprint"}


@verb(
    Panel.lineage,
    "difreg plot lineage -o lineage.html",
    "difreg plot tree -o tree.html",
    "difreg plot tree --method nj -o tree.nwk",
    "difreg plot matrix --metric accuracy -o matrix.html",
    "difreg plot matrix model_x model_y family-1 -o kinship.csv",
    "difreg plot fingerprint model_x --images whole/ -o model_x.html",
    output=False,
    images=True,
)
def plot(
    session: Session,
    what: Annotated[str, typer.Argument(metavar="WHAT", help=f"What to draw: {', '.join(PLOTS)}.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The .html file to write.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Of a fingerprint, its generator; of a matrix, generators or families."),
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark.")] = False,
    method: Annotated[
        str | None,
        typer.Option("--method", metavar="NAME", help="Of a tree: upgma (average linkage) or nj (neighbour joining)."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option("--metric", metavar="NAME", help="Of a matrix: accuracy, auc, score, kinship or probability."),
    ] = None,
    images: Annotated[
        list[str] | None,
        typer.Option("--images", metavar="PATH", help="Of a fingerprint: whole images of it, for the border."),
    ] = None,
    reals: Annotated[
        list[str] | None,
        typer.Option("--reals", metavar="PATH", help="Of a fingerprint: photographs to compare their border with."),
    ] = None,
) -> None:
    """Draw the registry, or one fingerprint, as one interactive HTML file.

    It holds all it needs: it opens offline and asks nobody for anything. The lineage is who descends from whom, as far
    as that is known; the tree is who looks alike, with the support of each group, and no descent. A tree is also
    written as Newick, to a .nwk file. A matrix is all pairs, of all generators or of those named: cross-detection,
    whose rows are fingerprints and whose columns are images, or kinship, the usual one; its numbers are also written to
    a .json, .csv or .txt file. A fingerprint is drawn in space, as its spectrum and as one period of it.
    """
    if what not in PLOTS:
        raise InputError(f"There is no plot '{shown(what, 40)}'.", f"Use one of: {', '.join(PLOTS)}.")
    given = {"--method": method, "--metric": metric, "--images": images, "--reals": reals}
    for option, value in given.items():
        if value and what != _ONLY[option]:
            raise InputError(f"{option} is for a {_ONLY[option]}, not for plot {what}.", "Leave it out.")
    if names and what in ("lineage", "tree"):
        raise InputError(f"A plot of the {what} takes no names.", "Leave them out: it draws the whole registry.")
    suffix = output.suffix.lower()
    if what == "tree" and suffix in NEWICK:
        with session.registry() as registry:
            registry.export_tree(output, method or "upgma")
        session.message(f"wrote {output}")
    elif what == "matrix" and suffix in SUFFIXES:
        session.write_to(output)
        with session.registry() as registry:
            session.answer(registry.matrix(metric or "kinship", names or ()), _matrix_text, _matrix_sheet)
    elif suffix not in PAGES:
        raise InputError(
            f"{shown(str(output))} does not end in .html; png, svg and pdf are not written yet.",
            f"Write -o {shown(output.stem)}.html, and save a PNG from the page.",
        )
    else:
        write_file(output, _page(session, what, names or [], method, metric, images or [], reals or [], dark))
        session.message(f"wrote {output}")


def _page(
    session: Session,
    what: str,
    names: list[str],
    method: str | None,
    metric: str | None,
    images: list[str],
    reals: list[str],
    dark: bool,
) -> str:
    from difreg.lineage.figures import page, sheet

    if what == "fingerprint" and len(names) != 1:
        raise InputError("A plot of a fingerprint takes one name.", "difreg plot fingerprint NAME -o NAME.html")
    with session.registry() as registry:
        if what == "lineage":
            return page.lineage_page(registry.lineage(), registry.list().provenance, dark=dark)
        if what == "tree":
            return sheet.tree_page(registry.similarity_tree(method or "upgma"), dark=dark)
        if what == "matrix":
            return sheet.matrix_page(registry.matrix(metric or "kinship", names), dark=dark)
        return sheet.portrait_page(registry.portrait(names[0], images, reals), dark=dark)


def _matrix_text(answer: Matrix) -> list[Block]:
    m = len(answer.members)
    values = [[c.value for c in answer.cells[k * m : (k + 1) * m]] for k in range(m)]
    tell = {"kinship": numerals.z, "probability": numerals.probability}.get(answer.metric, numerals.share)
    rows = [(x.name, str(k), *map(tell, row)) for k, (x, row) in enumerate(zip(answer.members, values, strict=True), 1)]
    first = "fingerprint, by images" if answer.directed else "generator"
    return [
        f"{answer.metric} of {numerals.count(m, 'generator')}",
        "",
        Grid((first, "#", *(str(k) for k in range(1, m + 1))), rows, frozenset(range(1, m + 2))),
        "",
        provenance_line(answer.provenance),
    ]


def _matrix_sheet(answer: Matrix) -> Sheet:
    shared = (answer.metric, *yardstick(answer.provenance))
    rows = [(c.fingerprint, c.images, c.value, c.low, c.high, c.n, c.judged, *shared) for c in answer.cells]
    return Sheet(("fingerprint", "images", "value", "low", "high", "n", "judged", "metric", *YARDSTICK), rows)
