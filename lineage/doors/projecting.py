"""The lineage graph in a store that answers Cypher: brought to the catalogue's state, and how far behind it is."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from difreg.errors import DifregError, NotFoundError, StorageError
from difreg.lineage import answers as a
from difreg.lineage import graph
from difreg.lineage.doors.home import Home
from difreg.names import shown
from difreg.storage.graphs import EMBEDDED, GraphStore, Status, Synced, open_store

if TYPE_CHECKING:
    import networkx as nx

IDENTITY = "registry"  # the setting that holds the registry's id


class Projecting(Home):
    """Verbs on the projection."""

    def graph_sync(self, *, rebuild: bool = False, dry_run: bool = False) -> a.GraphSynced:
        """Bring the graph store that ``DIFREG_GRAPH_URL`` names to the catalogue's state.

        Parameters
        ----------
        rebuild
            Take everything of this registry out of the store first, and send all of it again.
        dry_run
            Only ask the store what it has, and say what would be sent and removed.

        Raises
        ------
        StorageError
            If the server cannot be reached or stops the sync; what was sent is kept, and the next sync goes on.
        """
        if dry_run:
            return self._planned(rebuild)
        store = self._graph_store()
        with self._catalog.read() as tx:
            provenance, digest, made = self._provenance(tx), tx.digest(), graph.build(tx)
        if rebuild:
            import networkx as nx

            store.sync(nx.MultiDiGraph(), "0", self._progress)
        return _synced(provenance, store, made, store.sync(made, digest, self._progress))

    def _planned(self, rebuild: bool) -> a.GraphSynced:
        """What a sync would do."""
        if self.settings.graph_url != EMBEDDED:
            self._must_exist()
        with self._catalog.read() as tx:
            provenance, digest, made, known = self._provenance(tx), tx.digest(), graph.build(tx), tx.setting(IDENTITY)
        with self._unnamed_store(known) as store:
            planned = store.plan(made, digest, anew=rebuild)
            return replace(_synced(provenance, store, made, planned), dry_run=True)

    def graph_status(self) -> a.GraphStatus:
        """What the graph store holds, and how far behind the catalogue it is; nothing is changed."""
        problem = None
        with self._catalog.read() as tx:
            provenance, digest, known = self._provenance(tx), tx.digest(), tx.setting(IDENTITY)
            with self._unnamed_store(known) as store:
                try:
                    held = store.status()
                except StorageError as error:
                    problem = f"{error.message} {error.hint}"
                    held = Status(*store.where)
            late = None if held.synced is None else sum(change.time > held.synced for change in tx.changes())
        current = held.digest == digest
        return a.GraphStatus(
            provenance,
            store=held.kind,
            place=held.place,
            reachable=problem is None,
            problem=problem,
            registry=known,
            digest=held.digest,
            current=current,
            changes=0 if current else late,
            nodes=held.nodes,
            edges=held.edges,
            synced=held.synced,
        )

    def _follow(self) -> a.GraphFollowed | None:
        """Bring a server's graph up to date after a change; its being down is told, and is no reason to fail."""
        if self.settings.graph_url == EMBEDDED:
            return None
        try:
            self.graph_sync()
        except DifregError as error:
            return a.GraphFollowed(False, f"{error.message} {error.hint}".strip())
        return a.GraphFollowed(True, None)

    def _current_store(self) -> tuple[GraphStore, a.Provenance]:
        """The store, holding the catalogue's state, and what an answer from it rests on."""
        with self._catalog.read() as tx:
            exists = self.settings.graph_url == EMBEDDED or tx.setting(IDENTITY) or self._catalog.exists()
            provenance, digest = self._provenance(tx), tx.digest()
        if not exists:  # nothing is asked of a server about a registry that is not there
            from difreg.storage.graphs.embedded import EmbeddedStore

            return EmbeddedStore(self.settings.home), provenance
        store = self._graph_store()
        if not store.holds(digest):
            with self._catalog.read() as tx:
                provenance, digest, made = self._provenance(tx), tx.digest(), graph.build(tx)
            store.sync(made, digest)
        return store, provenance

    @contextmanager
    def _unnamed_store(self, known: str | None) -> Iterator[GraphStore]:
        """The store, to be asked what it holds; a registry that has no ``known`` id is given none by that."""
        store = self._store or open_store(self.settings, known or "none-yet")
        try:
            yield store
        finally:
            if store is not self._store:
                store.close()

    def _graph_store(self) -> GraphStore:
        if self._store is None:
            known = "" if self.settings.graph_url == EMBEDDED else self._identity()
            self._store = open_store(self.settings, known)
        return self._store

    def _identity(self) -> str:
        """The id that tells this registry from others in one database, made when it is first needed.

        It lies in the catalogue, so that it moves, and is copied, with it.
        """
        with self._catalog.read() as tx:
            known = tx.setting(IDENTITY)
        if known:
            return known
        self._must_exist()
        with self._writing() as tx:
            known = tx.setting(IDENTITY) or secrets.token_hex(8)
            tx.set_setting(IDENTITY, known)
        return known

    def _must_exist(self) -> None:
        if not self._catalog.exists():
            home = shown(str(self.settings.home))
            raise NotFoundError(f"There is no registry at {home}.", "Make one: difreg add NAME IMAGES...")


def _synced(provenance: a.Provenance, store: GraphStore, made: nx.MultiDiGraph[str], sent: Synced) -> a.GraphSynced:
    kind, place = store.where
    return a.GraphSynced(
        provenance,
        store=kind,
        place=place,
        nodes=made.number_of_nodes(),
        edges=made.number_of_edges(),
        sent_nodes=sent.nodes,
        sent_edges=sent.edges,
        removed_nodes=sent.stale_nodes,
        removed_edges=sent.stale_edges,
    )
