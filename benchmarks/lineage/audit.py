"""False cards planted among true ones: how many an audit contradicts, and whether it ever contradicts a true one.

In every draw 20 lossless sets of the labelled collection declare a parent drawn from the largest family that is not
their own. The cluster (source) of the set that is judged is left out of the whitening, the panel and the calibration.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.kinship import Bench, families_of, named
from difreg.lineage.auditing import Audit, Finding
from difreg.lineage.background_builder import gather
from difreg.lineage.keeping.population import Population
from difreg.registry.background import Background
from difreg.registry.metadata import Metadata, read_csv
from difreg.storage.records import FamilyRecord, GeneratorRecord, ParentRecord

PLANTED, DRAWS, REPLICATES = 20, 20, 2000


@dataclass(frozen=True)
class Told:
    """What the audit of one draw says of one set's card: whether that was planted, and the verdicts of its rows."""

    name: str
    planted: bool
    inside: bool  # the set is of the largest family
    contradicted: bool


def figures(zoo: Path, seed: int = 1) -> Iterator[dict[str, object]]:
    """One line on all planted cards, one each for those of the largest family and the others, one on true cards."""
    bench = Bench(gather(zoo))
    cards = {name: facts for name, facts in read_csv(zoo / "truth.csv").items() if name in bench.material.labels}
    seen = [t for draw in range(DRAWS) for t in _draw(bench, cards, np.random.default_rng([seed, draw]))]
    planted = [t for t in seen if t.planted]
    groups = {"all": planted, "into": [t for t in planted if not t.inside], "out of": [t for t in planted if t.inside]}
    for what, told in groups.items():
        yield {"measure": "audit", "cards": f"false, {what} the largest family" if what != "all" else "false"} | _share(
            bench, told, seed
        )
    true = [t for t in seen if not t.planted]
    yield {"measure": "audit", "cards": "true"} | _share(bench, true, seed)


def _share(bench: Bench, told: Sequence[Told], seed: int) -> dict[str, object]:
    """Share contradicted, with its 95 % interval over clusters of sets drawn with replacement."""
    clusters = sorted({bench.material.labels[t.name].cluster for t in told})
    index = {c: k for k, c in enumerate(clusters)}
    yes, n = np.zeros((2, len(clusters)))
    for t in told:
        k = index[bench.material.labels[t.name].cluster]
        yes[k], n[k] = yes[k] + t.contradicted, n[k] + 1
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(clusters), np.full(len(clusters), 1 / len(clusters)), size=REPLICATES)
    low, high = np.quantile((drawn @ yes) / (drawn @ n), [0.025, 0.975])
    return {
        "contradicted": round(float(yes.sum() / n.sum()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "n": int(n.sum()),
        "never": sorted({t.name for t in told} - {t.name for t in told if t.contradicted}) if yes.any() else [],
        "sets": len({t.name for t in told}),
        "clusters": len(clusters),
        "draws": DRAWS,
        "seed": seed,
    }


def _draw(bench: Bench, cards: Mapping[str, Metadata], rng: np.random.Generator) -> Iterator[Told]:
    lossless = bench.lossless
    size = Counter(label.family for label in lossless.values())
    largest = max(size, key=lambda f: size[f])
    false: dict[str, str] = {}
    for name in rng.choice(sorted(lossless), PLANTED, replace=False).tolist():
        other = max((f for f in size if f != lossless[name].family), key=lambda f: size[f])
        false[name] = str(rng.choice([n for n, label in sorted(lossless.items()) if label.family == other]))
    records = _records(cards, false)
    for name, label in bench.material.labels.items():
        found = _audit(bench, records, frozenset({label.cluster}), name)
        contradicted = any(f.verdict == "contradict" for f in found)
        yield Told(name, name in false, label.family == largest, contradicted)


def _audit(bench: Bench, records: Sequence[GeneratorRecord], out: frozenset[str], name: str) -> list[Finding]:
    background, population, families = _registry(bench, out)
    return Audit(records, population, families, background).findings(only=[name])


@cache
def _registry(bench: Bench, out: frozenset[str]) -> tuple[Background, Population, tuple[FamilyRecord, ...]]:
    """The whole collection as registered under a background that has not seen the clusters ``out``."""
    background = bench.background(out)
    members = [named(n, images, background) for n, images in sorted(bench.material.generators.items())]
    home = families_of(members)
    families = (FamilyRecord(f, None, 1.0, tuple(m for m in home if home[m] == f)) for f in sorted(set(home.values())))
    return background, Population.of(members), tuple(families)


def _records(cards: Mapping[str, Metadata], false: Mapping[str, str]) -> list[GeneratorRecord]:
    """The collection's declarations, those of ``false`` with the parent planted there, and their stubs."""
    parents = {
        name: (ParentRecord(false[name], "fine-tune"),)
        if name in false
        else tuple(ParentRecord(p.name, p.relation) for p in facts.parents)
        for name, facts in cards.items()
    }
    stubs = {p.name for ps in parents.values() for p in ps} - set(parents)
    bases = {name: bool(facts.base) and name not in false for name, facts in cards.items()}
    known = [_record(name, parents[name], bases[name], True) for name in sorted(parents)]
    return known + [_record(name, (), False, False) for name in sorted(stubs)]


def _record(name: str, parents: tuple[ParentRecord, ...], base: bool, observed: bool) -> GeneratorRecord:
    return GeneratorRecord(
        id=0,
        name=name,
        observed=observed,
        base=base,
        released=None,
        released_latest=None,
        not_before=None,
        not_before_earliest=None,
        source=None,
        certainty=None,
        note=None,
        licence=None,
        url=None,
        family=None,
        removed=False,
        parents=parents,
        tags={},
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )
