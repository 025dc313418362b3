"""The verdict of a trace in one plain sentence, the same on a terminal and on an evidence card."""

from __future__ import annotations

from difreg import numerals
from difreg.lineage.answers import Candidate, Kin, Part, Traced
from difreg.names import some
from difreg.numerals import count

MOST = 10  # candidates of a table


def sentence(traced: Traced) -> str:
    """The verdict, with the images that disagree with it."""
    against = sum(row.agrees is False for row in traced.agreement)
    if not against:
        return _verdict(traced)
    verb = "disagrees" if against == 1 else "disagree"
    return f"{_verdict(traced).removesuffix('.')}; {count(against, 'image')} {verb}."


def _verdict(traced: Traced) -> str:
    images = count(traced.images.used, "image")
    these = "this image" if traced.images.used == 1 else f"these {images}"
    if traced.verdict == "kin":
        probable = f"probability {numerals.probability(traced.probability)}"
        members = [c.generator for c in traced.candidates if c.family is not None and c.family == traced.family]
        if traced.family is None:
            alone = traced.placement.parent if traced.placement else traced.candidates[0].generator
            return f"Generator {alone}: {probable} that it, or a sibling, made {these}."
        told = [*members, *(m for m in traced.indistinguishable if m not in members)]
        family = f"{traced.title or traced.family} ({some(told, 4)})"
        return f"Family {family}: {probable} that one of its members, or a sibling, made {these}."
    if traced.verdict == "none":
        return f"No registered generator made {these}: P(no relative) {numerals.equal(traced.none_probability)}"
    if traced.verdict == "mixed":
        told = [part_words(part) for part in traced.parts]
        return f"More than one origin: of {these}, {', '.join(told[:-1])} and {told[-1]}."
    reliability = f"reliability {numerals.share(traced.reliability)}"
    if traced.images.used == 1:
        return f"Too few images: one alone has no reliability; {traced.needed_images} more are the least"
    if traced.needed_images is None:
        return f"Too little to tell who made {these} ({reliability})"
    return f"Too few images: about {traced.needed_images} more needed ({reliability} < .500)"


def part_words(part: Part) -> str:
    """What is found of one part: ``12 are of family-1 (P >.999)``."""
    n, be = len(part.images), "is" if len(part.images) == 1 else "are"
    whose = part.title or part.family or part.nearest
    if part.verdict == "none":
        return f"{n} {be} of nobody registered (P(no relative) {numerals.equal(part.none_probability)})"
    likely = f"P {numerals.probability(part.probability)}"
    if part.verdict == "kin":
        return f"{n} {be} of {whose} ({likely})"
    return f"{n} {be} of another origin, likeliest {whose} ({likely}), which is open"


def kin_cells(kin: Kin) -> tuple[str, ...]:
    """Kinship as the cells of a table: z, interval, likelihood ratio, probability, support, reliability."""
    return (
        numerals.z(kin.kinship),
        numerals.interval(kin.low, kin.high),
        numerals.ratio(kin.likelihood_ratio),
        numerals.probability(kin.probability),
        numerals.share(kin.support),
        numerals.share(kin.reliability),
    )


def grouped(traced: Traced, most: int = MOST) -> list[tuple[str, Candidate]]:
    """The first candidates with their names; of those that cannot be told apart the nearest stands for the group."""
    groups = {name: part.indistinguishable for part in traced.parts for name in part.indistinguishable}
    told: set[tuple[str, ...]] = set()
    out: list[tuple[str, Candidate]] = []
    for c in traced.candidates:
        group = groups.get(c.generator, (c.generator,))
        if group not in told:
            told.add(group)
            out.append((c.generator if len(group) < 2 else f"{c.generator} and {len(group) - 1} more alike", c))
    return out[:most]
