"""What a new version changes: families that grow, merge and split, and declarations that images now contradict.

Declarations are audited before and after, of those alone about whom the version can speak: its generator, whoever
declares that as a parent, and whoever declares a parent it declares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from difreg.lineage import answers as a
from difreg.lineage.auditing import Audit
from difreg.lineage.keeping.history import family_changes
from difreg.lineage.keeping.members import Members
from difreg.storage.catalog import Transaction
from difreg.storage.records import FamilyRecord

Key = tuple[str, str | None]


@dataclass(frozen=True)
class Watch:
    """Families, and contradicted declarations by generator and what is declared, at one moment."""

    families: Sequence[FamilyRecord]
    contradicted: Mapping[Key, str]


def audit_of(tx: Transaction, members: Members) -> Audit:
    """The registry as an audit sees it."""
    population = members.population(tx.latest_refs())
    return Audit(tx.generators(), population, tx.families(), members.background)


def watch(tx: Transaction, members: Members, name: str) -> Watch:
    """How things stand about ``name`` and those it speaks about."""
    record = tx.generator(name)
    parents = [p.name for p in record.parents] if record else []
    around = {name, *tx.children(name), *(child for p in parents for child in tx.children(p))}
    declared = parents or (record and record.base) or len(around) > 1
    found = audit_of(tx, members).findings(only=around) if declared else []
    said = {(f.row.generator, f.row.declared): f.row.text for f in found if f.verdict == "contradict"}
    return Watch(tx.families(), said)


def changes(tx: Transaction, members: Members, name: str, before: Watch, verb: str = "add") -> tuple[a.Change, ...]:
    """What is otherwise now than ``before``. Contradictions go into the history; families are there already."""
    now = watch(tx, members, name)
    came = [
        a.Change("contradicted", key[0], text)
        for key, text in now.contradicted.items()
        if key not in before.contradicted
    ]
    went = [
        a.Change("cleared", key[0], f"{_told(key)} is contradicted no more")
        for key in before.contradicted
        if key not in now.contradicted
    ]
    for change in (*came, *went):
        tx.log(verb, change.subject, change.text)
    return (*family_changes(before.families, now.families), *came, *went)


def _told(key: Key) -> str:
    return f"the declared {'base' if key[1] == 'base' else f'parent {key[1]}'}"
