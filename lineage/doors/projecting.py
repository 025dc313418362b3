"""The lineage graph in a store that answers Cypher: brought to the catalogue's state, and how far behind it is."""

from __future__ import annotations

import secrets

from difreg.errors import DifregError, NotFoundError, StorageError
from difreg.lineage import answers as a
from difreg.lineage import graph
from difreg.lineage.doors.home import Home
from difreg.names import shown
from difreg.storage.graphs import EMBEDDED, GraphStore, Status, open_store

IDENTITY = "registry"  # the setting that holds the registry's id


class Projecting(Home):
    """Verbs on the projection."""

    def graph_sync(self, *, rebuild: bool = False) -> a.GraphSynced:
        """Bring the graph store that ``DIFREG_GRAPH_URL`` names to the catalogue's state.

        Parameters
        ----------
        rebuild
            Take everything of this registry out of the store first, and send all of it again.

        Raises
        ------
        StorageError
            If the server cannot be reached or stops the sync; what was sent is kept, and the next sync goes on.
        """
        store = self._graph_store()
        with self._catalog.read() as tx:
            provenance, digest, made = self._provenance(tx), tx.digest(), graph.build(tx)
        if rebuild:
            import networkx as nx

            store.sync(nx.MultiDiGraph(), "0", self._progress)
        sent = store.sync(made, digest, self._progress)
        held = store.status()
        return a.GraphSynced(
            provenance,
            store=held.kind,
            place=held.place,
            nodes=made.number_of_nodes(),
            edges=made.number_of_edges(),
            sent_nodes=sent.nodes,
            sent_edges=sent.edges,
            removed_nodes=sent.stale_nodes,
            removed_edges=sent.stale_edges,
        )

    def graph_status(self) -> a.GraphStatus:
        """What the graph store holds, and how far behind the catalogue it is; nothing is changed."""
        problem = None
        with self._catalog.read() as tx:
            provenance, digest, known = self._provenance(tx), tx.digest(), tx.setting(IDENTITY)
            store = self._store or open_store(self.settings, known or "none-yet")
            try:
                held = store.status()
            except StorageError as error:
                problem = f"{error.message} {error.hint}"
                kind, place = store.where
                held = Status(kind, place)
            finally:
                if store is not self._store:
                    store.close()
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
        if not self._catalog.exists():
            home = shown(str(self.settings.home))
            raise NotFoundError(f"There is no registry at {home}.", "Make one: difreg add NAME IMAGES...")
        with self._writing() as tx:
            known = tx.setting(IDENTITY) or secrets.token_hex(8)
            tx.set_setting(IDENTITY, known)
        return known
