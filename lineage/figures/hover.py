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


def traced(node: Attributes, derivations: list[str]) -> str:
    """Images that were traced and are not registered."""
    home = f" {plain(str(node['family']))}" if node.get("family") else ""
    ratio = numerals.ratio(node.get("likelihood_ratio"))
    lines = [
        f"<b>{plain(node['name'])}</b> (traced, not registered)",
        f"verdict: {plain(str(node['verdict']))}{home}",
        f"P(family) {_probability(node.get('probability'))}, P(none registered) {_probability(node.get('none'))}",
        f"likelihood ratio {ratio}",
        f"{count(int(node.get('images') or 0), 'image')}, reliability {numerals.share(node.get('reliability'))}",
    ]
    return "<br>".join([*lines, *derivations])


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


DERIVED = "<b>{one}</b> derived from <b>{two}</b><br>{step}<br>{reason}"
DERIVATION = "<br>derived from <b>{two}</b>: {step}<br>{reason}"


def derived(edge: Attributes, child: str, parent: str) -> str:
    """A step of ancestry, with the reason."""
    return DERIVED.format(one=plain(child), two=plain(parent), step=step(edge), reason=reason(edge))


def derivation(edge: Attributes, parent: str) -> str:
    """The same, as a line of the child's own hover."""
    return DERIVATION.format(two=plain(parent), step=step(edge), reason=reason(edge))


def reason(edge: Attributes) -> str:
    """Why a step of ancestry is believed."""
    return paragraph(str(edge.get("reason") or "no reason is given"))


KIN = "<br>".join(
    (
        "<b>{one}</b> and <b>{two}</b> are kin (no direction)",
        "kinship z {z} (95 % {interval})",
        "P(kin) {p} at prior 1/2, likelihood ratio {ratio}",
        "support {support} of bootstrap replicates over images",
        "from {n} and {m}",
    )
)


def kin(edge: Attributes, one: Attributes, two: Attributes) -> str:
    """Kinship of two generators, which has no direction."""
    return KIN.format(
        one=plain(one["name"]),
        two=plain(two["name"]),
        z=numerals.z(edge.get("kinship")),
        interval=numerals.interval(edge.get("low"), edge.get("high")),
        p=_probability(edge.get("probability")),
        ratio=numerals.ratio(edge.get("likelihood_ratio")),
        support=numerals.share(edge.get("support")),
        n=count(int(one.get("images") or 0), "image"),
        m=count(int(two.get("images") or 0), "image"),
    )


def declared(edge: Attributes, child: str, parent: str) -> str:
    """A declared parent that the inferred ancestry does not follow, and what speaks against it."""
    source = f"source: {paragraph(str(edge['source']))}" if edge.get("source") else "no source is given"
    head = f"<b>{plain(child)}</b> is declared a child of <b>{plain(parent)}</b>"
    why = _AGAINST.get(str(edge.get("contradicted")), "declared only: images or dates do not bear it out")
    if edge.get("kin_probability") is not None:
        why += f"<br>P(kin) {_probability(edge['kin_probability'])} at prior 1/2"
    return "<br>".join((head, f"relation: {plain(str(edge.get('relation') or 'unknown'))}; {source}", why))


_AGAINST = {
    "images": "contradicted by the images: they are not kin",
    "dates": "contradicted by dates: the child was there before its parent could be",
    "ring": "not followed: declarations run in a ring",
}


def _probability(value: float | None) -> str:
    return plain(numerals.probability(value))  # its < and > are no markup either


def step(edge: Attributes) -> str:
    """Direction of a step, its probability and support."""
    basis = f"direction from {'what is declared' if edge.get('direction') == 'declared' else 'dates'}"
    if edge.get("probability") is None:
        return f"{basis}; no probability: images say nothing here"
    support = (
        ""
        if edge.get("support") is None
        else f",<br>support {numerals.share(edge['support'])} of bootstrap replicates over images"
    )
    return f"{basis}; P {_probability(edge['probability'])}{support}"
