"""What changed in the registry and when, as lines people read and as facts that can be undone.

Every line carries the facts it changed, before and after. So what was current at any moment is today's record with the
later lines undone, the newest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from difreg import dates
from difreg.errors import InputError, NotFoundError
from difreg.lineage import answers as a
from difreg.names import shown, some
from difreg.storage.catalog import Transaction
from difreg.storage.history import Line
from difreg.storage.records import FamilyRecord, GeneratorRecord, ParentRecord

State = dict[str, Any]
PLAIN = ("base", "released", "not_before", "source", "certainty", "note", "licence", "url")
_MOVES = frozenset({"moved", "joined", "left"})
SILENT = frozenset({"observed", "removed", "family", "name"})  # the line's own words tell these


def facts(record: GeneratorRecord | None) -> State:
    """What can change about a generator, by the name of the fact; what is not known is absent."""
    if record is None:
        return {}
    plain = {key: getattr(record, key) for key in (*PLAIN, "observed", "removed", "family", "name")}
    many = {f"tag:{k}": v for k, v in record.tags.items()} | {f"alias:{k}": v for k, v in record.aliases.items()}
    parents = [[p.name, p.relation, p.source] for p in record.parents] or None
    return {k: v for k, v in {**plain, **many, "parents": parents}.items() if v is not None}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """{fact: [before, after]} of all that differ."""
    keys = sorted({*before, *after})
    return {k: [before.get(k), after.get(k)] for k in keys if before.get(k) != after.get(k)}


def log_facts(tx: Transaction, verb: str, before: GeneratorRecord | None, name: str, text: str = "") -> None:
    """A line on what ``verb`` changed about ``name`` since its record was ``before``; none where nothing did."""
    changed = difference(facts(before), facts(tx.recorded(name)))
    told = "; ".join(part for part in (text, describe(changed)) if part)
    if told:
        tx.log(verb, name, told, changed)


def log_relatives(tx: Transaction, verb: str, before: Mapping[str, GeneratorRecord | None]) -> None:
    """Lines on stubs that came or went because ``verb`` changed whom somebody declares as a parent."""
    for name, was in before.items():
        now = tx.recorded(name)
        if difference(facts(was), facts(now)):
            gone = now is None or now.removed
            log_facts(tx, verb, was, name, "declared by nobody any more" if gone else "declared as a parent")


def describe(changed: Mapping[str, Sequence[Any]]) -> str:
    """Changed facts in words: ``released 2022-08 -> 2022-09``."""
    parts = [f"{_fact(k)} {_value(old)} -> {_value(new)}" for k, (old, new) in changed.items() if k not in SILENT]
    if changed.get("removed", (False, False))[0]:
        parts.insert(0, "back in the registry")
    elif changed.get("observed") == [False, True]:
        parts.insert(0, "no longer a stub")
    return "; ".join(parts)


def _fact(key: str) -> str:
    return key.replace("_", "-").replace(":", " ", 1)


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(f"{name} ({relation})" for name, relation, _ in value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def log_families(tx: Transaction, verb: str, before: Sequence[FamilyRecord]) -> None:
    """Lines on the families that are new, merged, split or gone since ``before``, and on everyone who moved."""
    after = tx.families()
    was, now = _homes(before), _homes(after)
    lines = []
    for change in family_changes(before, after):
        moved = [was.get(change.subject), now.get(change.subject)]
        lines.append(Line(change.subject, change.text, {"family": moved} if change.code in _MOVES else None))
    tx.log_all(verb, lines)


def family_changes(before: Sequence[FamilyRecord], after: Sequence[FamilyRecord]) -> list[a.Change]:
    """What became of families and members: families that are gone, new ones, then everyone who moved."""
    was, now = _homes(before), _homes(after)
    out = [*_family_changes(before, after, was, now)]
    for name in sorted({*was, *now}):
        old, new = was.get(name), now.get(name)
        if old != new:
            code = "moved" if old and new else "joined" if new else "left"
            told = {"moved": f"moved from {old} to {new}", "joined": f"joined {new}", "left": f"left {old}"}
            out.append(a.Change(code, name, told[code]))
    return out


def _homes(families: Sequence[FamilyRecord]) -> dict[str, str]:
    return {m: f.name for f in families for m in f.members}


def _family_changes(
    before: Sequence[FamilyRecord], after: Sequence[FamilyRecord], was: Mapping[str, str], now: Mapping[str, str]
) -> Iterable[a.Change]:
    kept, known = {f.name for f in after}, {f.name for f in before}
    for f in before:
        if f.name not in kept:
            homes = sorted({now[m] for m in f.members if m in now})
            titled = f"; its title was {f.title}" if f.title else ""
            told = f"merged into {' and '.join(homes)}" if homes else "dissolved"
            yield a.Change("merged" if homes else "dissolved", f.name, told + titled)
    for f in after:
        if f.name not in known:
            origins = sorted({was[m] for m in f.members if was.get(m) in kept})
            told = f"split from {' and '.join(origins)}" if origins else f"new: {some(f.members)}"
            yield a.Change("split" if origins else "new", f.name, told)


def moment(text: str) -> datetime:
    """A day (its end), month or year (likewise), or an ISO time; times without a zone are UTC.

    Raises
    ------
    InputError
        If it is neither.
    """
    try:
        return datetime.combine(dates.parse(text).latest, time.max, UTC)
    except InputError:
        pass
    try:
        made = datetime.fromisoformat(text.strip())
        return (made if made.tzinfo else made.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"'{shown(text, 60)}' is no time.", "Write a day such as 2026-01-01, or a time: 2026-01-01T12:00+00:00."
        ) from error


def as_of(tx: Transaction, record: GeneratorRecord, when: datetime) -> GeneratorRecord:
    """``record`` as it stood at ``when``.

    Raises
    ------
    NotFoundError
        If it was not registered then.
    """
    told = f"'{shown(record.name)}' was not registered at {when:%Y-%m-%d %H:%M} UTC"
    if when < record.created:
        raise NotFoundError(f"{told}.", f"It was first known at {record.created:%Y-%m-%d %H:%M} UTC.")
    state = facts(record)
    for line in reversed(tx.changes(record.name)):
        if line.generator_id == record.id and line.time > when:
            state |= {key: old for key, (old, _) in (line.changed or {}).items()}
    if state.get("removed"):
        raise NotFoundError(f"{told}: it was removed before.", f"See `difreg history {shown(record.name)}`.")
    return _record(record, {k: v for k, v in state.items() if v is not None})


def _record(record: GeneratorRecord, state: State) -> GeneratorRecord:
    released, not_before = state.get("released"), state.get("not_before")
    groups: dict[str, dict[str, Any]] = {"tag": {}, "alias": {}}
    for key, value in state.items():
        kind, mark, label = key.partition(":")
        if mark:
            groups[kind][label] = value
    plain: State = {key: state.get(key) for key in (*PLAIN, "family")}
    return replace(
        record,
        **plain,
        name=state["name"],
        observed=state.get("observed", False),
        removed=False,
        released_latest=dates.parse(released).latest if released else None,
        not_before_earliest=dates.parse(not_before).earliest if not_before else None,
        parents=tuple(ParentRecord(*p) for p in state.get("parents", ())),
        tags=groups["tag"],
        aliases=groups["alias"],
    )


def answer(tx: Transaction, name: str | None, provenance: a.Provenance) -> a.Recorded:
    """The history, of all or of one generator or family by whatever name it has or had.

    Raises
    ------
    NotFoundError
        If nothing of that name was ever there.
    """
    lines = tx.changes(name)
    if name is not None and not lines and tx.recorded(name) is None:
        raise NotFoundError(f"Nothing was ever called '{shown(name)}' here.", "`difreg history` tells all there was.")
    rows = tuple(a.ChangeRow(line.time, line.verb, line.subject, line.text) for line in lines)
    return a.Recorded(provenance, changes=rows)
