"""The report: all of a registry on one HTML page with a table of contents, and what the method cannot tell.

A section is a function of what was asked of the registry; adding one to the page is a line in ``SECTIONS``. A section
says in a sentence what it cannot show: a registry may be empty, or too large for a drawing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from difreg import numerals
from difreg.lineage import answers as a
from difreg.lineage.figures import report_words as words
from difreg.lineage.figures.document import document, embedded, policy, provenance_line
from difreg.lineage.figures.tables import items, table, text
from difreg.numerals import count
from difreg.registry.fingerprints import RELIABLE

if TYPE_CHECKING:
    import networkx as nx
    import plotly.graph_objects as go

DRAWN = 300  # generators beyond which the lineage is a hairball, and gets a page of its own
TREE = 150  # generators beyond which a tree or a matrix takes longer than the rest of the report
CROSS = 40  # generators beyond which cross-detection of all pairs does


@dataclass(frozen=True)
class Material:
    """What a report is made of; ``tree`` and matrices are None where there are fewer than two generators, or too many.

    ``kinship`` and ``accuracy`` are matrices in these metrics.
    """

    listing: a.Listing
    families: a.Families
    audited: a.Audited
    background: a.BackgroundShown
    lineage: nx.MultiDiGraph[str]
    tree: a.SimilarityTree | None
    kinship: a.Matrix | None = None
    accuracy: a.Matrix | None = None

    @property
    def observed(self) -> list[a.GeneratorRow]:
        """Generators with images."""
        return [g for g in self.listing.generators if g.observed]

    @property
    def weak(self) -> list[a.GeneratorRow]:
        """Generators whose fingerprint concludes nothing."""
        return [g for g in self.observed if not (g.reliability or 0.0) >= RELIABLE]


@dataclass(frozen=True)
class Body:
    """A section's content: HTML, a figure from narrow to wide with its text alternative, HTML under it."""

    html: str
    figures: Sequence[go.Figure] = ()
    alternative: str = ""
    below: str = ""


@dataclass(frozen=True)
class Section:
    """A section of the report; ``key`` is its address on the page."""

    key: str
    title: str
    body: Callable[[Material, bool], Body]


def report_page(material: Material, *, dark: bool = False) -> str:
    """The report as one HTML page that opens offline."""
    from plotly.offline import get_plotlyjs

    bodies = [(section, section.body(material, dark)) for section in SECTIONS]
    contents = "".join(f'<li><a href="#{s.key}">{escape(s.title)}</a></li>' for s, _ in bodies)
    told = "\n".join(_section(section, body) for section, body in bodies)
    scripts = [get_plotlyjs(), files("difreg.lineage.figures").joinpath("report.js").read_text("utf-8")]
    drawn = {section.key: [_plain(f) for f in body.figures] for section, body in bodies if body.figures}
    title = f"Registry report: {words.size(material.listing, material.families)}"
    html = _REPORT.format(
        title=text(title),
        provenance=text(provenance_line(material.listing.provenance)),
        contents=contents,
        sections=told,
        data=embedded(drawn),
        plotly=scripts[0],
        script=scripts[1],
    )
    return document(title, policy(scripts), "report.css", html, "dark" if dark else "light")


def _plain(figure: go.Figure) -> Any:
    import plotly.io

    return json.loads(plotly.io.to_json(figure, validate=False))


def _section(section: Section, body: Body) -> str:
    figure = (
        f'<div class="drawing"><div class="figure" data-figure="{section.key}" role="img" '
        f'aria-label="{escape(body.alternative)}"></div></div>'
        if body.figures
        else ""
    )
    head = f"<h2>{escape(section.title)}</h2>"
    return f'<section id="{section.key}">{head}{body.html}{figure}{body.below}</section>'


def _paragraphs(lines: Sequence[str]) -> str:
    return "".join(f"<p>{text(line, 1200)}</p>" for line in lines)


def _overview(material: Material, _dark: bool) -> Body:
    cells = "".join(
        f"<div{' class=bad' if bad else ''}><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>"
        for k, v, bad in words.overview(material.listing, material.families, material.audited, len(material.weak))
    )
    return Body(f'<dl class="key">{cells}</dl>' + _paragraphs(words.empty(material.listing)))


def _families(material: Material, _dark: bool) -> Body:
    families = material.families
    if not families.families:
        return Body(_paragraphs([words.NO_FAMILIES]))
    rows = [
        (f.family, f.title or numerals.UNKNOWN, str(len(f.members)), numerals.share(f.support),
         f.ancestor or numerals.UNKNOWN, ", ".join(f.members))
        for f in families.families
    ]  # fmt: skip
    columns = ("family", "title", "generators", "support", "ancestor", "members")
    below = _paragraphs(words.alone(families))
    return Body(_paragraphs([words.FAMILIES]) + table(columns, rows, (2, 3)) + below)


def _lineage(material: Material, dark: bool) -> Body:
    from difreg.lineage.figures.lineage import NARROW, WIDE, lineage_figure

    n = len(material.listing.generators)
    if not 0 < n <= DRAWN:
        return Body(_paragraphs([words.NOTHING if not n else words.too_large(n, "lineage", DRAWN)]))
    figures = [lineage_figure(material.lineage, dark=dark, width=width) for width in (NARROW, WIDE)]
    alternative = f"Lineage of {words.size(material.listing, material.families)}; the tables hold the same"
    return Body(_paragraphs(words.LINEAGE), figures, alternative)


