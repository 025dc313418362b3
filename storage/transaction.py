"""What can be asked of and written to the catalogue inside one transaction.

The methods are grouped by what they are about: generators and their declared facts, versions, names, derived results,
history.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import delete, func, insert, select, update

from difreg.storage import tables as t
from difreg.storage.declared import unknown
from difreg.storage.derived import Derived
from difreg.storage.history import History
from difreg.storage.inspection import Inspection
from difreg.storage.naming import Naming
from difreg.storage.state import State


class Transaction(Naming, Inspection, Derived, History, State):
    """One transaction on the catalogue; :meth:`Catalog.read` and :meth:`Catalog.write` give it."""

    def remove(self, name: str) -> tuple[int, bool]:
        """Take a generator out; its versions stay on record and its name can be used again.

        Returns
        -------
        The number of versions it has, and whether it stays in the lineage as a declared parent (a stub).

        Raises
        ------
        NotFoundError
            If there is no such generator.
        """
        known = self.generator(name)
        if known is None:
            raise unknown(name)
        self.replace_kinship(name, ())
        self.replace_cross(name, ())
        gone = update(t.generator).where(t.generator.c.id == known.id)
        self._execute(gone.values(removed=datetime.now(UTC), family_id=None))
        self._retire({p.name for p in known.parents})
        count = select(func.count()).where(t.version.c.generator_id == known.id)
        return self._execute(count).scalar_one(), self.generator(name) is not None

    def setting(self, key: str) -> str | None:
        """A fact about the whole registry, such as its denoiser; None where it was never set."""
        value: str | None = self._execute(select(t.meta.c.value).where(t.meta.c.key == key)).scalar()
        return value

    def set_setting(self, key: str, value: str) -> None:
        """Set a fact about the whole registry."""
        self._execute(delete(t.meta).where(t.meta.c.key == key))
        self._execute(insert(t.meta).values(key=key, value=value))
