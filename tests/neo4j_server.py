"""The Neo4j that tests may use, and a part of it that is a test's own."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Thread
from urllib.parse import urlsplit

import pytest

from difreg.storage.graphs.neo4j_connection import Place, connect
from difreg.storage.graphs.neo4j_store import Neo4jStore


def server() -> Place:
    """The server that ``DIFREG_TEST_NEO4J_URL``, ``_USER`` and ``_PASSWORD`` name; without one the test skips."""
    url = os.environ.get("DIFREG_TEST_NEO4J_URL")
    if not url:
        pytest.skip("DIFREG_TEST_NEO4J_URL names no Neo4j server")
    return Place(
        url, None, os.environ.get("DIFREG_TEST_NEO4J_USER", "neo4j"), os.environ.get("DIFREG_TEST_NEO4J_PASSWORD")
    )


@contextmanager
def fresh(where: Place | None = None) -> Iterator[Neo4jStore]:
    """A store for a registry of its own, of which nothing is left afterwards."""
    where = where or server()
    registry = f"test-{secrets.token_hex(8)}"
    store = Neo4jStore(where, registry)
    try:
        yield store
    finally:
        store.close()
        forget(where, registry)


def forget(where: Place, registry: str) -> None:
    """Take everything of a registry out of the server."""
    with connect(where) as driver:
        driver.execute_query("MATCH (n {registry: $registry}) DETACH DELETE n", registry=registry)
        driver.execute_query("MATCH (n:DifregRegistry {of: $registry}) DELETE n", registry=registry)


class Line:
    """A line to the server that can be cut: it passes bytes on between a port of its own and the server's."""

    def __init__(self, where: Place) -> None:
        parts = urlsplit(where.url)
        self._server = (parts.hostname or "", parts.port or 7687)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.where = replace(where, url=f"bolt://127.0.0.1:{self._listening.getsockname()[1]}")
        Thread(target=self._take, daemon=True).start()

    def cut(self) -> None:
        """End every connection; new ones are taken."""
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Cut, for good."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(self._server)
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    Thread(target=_pass, args=(one, other), daemon=True).start()


def _pass(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
