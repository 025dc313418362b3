"""A trace in words: the verdict, what cannot be told apart, the doubts, the candidates and how it was made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from difreg import numerals
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.views import (
    KIN_COLUMNS,
    KIN_FIELDS,
    YARDSTICK,
    caveats,
    kin_cells,
    kin_values,
    names,
    provenance_line,
    yardstick,
)
from difreg.lineage.answers import Failure, Traced, TracedEach
from difreg.numerals import count

MOST = 10
_VERDICT = (
    "query",
    "verdict",
    "verdict_family",
    "verdict_title",
    "verdict_probability",
    "verdict_likelihood_ratio",
    "none_probability",
    "images_used",
    "images_skipped",
    "query_reliability",
    "needed_images",
)
_COLUMNS = (*_VERDICT, "candidate", "version", "family", *KIN_FIELDS, *YARDSTICK, "reason")


def text(traced: Traced, everyone: bool = False) -> list[Block]:
    """A trace as lines and a table of candidates, the first ten unless ``everyone``."""
    blocks: list[Block] = [sentence(traced)]
    if len(traced.indistinguishable) > 1:
        alike = traced.indistinguishable
        blocks.append(f"{count(len(alike), 'member')} cannot be told apart: {names(alike, 20)}")
    if traced.placement:
        place = traced.placement
        where = f"the {place.parent}" if place.kind == "ancestor" else place.parent
        how = f"under {where} (direction {place.direction})" if place.direction else f"beside {where}"
        blocks.append(f"placed {how}: {place.reason}")
    blocks += caveats(traced.warnings)
    if len(traced.parts) > 1:
        blocks += ["", _parts(traced)]
    candidates = traced.candidates if everyone else traced.candidates[:MOST]
    if candidates:
        rows = [(c.generator, str(c.version), c.family or numerals.UNKNOWN, *kin_cells(c)) for c in candidates]
        numeric = frozenset({1, *range(3, 3 + len(KIN_COLUMNS))})
        blocks += ["", Grid(("candidate", "version", "family", *KIN_COLUMNS), rows, numeric)]
        left = len(traced.candidates) - len(candidates)
        blocks += [f"and {left} more: --all"] if left else []
    return [*blocks, "", provenance_line(traced.provenance, traced.images.used)]


def text_each(answer: TracedEach, everyone: bool = False) -> list[Block]:
    """One row a query; with ``everyone`` the whole trace of each below."""
    rows = [
        (
            traced.query,
            traced.verdict,
            (traced.title or traced.family if traced.verdict == "kin" else None) or numerals.UNKNOWN,
            numerals.probability(traced.probability),
            numerals.probability(traced.none_probability),
            traced.candidates[0].generator if traced.candidates else numerals.UNKNOWN,
            numerals.z(traced.candidates[0].kinship if traced.candidates else None),
            numerals.share(traced.reliability),
            str(traced.images.used),
        )
        for traced in answer.traces
    ]
    columns = ("query", "verdict", "family", "P(family)", "P(no relative)", "closest", "kinship z", "reliability", "n")
    failed = f"; {len(answer.failed)} failed" if answer.failed else ""
    blocks: list[Block] = [f"traced {count(len(rows), 'image set')}{failed}"]
    if rows:
        blocks.append(Grid(columns, rows, frozenset({3, 4, 6, 7, 8})))
    blocks += [f"failed {failure.generator}: {failure.reason}" for failure in answer.failed]
    blocks += [f"warning: {traced.query}: {caveat.text}" for traced in answer.traces for caveat in traced.warnings]
    for traced in answer.traces if everyone else ():
        blocks += ["", f"{traced.query}:", *text(traced, everyone)]
    return [*blocks, provenance_line(answer.provenance)]


def sentence(traced: Traced) -> str:
    """The verdict in one plain sentence."""
    images = count(traced.images.used, "image")
    these = "this image" if traced.images.used == 1 else f"these {images}"
    if traced.verdict == "kin":
        probable = f"probability {numerals.probability(traced.probability)}"
        members = [c.generator for c in traced.candidates if c.family is not None and c.family == traced.family]
        if traced.family is None:
            alone = traced.placement.parent if traced.placement else names([traced.candidates[0].generator], 1)
            return f"Generator {alone}: {probable} that it, or a sibling, made {these}."
        told = [*members, *(m for m in traced.indistinguishable if m not in members)]
        family = f"{traced.title or traced.family} ({names(told, 4)})"
        return f"Family {family}: {probable} that one of its members, or a sibling, made {these}."
    if traced.verdict == "none":
        return f"No registered generator made {these}: P(no relative) {numerals.equal(traced.none_probability)}"
    if traced.verdict == "mixed":
        return f"More than one origin: {these} fall into {count(len(traced.parts), 'part')}."
    reliability = f"reliability {numerals.share(traced.reliability)}"
    if traced.images.used == 1:
        return f"Too few images: one alone has no reliability; {traced.needed_images} more are the least"
    if traced.needed_images is None:
        return f"Too little to tell who made {these} ({reliability})"
    return f"Too few images: about {traced.needed_images} more needed ({reliability} < .500)"


def _parts(traced: Traced) -> Grid:
    rows = [
        (
            part.verdict,
            part.family or numerals.UNKNOWN,
            numerals.probability(part.probability),
            str(len(part.images)),
            names(part.images, 3),
        )
        for part in traced.parts
    ]
    return Grid(("part", "family", "P(family)", "n", "images"), rows, frozenset({2, 3}))


def sheet(traces: Iterable[Traced], failed: Sequence[Failure]) -> Sheet:
    """One row a candidate, the verdict repeated; a query without candidates, or that failed, keeps a row."""
    rows: list[tuple[object, ...]] = []
    for traced in traces:
        verdict = (
            traced.query,
            traced.verdict,
            traced.family,
            traced.title,
            traced.probability,
            traced.likelihood_ratio,
            traced.none_probability,
            traced.images.used,
            len(traced.images.skipped),
            traced.reliability,
            traced.needed_images,
        )
        made = (*yardstick(traced.provenance), None)
        rows += [(*verdict, c.generator, c.version, c.family, *kin_values(c), *made) for c in traced.candidates]
        if not traced.candidates:
            rows.append((*verdict, None, None, None, *kin_values(None), *made))
    blank = (None,) * (len(_COLUMNS) - 3)
    rows += [(failure.generator, "failed", *blank, failure.reason) for failure in failed]
    return Sheet(_COLUMNS, rows)
