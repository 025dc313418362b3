"""A fresh place for a catalogue in every database that can be had here, each test its own."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DATABASES = ("sqlite", "postgres")


@contextmanager
def fresh(database: str, path: Path | None = None) -> Iterator[str]:
    """URL of an empty ``sqlite`` file (``path``, else a temporary one) or ``postgres`` schema, gone afterwards."""
    if database == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{path or Path(folder) / 'catalog.db'}"
        return
    server = os.environ.get("DIFREG_TEST_POSTGRES_URL")
    if not server:
        pytest.skip("DIFREG_TEST_POSTGRES_URL names no PostgreSQL server")
    import psycopg

    schema = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        try:
            yield f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{schema}"
        finally:
            connection.execute("SET client_min_messages = warning")
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
