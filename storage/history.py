"""The registry's history: a line a change, which outlives renaming and removal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, or_, select

from difreg.storage import tables as t
from difreg.storage.declared import Base
from difreg.storage.records import ChangeRecord

Changed = Mapping[str, list[Any]]


@dataclass(frozen=True)
class Line:
    """A line to be added: what it is about, what happened, and the facts it changed as {fact: [before, after]}."""

    subject: str
    text: str
    changed: Changed | None = None


class History(Base):
    """The lines of the history, written and read."""

    def log(self, verb: str, subject: str, text: str, changed: Changed | None = None) -> None:
        """Add a line to the history."""
        self.log_all(verb, [Line(subject, text, changed)])

    def log_all(self, verb: str, lines: Iterable[Line]) -> None:
        """Add lines of one moment; a subject that names a generator stays that one, whatever it is called later."""
        lines = list(lines)
        if not lines:
            return
        g, now = t.generator.c, datetime.now(UTC)
        query = select(g.name, g.id).where(g.name.in_({line.subject for line in lines}))
        ids: dict[str, int] = dict(self._execute(query).all())
        rows = [
            {
                "time": now,
                "verb": verb,
                "subject": line.subject,
                "text": line.text,
                "generator_id": ids.get(line.subject),
                "changed": dict(line.changed) if line.changed else None,
            }
            for line in lines
        ]
        self._execute(insert(t.change), rows)

    def change_subjects(self, prefix: str) -> list[str]:
        """What the history has lines about, of all whose name begins with ``prefix``."""
        subject = t.change.c.subject
        query = select(subject).where(subject.startswith(prefix, autoescape=True)).distinct()
        return [name for (name,) in self._execute(query)]

    def changes(self, subject: str | None = None) -> list[ChangeRecord]:
        """The history, oldest first, of all or of one subject, whatever it was called before."""
        c = t.change.c
        query = select(c.id, c.time, c.verb, c.subject, c.text, c.generator_id, c.changed).order_by(c.id)
        if subject is not None:
            key = self._execute(select(t.generator.c.id).where(t.generator.c.name == subject)).scalar()
            told = c.subject == subject
            mine = told if key is None else or_(told & c.generator_id.is_(None), c.generator_id == key)
            query = query.where(mine)
        return [ChangeRecord(*row) for row in self._execute(query)]
