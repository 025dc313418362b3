"""Finding what a user named, and naming it: references, aliases, tags, renaming, removal for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from difreg.errors import DifregError, InputError, NotFoundError
from difreg.lineage import answers as a
from difreg.lineage.keeping import history, registering
from difreg.lineage.keeping.members import Members
from difreg.names import check_name, shown
from difreg.registry import references
from difreg.registry.profiles import Profile
from difreg.registry.references import Reference
from difreg.storage.blob_places import Blobs
from difreg.storage.catalog import Transaction
from difreg.storage.records import GeneratorRecord, VersionRecord, WeightsRecord


def unknown(name: str, tx: Transaction) -> NotFoundError:
    """The error for a generator that does not exist, with those it may have been meant for."""
    ids = {line.generator_id for line in tx.changes(name)} - {None}
    generators = tx.generators()
    now = next((shown(g.name) for g in generators if g.id in ids), None)
    hint = f"It is called {now} now." if now else meant(name, (g.name for g in generators), "See `difreg list`.")
    return NotFoundError(f"No generator is called '{shown(name)}'.", hint)


def meant(name: str, known: Iterable[str], otherwise: str) -> str:
    """A hint that offers the nearest of what is ``known``, or what to do ``otherwise``."""
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), 3)
    return f"Did you mean {' or '.join(shown(c) for c in close)}?" if close else otherwise


def find(tx: Transaction, text: str) -> tuple[GeneratorRecord, Reference]:
    """The generator that a reference names, and the reference.

    Raises
    ------
    InputError, NotFoundError
        If it is no reference, or there is no such generator.
    """
    try:
        ref = references.parse(text)
    except InputError as error:
        if not set(text) & set(":@"):  # what can be no name is no generator's
            raise unknown(text, tx) from error
        raise
    record = tx.generator(ref.name)
    if record is None:
        raise unknown(ref.name, tx)
    return record, ref


def number_of(record: GeneratorRecord, ref: Reference, numbers: Sequence[int]) -> int:
    """Which of the versions ``numbers``, oldest first, a reference means.

    Raises
    ------
    NotFoundError
        If there is none such.
    """
    told = shown(record.name)
    if not numbers:
        raise NotFoundError(f"'{told}' is declared and has no images.", f"Register some: difreg add {told} IMAGES...")
    if ref.alias is not None:
        if ref.alias not in record.aliases:
            make = f"Make it: difreg alias {told}:{numbers[-1]} {shown(ref.alias)}"
            raise NotFoundError(f"'{told}' has no alias '{shown(ref.alias)}'.", meant(ref.alias, record.aliases, make))
        return record.aliases[ref.alias]
    if ref.number is None:
        return numbers[-1]
    if ref.number not in numbers:
        known = f"It has version{'s' if len(numbers) > 1 else ''} {_span(numbers)}."
        raise NotFoundError(f"'{told}' has no version {ref.number}.", known)
    return ref.number


def _span(numbers: Sequence[int]) -> str:
    return f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else str(numbers[0])


def version_of(tx: Transaction, text: str) -> VersionRecord:
    """The version that a reference means; of a bare name the latest."""
    record, ref = find(tx, text)
    versions = {v.number: v for v in tx.versions(record.name)} if record.observed else {}
    return versions[number_of(record, ref, list(versions))]


def whole(tx: Transaction, text: str, *, removed: bool = False) -> GeneratorRecord:
    """The generator of a name where one version cannot be meant; ``removed`` finds those that were taken out too.

    Raises
    ------
    InputError, NotFoundError
        If it names a version, or there is no such generator.
    """
    if removed and (gone := tx.recorded(text)) is not None:
        return gone
    record, ref = find(tx, text)
    if not ref.whole:
        told = shown(record.name)
        raise InputError(f"'{shown(text)}' names one version; this is about {told} as a whole.", f"Write {told}.")
    return record


def operand(tx: Transaction, what: str, members: Members, read: Callable[[str], Profile]) -> Profile:
    """A side of a comparison: a reference to a version, or else images that ``read`` makes a profile of."""
    try:
        record, ref = find(tx, what)
    except DifregError as error:
        if Path(what).exists():
            return read(what)
        raise NotFoundError(
            f"'{shown(what)}' is neither a generator nor a folder or .sketch file.", f"{error.message} {error.hint}"
        ) from error
    if not record.observed and Path(what).exists():
        return read(what)
    version = version_of(tx, what)
    if not version.images:
        raise InputError(f"'{shown(what)}' was imported without images; nothing can be compared.", "See `detect`.")
    made = members.get(version)
    return made if ref.whole else replace(made, name=f"{record.name}:{version.number}")


def weights_of(tx: Transaction, what: str) -> WeightsRecord | None:
    """The weights on record of a side of a comparison; None where it is no version, or has none."""
    try:
        return tx.weights(version_of(tx, what).id)
    except DifregError:
        return None


def set_alias(tx: Transaction, text: str, alias: str) -> tuple[str, int, int | None]:
    """Let ``alias`` name the version a reference means; the generator, the version, and the one it named before."""
    alias = references.check_alias(alias)
    version = version_of(tx, text)
    before = tx.set_alias(version.generator, alias, version.number)
    if before != version.number:
        told = f"{alias}: version {version.number}" + (f", was {before}" if before else "")
        tx.log("alias", version.generator, told, {f"alias:{alias}": [before, version.number]})
    return version.generator, version.number, before


def drop_alias(tx: Transaction, name: str, alias: str) -> int:
    """Take an alias away; the version it named.

    Raises
    ------
    NotFoundError
        If there is no such alias.
    """
    record = whole(tx, name, removed=True)
    if alias not in record.aliases:
        hint = meant(alias, record.aliases, "`difreg show NAME` tells the aliases there are.")
        raise NotFoundError(f"'{shown(record.name)}' has no alias '{shown(alias)}'.", hint)
    tx.set_alias(record.name, alias, None)
    number = record.aliases[alias]
    tx.log("alias", record.name, f"{alias}: removed, was version {number}", {f"alias:{alias}": [number, None]})
    return number


def set_tags(tx: Transaction, name: str, tags: Mapping[str, str], without: Sequence[str]) -> GeneratorRecord:
    """Give and take tags; the generator as it is then."""
    record = whole(tx, name)
    missing = sorted(set(without) - set(record.tags))
    if missing:
        hint = meant(missing[0], record.tags, f"`difreg show {shown(record.name)}` tells the tags there are.")
        raise NotFoundError(f"'{shown(record.name)}' has no tag '{shown(missing[0])}'.", hint)
    tx.set_tags(record.name, tags, without)
    history.log_facts(tx, "tag", record, record.name)
    return tx.recorded(record.name) or record


def rename(tx: Transaction, old: str, new: str) -> list[str]:
    """Rename a generator; its children, which now declare it by its new name.

    Raises
    ------
    InputError
        If the new name is taken. A stub that nothing but its children knows gives its name, and them, to ``old``.
    """
    record, new = whole(tx, old), check_name(new)
    if new == record.name:
        raise InputError(f"'{shown(new)}' is its name already.", "Give another.")
    taken = tx.recorded(new)
    if taken is not None:
        _make_way(tx, record, taken)
    children = tx.children(record.name)
    before = {child: tx.recorded(child) for child in children}
    tx.rename(record.name, new)
    history.log_facts(tx, "rename", record, new, f"{record.name} is now {new}")
    for child in children:
        history.log_facts(tx, "rename", before[child], child)
    return tx.children(new)


def _make_way(tx: Transaction, record: GeneratorRecord, taken: GeneratorRecord) -> None:
    """Take a bare stub out of the way of a generator that is the one it stood for, or refuse."""
    told = shown(taken.name)
    bare = history.facts(replace(taken, name="", family=None, observed=False, removed=False))
    empty = not tx.versions(taken.name) and set(bare) <= {"name", "observed", "removed"}
    if not empty or taken.name in {p.name for p in record.parents}:
        hint = f"Give another name, or forget that one: difreg remove {told} --purge."
        raise InputError(f"'{told}' is {'a removed generator' if taken.removed else 'another generator'}.", hint)
    tx.forget(taken.name)


@dataclass(frozen=True)
class Removal:
    """What a removal would do: to how many versions, to which arrays, and whether a stub stays behind."""

    record: GeneratorRecord
    versions: int
    stub: bool
    arrays: frozenset[str] = frozenset()


def plan_removal(tx: Transaction, name: str, purge: bool) -> Removal:
    """What removing ``name`` would do.

    Raises
    ------
    NotFoundError
        If there is no such generator; one that was removed already can still be purged.
    InputError
        If it is to be purged and something points to it.
    """
    record = whole(tx, name, removed=purge)
    if not purge and not record.observed:
        raise unknown(record.name, tx)
    children, versions = tx.children(record.name), tx.versions(record.name)
    if not purge:
        return Removal(record, len(versions), bool(children) or _needed(tx, record.name))
    told = shown(record.name)
    if children:
        raise InputError(
            f"'{told}' is the declared parent of {_list(children)}.", f"Without --purge, '{told}' stays as a stub."
        )
    if record.aliases:
        alias, number = min(record.aliases.items())
        raise InputError(
            f"The alias '{shown(alias)}' names version {number} of '{told}'.",
            f"Remove it first: difreg alias --remove {told} {shown(alias)}.",
        )
    return Removal(record, len(versions), False, frozenset(tx.own_arrays(record.name)))


def _list(names: Sequence[str], most: int = 3) -> str:
    told = ", ".join(shown(n) for n in names[:most])
    return told + (f" and {len(names) - most} more" if len(names) > most else "")


def _needed(tx: Transaction, name: str) -> bool:
    return any(p.name == name for g in tx.generators() if g.name != name for p in g.parents)


def remove(tx: Transaction, plan: Removal, purge: bool) -> None:
    """Do what was planned; the arrays of a purge are deleted afterwards, by :func:`sweep`."""
    name, families = plan.record.name, tx.families()
    parents = {p.name: tx.recorded(p.name) for p in plan.record.parents}
    if purge:
        tx.forget(name)
        count = len(plan.arrays)
        tx.log("remove", name, f"purged: {plan.versions} versions and {count} arrays are gone for good")
    else:
        tx.remove(name)
        history.log_facts(tx, "remove", plan.record, name, f"{plan.versions} versions")
    history.log_relatives(tx, "remove", parents)
    left = [replace(f, members=tuple(m for m in f.members if m != name)) for f in families]
    registering.refresh_families(tx, "remove", left)


def removed(plan: Removal, purge: bool, dry_run: bool, provenance: a.Provenance) -> a.Removed:
    """What was, or would be, done."""
    return a.Removed(
        provenance,
        generator=plan.record.name,
        versions=plan.versions,
        stub=plan.stub,
        purge=purge,
        arrays=len(plan.arrays),
        dry_run=dry_run,
    )


def sweep(tx: Transaction, blobs: Blobs, digests: Iterable[str]) -> None:
    """Delete the arrays no version needs, in a write of its own after the rows are gone for good.

    While it lasts nobody can add a version that would need one of them again; a process killed before it leaves
    arrays without a version, which harm nothing.
    """
    for digest in sorted(tx.unused(digests)):
        blobs.delete(digest)
