"""A bundle's way into a registry: decided whole by reading, then all arrays written, then all rows at once.

Scores and families come from the arrays by the registry's own background, like those of an ``add``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from difreg.errors import IncompatibleError, InputError
from difreg.lineage import answers as a
from difreg.lineage.bundles import plan as bundle_plan
from difreg.lineage.bundles.bundle import Bundle, read
from difreg.lineage.bundles.container import BundleFile
from difreg.lineage.bundles.plan import Plan, Step
from difreg.lineage.keeping import registering, scoring
from difreg.lineage.keeping.members import Members
from difreg.names import shown
from difreg.storage.blob_places import Blobs
from difreg.storage.blobs import loads
from difreg.storage.catalog import Transaction

_TOLD = 3  # conflicts named in an error


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """The bundle in a file, checked."""
    with BundleFile(path) as file:
        yield read(file)


@dataclass(frozen=True)
class Choice:
    """What the user asks for; ``yielding`` leaves alone what the bundle contradicts, and imports the rest."""

    file: str
    rename: Mapping[str, str] = field(default_factory=dict)
    skip_existing: bool = False
    dry_run: bool = False
    yielding: bool = False


@dataclass(frozen=True)
class Intent:
    """What is to be done: the plan, and the arrays that are missing or damaged here and that the bundle holds."""

    plan: Plan
    restored: tuple[str, ...]
    worth_writing: bool


def intend(tx: Transaction, blobs: Blobs, bundle: Bundle, choice: Choice, denoiser: str | None) -> Intent:
    """Decide by reading alone.

    Parameters
    ----------
    denoiser
        The registry's; None where nothing settled it.

    Raises
    ------
    InputError, IncompatibleError
        If the bundle is of another denoiser or, unless this is a dry run, contradicts the registry.
    """
    check_denoiser(bundle, denoiser)
    plan = bundle_plan.plan(tx, bundle.manifest, choice.rename, choice.skip_existing)
    if choice.yielding:
        plan = bundle_plan.yielding(plan)
    if not choice.dry_run:
        refuse_conflicts(plan)
    restored = tuple(sorted(d for d in bundle.file.digests & tx.needed_digests() if not blobs.verify(d)))
    return Intent(plan, restored, not choice.dry_run and (plan.changes or bool(restored)))


def check_denoiser(bundle: Bundle, denoiser: str | None) -> None:
    """Refuse a bundle of another denoiser than the registry's, which is None where nothing settled it.

    Raises
    ------
    IncompatibleError
        If they differ.
    """
    theirs = bundle.manifest.denoiser
    if denoiser is not None and theirs != denoiser:
        raise IncompatibleError(
            f"{bundle.file.told} is of the denoiser {shown(theirs, 40)}, this registry of {denoiser}.",
            "Scores of two never mix; import it into a registry of its own: difreg --home DIR import FILE.",
        )


def refuse_conflicts(plan: Plan) -> None:
    """Stop where anything in the bundle contradicts the registry.

    Raises
    ------
    InputError
        Naming the first conflicts.
    """
    if not plan.conflicts:
        return
    told = "; ".join(f"'{shown(c.generator)}' {c.fact}: {shown(c.text)}" for c in plan.conflicts[:_TOLD])
    more = f"; and {len(plan.conflicts) - _TOLD} more (see --dry-run)" if len(plan.conflicts) > _TOLD else ""
    name = shown(plan.conflicts[0].generator)
    raise InputError(
        f"Nothing was imported, the bundle contradicts this registry. {told}{more}.",
        f"Give it another name, --rename {name}=NEW, or leave alone what is here: --skip-existing.",
    )


def put_arrays(bundle: Bundle, blobs: Blobs, digests: Collection[str]) -> None:
    """Write arrays of the bundle under the digests they have in it."""
    for digest in sorted(set(digests)):
        if blobs.put(*loads(bundle.file.blob(digest))) != digest:
            raise bundle.file.damaged(f"the array {digest[:12]} changed while it was read")


def store(tx: Transaction, members: Members, intent: Intent, bundle: Bundle) -> None:
    """Write what was planned: the arrays, then the rows, then the scores that follow from them."""
    plan = intent.plan
    put_arrays(bundle, members.blobs, [*intent.restored, *(v.digest for s in plan.steps for v in s.versions)])
    for step in plan.steps:
        if step.declared is not None:
            registering.declare(tx, step.name, step.declared, "import", observed=step.observed)
    for step in plan.steps:
        numbers = _add(tx, step, bundle)
        _set_aliases(tx, step)
        if numbers:
            told = f"version {numbers[0]}" if len(numbers) == 1 else f"versions {numbers[0]} to {numbers[-1]}"
            tx.log("import", step.name, f"{told}, from a bundle")
    latest = [v for s in plan.steps if s.versions and (v := tx.latest(s.name)) is not None]
    for version in sorted(latest, key=lambda v: (v.created, v.generator)):
        if version.images:
            scoring.score(tx, members, members.get(version), "import")
        elif version.denoiser == members.background.denoiser:
            scoring.score_foreign(tx, members, members.get(version))
    _give_titles(tx, plan)


def _add(tx: Transaction, step: Step, bundle: Bundle) -> list[int]:
    """Add the versions of one step; their numbers here."""
    return [tx.add_version(step.name, bundle.made[v.digest, v.identity]).number for v in step.versions]


def _set_aliases(tx: Transaction, step: Step) -> None:
    numbers = {v.identity: v.number for v in tx.versions(step.name)} if step.aliases else {}
    for alias, identity in step.aliases.items():
        before = tx.set_alias(step.name, alias, numbers[identity])
        told = f"{alias}: version {numbers[identity]}"
        tx.log("import", step.name, told, {f"alias:{alias}": [before, numbers[identity]]})


def _give_titles(tx: Transaction, plan: Plan) -> None:
    before = tx.families()
    after = bundle_plan.titled(before, plan.titles)
    if after != before:
        tx.set_families(after)
        for was, now in zip(before, after, strict=True):
            if was != now:
                tx.log("import", now.name, f"title: {now.title}")


def answer(intent: Intent, choice: Choice, provenance: a.Provenance) -> a.Imported:
    """What was, or would be, done."""
    plan = intent.plan
    rows = (a.ImportedGenerator(s.name, s.bundled, s.action, len(s.versions), s.told) for s in plan.steps)
    conflicts = (a.Conflict(c.generator, c.fact, c.text) for c in plan.conflicts)
    return a.Imported(
        provenance,
        file=choice.file,
        dry_run=choice.dry_run,
        generators=tuple(rows),
        conflicts=tuple(conflicts),
        restored=intent.restored,
    )
