"""Questions about the whole catalogue that only an inspection asks."""

from __future__ import annotations

from sqlalchemy import func, select

from difreg.storage import tables as t
from difreg.storage.declared import Base


class Inspection(Base):
    """All that is on record, whether it shows or not."""

    def needed_digests(self) -> set[str]:
        """Digests of all arrays that some version needs, for its fingerprint or its weights."""
        columns = (t.version.c.digest, t.weights.c.digest)
        return {digest for column in columns for digest in self._execute(select(column)).scalars()}

    def recorded_count(self) -> int:
        """How many generators and stubs were ever registered and not forgotten."""
        return int(self._execute(select(func.count()).select_from(t.generator)).scalar_one())

    def halves(self) -> list[str]:
        """Generators that show without their latest version: the last number that was given has no row."""
        g, v = t.generator.c, t.version.c
        joined = t.generator.outerjoin(t.version, (v.generator_id == g.id) & (v.number == g.last_number))
        query = select(g.name).select_from(joined).where(g.observed.is_(True), g.removed.is_(None), v.id.is_(None))
        return sorted(self._execute(query).scalars())

    def faults(self) -> list[str]:
        """What SQLite finds wrong with the file itself; another database looks after itself."""
        if self._connection.dialect.name != "sqlite":
            return []
        told = [str(row[0]) for row in self._connection.exec_driver_sql("PRAGMA quick_check(5)")]
        rows = self._connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
        return [x for x in told if x != "ok"] + [f"a row of {row[0]} points at nothing in {row[2]}" for row in rows]
