"""A trace in words: the verdict, what cannot be told apart, the doubts, the candidates and how it was made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from difreg import numerals
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.views import (
    KIN_COLUMNS,
    KIN_FIELDS,
    PHASE_FIELDS,
    YARDSTICK,
    caveats,
    kin_values,
    phase_values,
    provenance_line,
    yardstick,
)
from difreg.lineage.answers import Failure, Traced, TracedEach
from difreg.lineage.verdicts import grouped, kin_cells, sentence
from difreg.names import some
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
    "parts",
    "images_disagreeing",
)
_COLUMNS = (*_VERDICT, "candidate", "version", "family", *KIN_FIELDS, *YARDSTICK, *PHASE_FIELDS, "reason")


def text(traced: Traced, everyone: bool = False) -> list[Block]:
    """A trace as lines and a table of candidates, the first ten unless ``everyone``."""
    blocks: list[Block] = [sentence(traced)]
    if traced.phase:
        blocks.append(traced.phase.text)
    if len(traced.indistinguishable) > 1:
        alike = traced.indistinguishable
        blocks.append(f"{count(len(alike), 'member')} cannot be told apart: {some(alike, 20)}")
    if traced.placement:
        place = traced.placement
        where = f"the {place.parent}" if place.kind == "ancestor" else place.parent
        how = f"under {where} (direction {place.direction})" if place.direction else f"beside {where}"
        blocks.append(f"placed {how}: {place.reason}")
    blocks += caveats(traced.warnings)
    if len(traced.parts) > 1:
        blocks += ["", _parts(traced)]
    candidates = [(c.generator, c) for c in traced.candidates] if everyone else grouped(traced)
    if candidates:
        rows = [(name, str(c.version), c.family or numerals.UNKNOWN, *kin_cells(c)) for name, c in candidates]
        numeric = frozenset({1, *range(3, 3 + len(KIN_COLUMNS))})
        blocks += ["", Grid(("candidate", "version", "family", *KIN_COLUMNS), rows, numeric)]
        seen = {c.generator for _, c in candidates}.union(*(part.indistinguishable for part in traced.parts))
        left = sum(c.generator not in seen for c in traced.candidates)
        blocks += [f"and {left} more: --all"] if left else []
    return [*blocks, "", provenance_line(traced.provenance, traced.images.used)]


def text_each(answer: TracedEach, everyone: bool = False) -> list[Block]:
    """One row a query; with ``everyone`` the whole trace of each below."""
    rows = [
        (
            traced.query,
            traced.verdict,
            _families(traced),
            numerals.probability(traced.probability),
            numerals.probability(traced.none_probability),
            _closest(traced),
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


def _families(traced: Traced) -> str:
    if traced.verdict == "kin":
        return traced.title or traced.family or _closest(traced)
    kin = [p for p in traced.parts if p.verdict == "kin"] if traced.verdict == "mixed" else []
    return " + ".join(p.title or p.family or p.nearest or numerals.UNKNOWN for p in kin) or numerals.UNKNOWN


def _closest(traced: Traced) -> str:
    return traced.candidates[0].generator if traced.candidates else numerals.UNKNOWN


def _parts(traced: Traced) -> Grid:
    rows = [
        (
            part.verdict,
            part.title or part.family or part.nearest or numerals.UNKNOWN,
            numerals.probability(part.probability),
            numerals.share(part.reliability),
            str(len(part.images)),
            some(part.images, 3),
        )
        for part in traced.parts
    ]
    return Grid(("part", "family or generator", "P(family)", "reliability", "n", "images"), rows, frozenset({2, 3, 4}))


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
            len(traced.parts),
            sum(row.agrees is False for row in traced.agreement),
        )
        made = (*yardstick(traced.provenance), *phase_values(traced.phase), None)
        rows += [(*verdict, c.generator, c.version, c.family, *kin_values(c), *made) for c in traced.candidates]
        if not traced.candidates:
            rows.append((*verdict, None, None, None, *kin_values(None), *made))
    blank = (None,) * (len(_COLUMNS) - 3)
    rows += [(failure.generator, "failed", *blank, failure.reason) for failure in failed]
    return Sheet(_COLUMNS, rows)
