"""What a hover says: every number with the name of its metric, its interval and how many images it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from difreg import numerals
from difreg.lineage.figures.markup import paragraph, plain
from difreg.numerals import count

Attributes = Mapping[str, Any]


def generator(node: Attributes, derivations: list[str]) -> str:
    """A generator: facts that are declared, facts that are measured, and what it derives from."""
    lines = [f"<b>{plain(node['name'])}</b>"]
    if not node.get("observed", True):
        lines.append("a declared parent that nobody registered: no images")
    else:
        version = f"version {node['version']}, " if node.get("version") else ""
        reliability = f"reliability {numerals.share(node.get('reliability'))}"
        lines.append(f"{version}{count(int(node.get('images') or 0), 'image')}, {reliability}")
    lines.append(f"family: {plain(str(node['family']))}" if node.get("family") else "in no family")
    lines += [f"{said}: {plain(str(node[key]))}" for key, said in _DATES if node.get(key)]
    if node.get("base"):
        lines.append("declared as trained from scratch")
    if node.get("jpeg"):
        lines.append("its images carry JPEG's 8 x 8 grid, which hides and imitates kinship")
    if node.get("note"):
        certainty = f" ({plain(str(node['certainty']))})" if node.get("certainty") else ""
        lines.append(f"note{certainty}: {paragraph(str(node['note']))}")
    return "<br>".join([*lines, *derivations])


_DATES = (("released", "released, at the latest"), ("not_before", "not before"))


def ancestor(node: Attributes, derivations: list[str]) -> str:
    """An inferred ancestor."""
    said = "inferred: what members that cannot be told apart descend from"
    family = f"family: {plain(str(node['family']))}" if node.get("family") else "in no family"
    return "<br>".join([f"<b>{plain(node['name'])}</b>", said, family, *derivations])


def family(node: Attributes, members: int) -> str:
    """A family: its name beside its title, and how surely it holds together."""
    title = f"<b>{plain(str(node.get('caption') or node['name']))}</b>"
    support = numerals.share(node.get("support"))
    lines = [title, f"family {plain(node['name'])}, {count(members, 'generator')}"]
    held = "share of bootstrap replicates over images<br>that hold its most weakly held member in it"
    return "<br>".join([*lines, f"support {support}: {held}"])


def derived(edge: Attributes, child: str, parent: str) -> str:
    """A step of ancestry, with the reason."""
    head = f"<b>{plain(child)}</b> derived from <b>{plain(parent)}</b>"
    return "<br>".join([head, _step(edge), paragraph(str(edge.get("reason") or "no reason is given"))])


def derivation(edge: Attributes, parent: str) -> str:
    """The same, as a line of the child's own hover."""
    return f"<br>derived from <b>{plain(parent)}</b>: {_step(edge)}<br>{paragraph(str(edge.get('reason') or ''))}"


def kin(edge: Attributes, one: Attributes, two: Attributes) -> str:
    """Kinship of two generators, which has no direction."""
    interval = numerals.interval(edge.get("low"), edge.get("high"))
    ratio = numerals.ratio(edge.get("likelihood_ratio"))
    return "<br>".join(
        (
            f"<b>{plain(one['name'])}</b> and <b>{plain(two['name'])}</b> are kin (no direction)",
            f"kinship z {numerals.z(edge.get('kinship'))} (95 % {interval})",
            f"P(kin) {_probability(edge.get('probability'))} at prior 1/2, likelihood ratio {ratio}",
            f"support {numerals.share(edge.get('support'))} of bootstrap replicates over images",
            f"from {count(int(one.get('images') or 0), 'image')} and {count(int(two.get('images') or 0), 'image')}",
        )
    )


def declared(edge: Attributes, child: str, parent: str, why: str) -> str:
    """A declared parent that the inferred ancestry does not follow."""
    source = f"source: {paragraph(str(edge['source']))}" if edge.get("source") else "no source is given"
    head = f"<b>{plain(child)}</b> is declared a child of <b>{plain(parent)}</b>"
    return "<br>".join((head, f"relation: {plain(str(edge.get('relation') or 'unknown'))}; {source}", why))


def _probability(value: float | None) -> str:
    return plain(numerals.probability(value))  # its < and > are no markup either


def _step(edge: Attributes) -> str:
    basis = f"direction from {'what is declared' if edge.get('direction') == 'declared' else 'dates'}"
    if edge.get("probability") is None:
        return f"{basis}; no probability: images say nothing here"
    support = (
        ""
        if edge.get("support") is None
        else f",<br>support {numerals.share(edge['support'])} of bootstrap replicates over images"
    )
    return f"{basis}; P {_probability(edge['probability'])}{support}"
