"""What is declared against what the images say: agreement, contradiction, or silence with its reason.

A card is a witness and not a proof, so that its family starts with one half of the odds; the other half is what a trace
starts with. The images of a generator then speak as in a trace. They contradict a card by what they show, another
family, or by what they lack, the mark of a family of which several members are known to carry it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from difreg import numerals
from difreg.lineage.answers import AuditRow
from difreg.lineage.calibration import log_likelihood_ratios
from difreg.lineage.keeping.population import Population
from difreg.lineage.kinship import score
from difreg.lineage.tracing import DECIDED
from difreg.names import shown, some
from difreg.registry.background import Background
from difreg.registry.fingerprints import RELIABLE
from difreg.registry.metadata import is_evidence
from difreg.storage.records import FamilyRecord, GeneratorRecord

SEVERAL = 3  # members of a declared family from whose mark's absence something follows
BASE = "base"


@dataclass(frozen=True)
class Finding:
    """One row of an audit, and which list it belongs to."""

    verdict: str
    row: AuditRow


@dataclass(frozen=True)
class Evidence:
    """Likelihood ratios of a generator's images by family, and how many members of each they were asked of.

    A family is called by its name, a generator without family by its own.
    """

    ratios: Mapping[str, float]
    sizes: Mapping[str, int]

    def posterior(self, declared: str | None, prior: float) -> dict[str, float]:
        """Probability of each family; what is left to 1 is that of no relative.

        ``declared`` has ``prior``. Of the rest half is of no relative, half is shared by the other families.
        """
        rest = 1 - prior if declared is not None else 1.0
        others = [f for f in self.ratios if f != declared]
        none = rest / 2 if others else rest
        weights = {f: rest / 2 / len(others) * self.ratios[f] for f in others}
        if declared is not None:
            weights[declared] = prior * self.ratios[declared]
        total = none + sum(weights.values())
        return {f: w / total for f, w in weights.items()}


class Audit:
    """A registry as an audit sees it.

    Parameters
    ----------
    records
        All generators, stubs included.
    population
        Those with images.
    """

    def __init__(
        self,
        records: Sequence[GeneratorRecord],
        population: Population,
        families: Iterable[FamilyRecord],
        background: Background,
    ) -> None:
        self.records = {r.name: r for r in records}
        self.population = population.silenced({r.name for r in records if not is_evidence(r.tags)})
        self.families = {f.name: f for f in families}
        self.home = {m: f.name for f in self.families.values() for m in f.members}
        self.rows = {name: row for row, name in enumerate(population.names)}
        self.background = background

    def findings(self, prior: float = 0.5, only: Iterable[str] | None = None) -> list[Finding]:
        """Rows of all generators, or of ``only`` these, by name; stubs of which nothing is declared have none."""
        names = sorted(self.records if only is None else self.records.keys() & set(only))
        return [f for name in names for f in self._of(self.records[name], prior)]

    def _of(self, record: GeneratorRecord, prior: float) -> list[Finding]:
        parents = [p.name for p in record.parents]
        declared: list[str | None] = [*parents, *([BASE] if record.base else [])]
        unheard = self._unheard(record)
        if unheard:
            nothing = [] if record.name not in self.rows else [None]
            return [_silent(record.name, d, None, math.nan, f"{_says(d)}; {unheard}") for d in declared or nothing]
        evidence = self.evidence(record.name)
        out = [self._parent(record, p, evidence, prior) for p in parents]
        if any(f.verdict == "agree" for f in out):  # a merge has several parents and one decoder
            out = [_excused(f) for f in out]
        if record.base:
            out.append(self._base(record, evidence))
        return out or [self._undeclared(record, evidence)]

    def _unheard(self, record: GeneratorRecord) -> str:
        """Why the images of a generator say nothing, if so."""
        row = self.rows.get(record.name)
        if row is None:
            return "it has no images here"
        reliability = float(self.population.facts[row, 1])
        if not reliability >= RELIABLE:
            return f"its images are too few or its fingerprint too weak (reliability {numerals.share(reliability)})"
        return "its images look JPEG-compressed, which hides kinship" if self.population.flagged[row] else ""

    @cached_property
    def _speaking(self) -> NDArray[np.bool_]:
        """(m,) whether a generator's images can be asked."""
        return _speaking(self.population)

    def evidence(self, name: str) -> Evidence:
        """What the images of ``name`` say of every family; a family's ratio is the mean of its members' (as traced).

        Images that another generator holds too count for neither.
        """
        row = self.rows[name]
        them, speaking = self.population, self._speaking
        if row in them.sharers:
            them, _ = them.apart(them.contents(row))
            speaking = _speaking(them)
        mine = (self.population.directions[row], self.population.scales[row])
        z = score(*mine, them.directions, them.scales)
        images = np.minimum(them.counts, self.population.counts[row])
        ratios = np.exp(log_likelihood_ratios(z, images, self.background.calibrations))
        found: dict[str, list[float]] = defaultdict(list)
        for other, speaks, ratio in zip(them.names, speaking.tolist(), ratios.tolist(), strict=True):
            if speaks and other != name:
                found[self.home.get(other, other)].append(ratio)
        sizes = {family: len(values) for family, values in found.items()}
        return Evidence({f: sum(values) / sizes[f] for f, values in found.items()}, sizes)

    def _parent(self, record: GeneratorRecord, parent: str, evidence: Evidence, prior: float) -> Finding:
        name = record.name
        family, why = self._declared_family(name, parent)
        if family is not None and family not in evidence.ratios:
            family, why = None, "what is registered of it is too weak, looks JPEG-compressed or is tagged evidence=no"
        if family is None:
            best, p = _best(evidence.posterior(None, prior))
            told = f"; fingerprint says {self.called(best)}, P {numerals.probability(p)}" if p >= DECIDED else ""
            return _silent(
                name, parent, best if p >= DECIDED else None, math.nan, f"card says {shown(parent)}, {why}{told}"
            )
        card = f"card says {shown(parent)}" + (f" ({shown(family)})" if family != parent else "")
        shares = evidence.posterior(family, prior)
        held = shares.pop(family)
        best, p = _best(shares)
        if held >= DECIDED:
            text = f"{card}; fingerprint agrees, P {numerals.probability(held)}"
            return Finding("agree", AuditRow(name, parent, family, held, text))
        if held > 1 - DECIDED:
            text = f"{card}; the images leave it open, P(kin) {numerals.probability(held)}"
            return _silent(name, parent, best if p >= DECIDED else None, held, text)
        several = evidence.sizes[family] >= SEVERAL
        if p >= DECIDED:
            text = f"{card}; fingerprint says {self.called(best)}, P {numerals.probability(p)}"
            if not several and self._of_one_descent(name, best, parent):
                return _silent(name, parent, best, held, f"{text}, whose members declare the same descent")
            return Finding("contradict", AuditRow(name, parent, best, p, text))
        if several:
            text = f"{card}; fingerprint says no kin of it, P {numerals.probability(1 - held)}"
            return Finding("contradict", AuditRow(name, parent, None, 1 - held, text))
        text = f"{card}; fingerprint shows no kinship (P {numerals.probability(held)}), and too few of its kin are here"
        return _silent(name, parent, None, held, f"{text} to know whether it would")

    def _declared_family(self, name: str, parent: str) -> tuple[str | None, str]:
        """The family that a declared parent stands for, or why there is none.

        A parent without images stands for that of the generators which are, as declared, its children or parents.
        """
        if parent in self.rows:
            return self.home.get(parent, parent), ""
        relatives = self._beyond(parent) - {name}
        if not relatives:
            return None, "which has no images here and no other child"
        (family, most), *_ = Counter(self.home.get(r, r) for r in sorted(relatives)).most_common(1)
        if 2 * most <= len(relatives):
            return None, "which has no images here, and whose declared relatives are of several families"
        return family, ""

    def _beyond(self, stub: str) -> set[str]:
        """Observed generators that declarations join to a stub, through no other observed one."""
        found, seen, todo = set(), {stub}, [stub]
        while todo:
            at = todo.pop()
            near = {*self._children.get(at, ()), *self._parents(at)} - seen
            seen |= near
            found |= {n for n in near if n in self.rows}
            todo += sorted(n for n in near if n not in self.rows)
        return found

    def _parents(self, name: str) -> list[str]:
        record = self.records.get(name)
        return [p.name for p in record.parents] if record else []

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        out: dict[str, list[str]] = defaultdict(list)
        for record in self.records.values():
            for parent in record.parents:
                out[parent.name].append(record.name)
        return out

    def _up(self, name: str) -> set[str]:
        """A generator and all it descends from, as declared."""
        seen, todo = {name}, [name]
        while todo:
            new = set(self._parents(todo.pop())) - seen
            seen |= new
            todo += sorted(new)
        return seen

    def _of_one_descent(self, name: str, family: str, parent: str) -> bool:
        """Whether all others of a family whose declared origin lies outside it share descent with ``parent``.

        Then the card fits its family, whose mark is younger than that parent; one with an origin of its own refutes it.
        """
        members = {*(self.families[family].members if family in self.families else (family,))}
        outside = [m for m in sorted(members - {name}) if members.isdisjoint(self._parents(m))]
        telling = [m for m in outside if self._parents(m) or self.records[m].base]
        return bool(telling) and all(self._up(m) & self._up(parent) for m in telling)

    def _base(self, record: GeneratorRecord, evidence: Evidence) -> Finding:
        """One declared as trained from scratch may have passed its mark on; it cannot have it from an older one."""
        best, p = _best(evidence.posterior(None, 0.5))
        if p < DECIDED:
            text = f"{_says(BASE)}; no kin of it is registered for sure, which says nothing"
            return _silent(record.name, BASE, None, p, text)
        members = self.families[best].members if best in self.families else (best,)
        others = [self.records[m] for m in members if m in self.records and m != record.name]
        start = record.not_before_earliest
        older = [
            m.name
            for m in others
            if start and m.released_latest and m.released_latest < start and record.name not in self._up(m.name)
        ]
        if older:
            told = some([shown(n) for n in older], 4)
            text = f"{_says(BASE)}; fingerprint says {self.called(best)}, P {numerals.probability(p)}: {told}"
            text += f" {'were' if len(older) > 1 else 'was'} there before it can have been ({start})"
            return Finding("contradict", AuditRow(record.name, BASE, best, p, text))
        text = f"{_says(BASE)}; fingerprint says {self.called(best)}, P {numerals.probability(p)}: no member is known"
        return Finding("agree", AuditRow(record.name, BASE, best, p, f"{text} to be older, they may come from it"))

    def _undeclared(self, record: GeneratorRecord, evidence: Evidence) -> Finding:
        best, p = _best(evidence.posterior(None, 0.5))
        if p < DECIDED:
            return _silent(record.name, None, None, p, f"{_says(None)}; no kin of it is registered for sure")
        text = f"{_says(None)}; fingerprint says {self.called(best)}, P {numerals.probability(p)}"
        return _silent(record.name, None, best, p, text)

    def called(self, family: str) -> str:
        """A family by title and name, or the kin of a generator without one."""
        if family not in self.families:
            return f"kin of {shown(family)}"
        title = self.families[family].title
        return f"{shown(title)} ({shown(family)})" if title else shown(family)


def _speaking(population: Population) -> NDArray[np.bool_]:
    out: NDArray[np.bool_] = population.reliable & ~population.flagged & population.evidence
    return out


def _best(shares: Mapping[str, float]) -> tuple[str, float]:
    best = max(shares, key=lambda f: (shares[f], f), default="")
    return best, shares.get(best, 0.0)


def _silent(name: str, declared: str | None, inferred: str | None, probability: float, text: str) -> Finding:
    return Finding("silent", AuditRow(name, declared, inferred, probability, text))


def _excused(found: Finding) -> Finding:
    """Where another declared parent agrees, one that does not may have given anything but the decoder."""
    if found.verdict != "contradict":
        return found
    row = found.row
    text = f"{row.text}; another declared parent agrees, and images show one decoder alone"
    return _silent(row.generator, row.declared, row.inferred, math.nan, text)


def _says(declared: str | None) -> str:
    if declared is None:
        return "card says nothing"
    return "card says trained from scratch" if declared == BASE else f"card says {shown(declared)}"
