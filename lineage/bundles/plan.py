"""What importing a bundle would do to a registry, decided by reading alone.

A generator whose name is free comes whole. One whose name is taken is the same generator if they share its latest
version: what the bundle has after that follows here, under the next numbers. Everything else that differs is a
conflict, and one conflict stops the import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from difreg.errors import InputError
from difreg.lineage.bundles.manifest import FACTS, BundledGenerator, BundledTitle, BundledVersion, Manifest
from difreg.names import check_name, shown
from difreg.registry.metadata import DeclaredParent, Metadata
from difreg.storage.catalog import Transaction
from difreg.storage.records import FamilyRecord, GeneratorRecord, VersionRecord

NEW, EXTENDED, UNCHANGED, SKIPPED = "new", "extended", "unchanged", "skipped"


@dataclass(frozen=True)
class Conflict:
    """Something that is one thing here and another in the bundle."""

    generator: str
    fact: str
    text: str


@dataclass(frozen=True)
class Step:
    """What happens to one generator.

    Attributes
    ----------
    name, bundled
        What it is called here, and in the bundle.
    declared
        Facts to be written; None where there are none.
    versions
        Those to be added, in this order.
    aliases
        Aliases to be set, each with the identity of the version it names.
    told
        What is left out, if anything.
    """

    name: str
    bundled: str
    action: str
    observed: bool
    declared: Metadata | None = None
    versions: tuple[BundledVersion, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    told: str | None = None


@dataclass(frozen=True)
class Plan:
    """All steps, and what stands against them."""

    steps: tuple[Step, ...]
    conflicts: tuple[Conflict, ...]
    titles: tuple[BundledTitle, ...]
    retitled: bool = False

    @property
    def changes(self) -> bool:
        """Whether any row would be written."""
        return self.retitled or any(s.declared is not None or s.versions or s.aliases for s in self.steps)


def renamed(manifest: Manifest, rename: Mapping[str, str]) -> tuple[Manifest, dict[str, str]]:
    """The manifest under other names, and what each was called in it.

    Raises
    ------
    InputError
        If a name is not in the bundle, cannot name a generator, or is given twice.
    """
    there = {g.name for g in manifest.generators}
    unknown = sorted(set(rename) - there)
    if unknown:
        raise InputError(f"The bundle holds no generator '{shown(unknown[0])}'.", "See what it holds by --dry-run.")
    new = {old: check_name(name) for old, name in rename.items()}
    names = {name: new.get(name, name) for name in there}
    twice = sorted(n for n in names.values() if list(names.values()).count(n) > 1)
    if twice:
        raise InputError(f"Two generators would be called '{shown(twice[0])}'.", "Give each its own name.")
    generators = tuple(
        replace(g, name=names[g.name], declared=replace(g.declared, parents=_parents(g.declared, new)))
        for g in manifest.generators
    )
    titles = tuple(replace(t, members=tuple(names.get(m, m) for m in t.members)) for t in manifest.titles)
    made = Manifest(manifest.denoiser, generators, titles)
    return made, {names[name]: name for name in there}


def _parents(declared: Metadata, new: Mapping[str, str]) -> tuple[DeclaredParent, ...]:
    return tuple(replace(p, name=new.get(p.name, p.name)) for p in declared.parents)


def plan(tx: Transaction, manifest: Manifest, rename: Mapping[str, str], skip_existing: bool) -> Plan:
    """What importing ``manifest`` would do.

    Parameters
    ----------
    rename
        New names by those in the bundle.
    skip_existing
        Leave every generator alone whose name is taken.
    """
    manifest, before = renamed(manifest, rename)
    steps, conflicts = [], []
    for bundled in manifest.generators:
        record = tx.generator(bundled.name)
        step, against = _step(tx, bundled, record, before[bundled.name], skip_existing)
        steps.append(step)
        conflicts += against
    families = tx.families()
    return Plan(tuple(steps), tuple(conflicts), manifest.titles, titled(families, manifest.titles) != families)


def yielding(plan: Plan) -> Plan:
    """``plan`` with every generator left alone that it contradicts."""
    against: dict[str, str] = {}
    for c in plan.conflicts:
        against.setdefault(c.generator, f"{c.fact}: {c.text}")
    steps = (
        Step(s.name, s.bundled, SKIPPED, s.observed, told=against[s.name]) if s.name in against else s
        for s in plan.steps
    )
    return replace(plan, steps=tuple(steps), conflicts=())


def titled(families: Sequence[FamilyRecord], titles: Sequence[BundledTitle]) -> list[FamilyRecord]:
    """``families``, those without a title under the one that most of their members, two or more, have in a bundle."""
    out = list(families)
    for given in titles:
        shared = [len(set(given.members).intersection(f.members)) for f in out]
        best = max(range(len(out)), key=lambda k: shared[k], default=None)
        if best is not None and shared[best] > 1 and out[best].title is None:
            out[best] = replace(out[best], title=given.title)
    return out


def _step(
    tx: Transaction, bundled: BundledGenerator, record: GeneratorRecord | None, was: str, skip_existing: bool
) -> tuple[Step, list[Conflict]]:
    step = Step(bundled.name, was, NEW, bundled.observed)
    identities = {v.number: v.identity for v in bundled.versions}
    aliases = {alias: identities[number] for alias, number in bundled.aliases.items()}
    if record is None:
        return replace(step, declared=bundled.declared, versions=bundled.versions, aliases=aliases), []
    if skip_existing:
        return replace(step, action=SKIPPED, told="its name is taken"), []
    declared, conflicts = _facts(bundled, record)
    versions = bundled.versions
    told = None
    if record.observed and bundled.observed:
        mine = tx.versions(record.name)
        found = _following(mine, versions)
        if found is None:
            text = "other images here than in the bundle" if not _shared(mine, versions) else "both went on apart"
            conflicts.append(Conflict(record.name, "versions", text))
            return replace(step, action=EXTENDED), conflicts
        known = {v.identity for v in mine} | {v.identity for v in found}
        left = len({v.identity for v in versions} - known)
        told = f"{left} older left out" if left else None
        versions = found
        numbers = {v.number: v.identity for v in mine}
        for alias, number in record.aliases.items():
            if aliases.get(alias) == numbers.get(number):
                aliases.pop(alias, None)
            elif alias in aliases:
                conflicts.append(
                    Conflict(record.name, f"alias {alias}", f"version {number} here, another in the bundle")
                )
        aliases = {alias: identity for alias, identity in aliases.items() if identity in known}
    action = EXTENDED if declared is not None or versions or aliases else UNCHANGED
    return replace(step, action=action, declared=declared, versions=versions, aliases=aliases, told=told), conflicts


def _shared(mine: Sequence[VersionRecord], theirs: Sequence[BundledVersion]) -> bool:
    return bool({v.identity for v in mine} & {v.identity for v in theirs})


def _following(mine: Sequence[VersionRecord], theirs: Sequence[BundledVersion]) -> tuple[BundledVersion, ...] | None:
    """Those of ``theirs`` that come after the latest of ``mine``; None where neither history goes on from the other."""
    here, there = [v.identity for v in mine], [v.identity for v in theirs]
    if there[: len(here)] == here:
        return tuple(theirs[len(here) :])
    if set(there) <= set(here):
        return ()
    if here[-1] in there:
        return tuple(theirs[len(there) - there[::-1].index(here[-1]) :])
    return None


def _facts(bundled: BundledGenerator, record: GeneratorRecord) -> tuple[Metadata | None, list[Conflict]]:
    """Facts the bundle adds to those on record (None: none), and those that contradict them."""
    mine, theirs = {f: getattr(record, f) for f in FACTS}, {f: getattr(bundled.declared, f) for f in FACTS}
    pairs = [(f.replace("_", "-"), mine[f], theirs[f]) for f in FACTS]
    pairs += [(f"tag {k}", record.tags.get(k), v) for k, v in bundled.declared.tags.items()]
    told = _told_parents(record.parents), _told_parents(bundled.declared.parents)
    pairs.append(("parents", *told))
    conflicts = [
        Conflict(record.name, fact, f"{_value(here)} here, {_value(there)} in the bundle")
        for fact, here, there in pairs
        if here is not None and there is not None and here != there
    ]
    if conflicts:
        return None, conflicts
    added = Metadata(
        **{f: theirs[f] for f in FACTS if mine[f] is None},
        parents=bundled.declared.parents if told[0] is None else (),
        tags={k: v for k, v in bundled.declared.tags.items() if k not in record.tags},
    )
    try:
        parents = tuple(DeclaredParent(p.name, p.relation) for p in record.parents) or added.parents
        replace(added, **{f: v for f, v in mine.items() if v is not None}, parents=parents)
    except InputError as error:
        return None, [Conflict(record.name, "facts", error.message.rstrip("."))]
    comes = bundled.observed and not record.observed
    return (added if comes or added != Metadata() else None), []


def _told_parents(parents: Sequence[object]) -> str | None:
    """Parents as text, so that they can be compared and shown."""
    told = sorted(f"{getattr(p, 'name', '')} ({getattr(p, 'relation', '')})" for p in parents)
    return ", ".join(told) or None


def _value(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