def _tree(material: Material, dark: bool) -> Body:
    from difreg.lineage.figures.dendrogram import NARROW, WIDE, tree_figure
    from difreg.lineage.figures.sheets import tree_explained

    n = len(material.observed)
    if material.tree is None:
        return Body(_paragraphs([words.too_large(n, "tree", TREE) if n > 1 else words.TOO_FEW]))
    figures = [tree_figure(material.tree, dark=dark, width=width) for width in (NARROW, WIDE)]
    below = _paragraphs(tree_explained(material.tree)[:2])
    return Body(_paragraphs([words.TREE]), figures, f"Tree of similarity of {count(n, 'generator')}", below)


def _kinship(material: Material, dark: bool) -> Body:
    return _matrix(material, material.kinship, "kinship", TREE, dark)


def _accuracy(material: Material, dark: bool) -> Body:
    return _matrix(material, material.accuracy, "accuracy", CROSS, dark)


def _matrix(material: Material, matrix: a.Matrix | None, metric: str, most: int, dark: bool) -> Body:
    from difreg.lineage.figures.sheets import matrix_sheet

    n = len(material.observed)
    if matrix is None:
        what = f"matrix --metric {metric}"
        return Body(_paragraphs([words.too_large(n, what, most, metric) if n > 1 else words.NO_PAIRS]))
    made = matrix_sheet(matrix, dark=dark)
    above, below = _paragraphs([made.words.lead]), _paragraphs(made.words.explained)
    return Body(above, made.figures, made.words.title, below)


def _calibration(material: Material, dark: bool) -> Body:
    from difreg.lineage.figures.sheets import calibration_sheet

    made = calibration_sheet(material.background, dark=dark)
    above, below = _paragraphs([made.words.lead]), _paragraphs(made.words.explained)
    return Body(above, made.figures, made.words.title, below)


def _generators(material: Material, _dark: bool) -> Body:
    if not material.listing.generators:
        return Body(_paragraphs([words.NOTHING]))
    rows = sorted(material.listing.generators, key=lambda g: (g.family is None, g.family or "", g.name))
    body = "".join(_generator(g) for g in rows)
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in _GENERATOR)
    made = f'<div class="wide"><table class="stack"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    return Body(_paragraphs([words.RELIABILITY]) + made)


_GENERATOR = ("generator", "family", "version", "images", "reliability", "not before", "released", "declared")


def _generator(g: a.GeneratorRow) -> str:
    dash = numerals.UNKNOWN
    weak = g.observed and not (g.reliability or 0.0) >= RELIABLE
    known = g.reliability is not None
    bar = f'<i class="bar"><b style="width:{100 * min(max(g.reliability or 0.0, 0.0), 1.0):.0f}%"></b></i>'
    told = f"{numerals.share(g.reliability)}{' weak' if weak else ''}"
    declared = "from scratch" if g.base else "" if g.observed else "a parent without images"
    cells = (
        text(g.name),
        text(g.family or dash),
        dash if g.version is None else str(g.version),
        str(g.images) if g.observed else dash,
        f"{bar if known and g.observed else ''}{escape(told)}",
        text(g.not_before or dash),
        text(g.released or dash),
        escape(declared or dash),
    )
    kinds = {2: "n", 3: "n", 4: "weak" if weak else "", 5: "date", 6: "date"}
    return (
        "<tr>"
        + "".join(
            f'<td{_class(kinds.get(k, ""))} data-of="{_GENERATOR[k]}">{cell}</td>' for k, cell in enumerate(cells)
        )
        + "</tr>"
    )


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _audit(material: Material, _dark: bool) -> Body:
    found = material.audited
    parts = [_paragraphs([words.AUDIT])]
    for name, heading in words.FINDINGS:
        rows: tuple[a.AuditRow, ...] = getattr(found, name)
        if rows:
            cells = [
                (r.generator, r.declared or numerals.UNKNOWN, r.inferred or numerals.UNKNOWN,
                 numerals.probability(r.probability), r.text)
                for r in rows
            ]  # fmt: skip
            made = table(("generator", "declared", "the images say", "P", "why"), cells, (3,))
            parts.append(f'<h3 class="{name}">{escape(heading)} ({len(rows)})</h3>{made}')
    return Body("".join(parts) if len(parts) > 1 else _paragraphs([words.NO_DECLARATIONS]))


def _limits(material: Material, _dark: bool) -> Body:
    return Body(items(words.limits(material.background), 1200))


def _made(material: Material, _dark: bool) -> Body:
    rows = words.made(material.background, material.listing.provenance)
    told = "".join(f"<dt>{escape(k)}</dt><dd>{text(v, 2000)}</dd>" for k, v in rows)
    return Body(f'<dl class="how">{told}</dl>')


SECTIONS = (
    Section("overview", "At a glance", _overview),
    Section("families", "Families", _families),
    Section("lineage", "Lineage", _lineage),
    Section("tree", "Similarity", _tree),
    Section("kinship", "Kinship of all pairs", _kinship),
    Section("accuracy", "Cross-detection", _accuracy),
    Section("generators", "Generators and their reliability", _generators),
    Section("audit", "Declared against inferred", _audit),
    Section("calibration", "What a kinship is worth", _calibration),
    Section("limits", "What this cannot tell", _limits),
    Section("made", "How it was made", _made),
)

_REPORT = """<header>
<h1>{title}</h1>
<p>{provenance}</p>
<nav aria-label="Contents"><ol>{contents}</ol></nav>
</header>
<main>
{sections}
</main>
<noscript>The figures of this page are drawn with JavaScript, which is switched off; its tables are complete.</noscript>
<script id="figures" type="application/json">{data}</script>
<script>{plotly}</script>
<script>{script}</script>"""
