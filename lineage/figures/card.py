"""The evidence card of a trace: one offline, printable page that says what was found, how surely, and what it rests on.

It holds no script, and its policy allows none; what a user named is escaped, and pictures are re-encoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from difreg import numerals
from difreg.lineage.answers import Agreement, Evidence, Part, Provenance, Traced
from difreg.lineage.figures import card_words as words
from difreg.lineage.figures.document import document
from difreg.lineage.figures.strip import strip
from difreg.lineage.figures.tables import items, table, text
from difreg.lineage.figures.thumbnails import thumbnails
from difreg.lineage.verdicts import grouped, kin_cells, sentence
from difreg.names import shown
from difreg.numerals import count

CANDIDATES = 6
PICTURES = 6  # of a part
AGAINST = 24  # pictures of images that disagree
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_COLUMNS = ("kinship z", "95 % interval", "likelihood ratio", "P(kin)", "support", "reliability")


def card_page(cards: Sequence[tuple[Traced, Evidence]]) -> str:
    """One or several evidence cards as one HTML page; each begins a sheet of its own in print.

    Pictures are read from the traced files where these are still what was traced.
    """
    title = f"Evidence card: {shown(cards[0][0].query, 80)}" if len(cards) == 1 else f"{len(cards)} evidence cards"
    return document(title, POLICY, "card.css", "\n".join(_card(traced, evidence) for traced, evidence in cards))


def _card(traced: Traced, evidence: Evidence) -> str:
    pictures = thumbnails(traced.provenance.images, _pictured(traced))
    verdict = escape(traced.verdict)
    sections = (
        ("Parts" if traced.verdict == "mixed" else "The group", _group(traced)),
        ("Candidates" if traced.verdict != "mixed" else "Candidates for all images as one", _candidates(traced)),
        ("The images", _images(traced, pictures)),
        ("What weakens this answer", items(words.weakening(traced, evidence))),
        ("History of what is named", _history(evidence)),
        ("What would change the verdict", items(words.changing(traced))),
        ("How every number was made", _terms(words.made(traced, evidence))),
        ("Provenance", _provenance(traced.provenance, evidence, traced)),
    )
    told = "\n".join(f"<section><h2>{escape(head)}</h2>{body}</section>" for head, body in sections if body)
    return (
        f'<article class="card {verdict}"><p class="kind"><span class="badge">{verdict}</span>'
        f"Evidence card · {text(words.asked(traced))}</p>"
        f"<h1>{text(sentence(traced), 1200)}</h1>{_key(traced)}\n{told}</article>"
    )


def _key(traced: Traced) -> str:
    cells = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in words.key(traced))
    return f'<dl class="key">{cells}</dl>'


def _group(traced: Traced) -> str:
    if traced.verdict == "mixed":
        columns = ("part", "family or generator", "P(family)", "P(no relative)", "reliability", "images")
        cells = [(f"{k}: {p.verdict}", *_part_cells(p)) for k, p in enumerate(traced.parts, 1)]
        return table(columns, cells, numeric=range(2, 6)) + _alike(traced)
    out = []
    if len(traced.indistinguishable) > 1:
        names = ", ".join(traced.indistinguishable)
        told = f"{count(len(traced.indistinguishable), 'member')} cannot be told apart: {names}."
        out.append(f"<p>{text(told, 2000)}</p>")
    if traced.placement:
        out.append(f"<p>{text(words.placed(traced.placement), 800)}</p>")
    return "".join(out)


def _alike(traced: Traced) -> str:
    told = (
        f"Part {k}: {count(len(p.indistinguishable), 'member')} cannot be told apart: {', '.join(p.indistinguishable)}."
        for k, p in enumerate(traced.parts, 1)
        if len(p.indistinguishable) > 1
    )
    return "".join(f"<p>{text(line, 2000)}</p>" for line in told)


def _part_cells(part: Part) -> tuple[str, ...]:
    whose = part.title or part.family or part.nearest or numerals.UNKNOWN
    return (
        numerals.UNKNOWN if part.verdict == "none" else whose,
        numerals.probability(part.probability),
        numerals.probability(part.none_probability),
        numerals.share(part.reliability),
        str(len(part.images)),
    )


def _candidates(traced: Traced) -> str:
    rows = []
    for name, c in grouped(traced, CANDIDATES):
        rows.append((name, c.family or numerals.UNKNOWN, *kin_cells(c)))
    return table(("candidate", "family", *_COLUMNS), rows, numeric=range(2, 8)) if rows else ""


def _pictured(traced: Traced) -> list[str]:
    against = [row.file for row in traced.agreement if row.agrees is False][:AGAINST]
    return [*against, *(row.file for k in range(len(traced.parts)) for row in _sample(traced, k))]


def _sample(traced: Traced, part: int) -> list[Agreement]:
    """The first images of a part that do not disagree."""
    return [row for row in traced.agreement if row.part == part and row.agrees is not False][:PICTURES]


def _images(traced: Traced, pictures: Mapping[str, str]) -> str:
    against = [row for row in traced.agreement if row.agrees is False]
    out = [f"<p>{text(words.agreement(traced))}</p>", strip(traced)]
    if against:
        out.append(f'<p class="lead"><b>{text(words.against(traced, len(against)))}</b></p>')
        out.append(_thumbs(against[:AGAINST], pictures, "against"))
    for number, part in enumerate(traced.parts):
        rows = _sample(traced, number)
        if rows:
            alone = "Others" if against else "Some of them"
            of = f"Part {number + 1} ({part.verdict})" if len(traced.parts) > 1 else alone
            more = len(part.images) - len(rows) - sum(row.part == number for row in against)
            out.append(f'<p class="lead">{escape(of)}{f", and {more} more" if more > 0 else ""}:</p>')
            out.append(_thumbs(rows, pictures, ""))
    return "".join(out)


def _thumbs(rows: Sequence[Agreement], pictures: Mapping[str, str], kind: str) -> str:
    cells = []
    for row in rows:
        address = pictures.get(row.file)
        name = shown(row.file.replace("\\", "/").rsplit("/", 1)[-1], 60)
        seen = f'<img src="{address}" alt="">' if address else '<span class="blank">no picture</span>'
        told = f"z {numerals.z(row.score)}, P {numerals.probability(row.probability)}"
        cells.append(f'<figure class="{kind}">{seen}<figcaption>{escape(told)}<br>{escape(name)}</figcaption></figure>')
    return f'<div class="thumbs">{"".join(cells)}</div>'


def _history(evidence: Evidence) -> str:
    return items(f"{row.time:%Y-%m-%d}: {row.verb} {row.subject}: {row.text}" for row in evidence.history)


def _terms(terms: Iterable[tuple[str, str]]) -> str:
    return '<dl class="how">' + "".join(f"<dt>{text(k)}</dt><dd>{text(v, 900)}</dd>" for k, v in terms) + "</dl>"


def _provenance(made: Provenance, evidence: Evidence, traced: Traced) -> str:
    joined = hashlib.sha256("".join(sorted(i.sha256 for i in made.images)).encode()).hexdigest()
    rows = [(k, v) for k, v in words.provenance(made, evidence) if v]
    rows.append(("all images", f"{joined} (SHA-256 of their sorted SHA-256)"))
    terms = "".join(f'<dt>{escape(k)}</dt><dd class="mono">{text(v)}</dd>' for k, v in rows)
    images = "".join(f"<li>{text(i.file)} {text(i.sha256)}</li>" for i in made.images)
    judged = "".join(
        f"<li>{text(w.generator)}:{w.version} {text(w.digest)}, {count(w.images, 'image')}</li>"
        for w in evidence.witnesses
    )
    skipped = "".join(f"<li>{text(s.file)}: {text(s.reason)}</li>" for s in traced.images.skipped)
    lists = (("Images and their SHA-256", images), ("Skipped images", skipped), ("Fingerprints", judged))
    told = "".join(f'<details><summary>{h}</summary><ul class="mono">{b}</ul></details>' for h, b in lists if b)
    return f'<dl class="how">{terms}</dl>{told}'
