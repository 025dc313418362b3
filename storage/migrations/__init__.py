"""Steps from every earlier schema of the catalogue to today's, one module a step, written with Alembic's operations.

The schema's number lives in the catalogue's own ``meta`` table, so that an upgraded home and a fresh one are alike.
Only a catalogue of an earlier schema imports this package, and with it Alembic.
"""

from __future__ import annotations

from importlib import import_module

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, update

from difreg.errors import StorageError
from difreg.storage import tables


def upgrade(connection: Connection, found: int) -> None:
    """Bring the catalogue of schema ``found`` to today's, inside the connection's transaction.

    Raises
    ------
    StorageError
        If rows would point at nothing afterwards; the caller's transaction then undoes all of it.
    """
    with Operations.context(MigrationContext.configure(connection)) as operations:
        for number in range(found + 1, tables.SCHEMA + 1):
            import_module(f"{__name__}.to_{number}").upgrade(operations)
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        hint = "The file is damaged: restore it from a copy of the home."
        raise StorageError("The catalogue holds rows that point at nothing and was not upgraded.", hint)
    row = update(tables.meta).where(tables.meta.c.key == "schema")
    connection.execute(row.values(value=str(tables.SCHEMA)))
