"""Questions: kinship, families, traces, single images, and the lineage graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from difreg import __version__
from difreg.errors import DifregError, InputError, NotFoundError
from difreg.lineage import answers as a
from difreg.lineage import crossdetection, graph, kinship, tracing, views
from difreg.lineage.ancestry import ancestor_name
from difreg.lineage.caveats import pair_caveats
from difreg.lineage.doors.home import Home, refs, subfolders
from difreg.lineage.keeping import foreign, naming
from difreg.lineage.keeping.population import Population
from difreg.lineage.keeping.recipes import check_area
from difreg.names import shown
from difreg.registry.extraction import ImageSet
from difreg.registry.profiles import Profile, profile_of
from difreg.registry.threads import single_threaded
from difreg.storage.catalog import Transaction

if TYPE_CHECKING:
    import networkx as nx


class Asking(Home):
    """Verbs that ask and change nothing."""

    def families(self) -> a.Families:
        """Who belongs together, and who stands alone."""
        with self._catalog.read() as tx:
            ancestors = {d.parent for d in graph.ancestry(tx) if d.parent_kind == "ancestor"}
            rows = [
                a.FamilyRow(f.name, f.title, f.members, f.support, shared if shared in ancestors else None)
                for f in tx.families()
                for shared in (ancestor_name(f.name),)
            ]
            rows.sort(key=lambda f: (-len(f.members), f.family))
            inside = {m for f in rows for m in f.members}
            alone = tuple(v.generator for v in tx.latest_refs() if v.generator not in inside)
            return a.Families(self._provenance(tx), families=tuple(rows), singletons=alone)

    def compare(self, one: str, two: str, *, seed: int = 0) -> a.Compared:
        """Both orientations of cross-detection, and kinship with its doubt.

        Each side is a generator's name or one of its versions (``NAME:2``, ``NAME@ALIAS``), a folder of images, or a
        sketch file. Images that both sides hold are left out of the second.
        """
        with single_threaded(), self._catalog.read() as tx:
            first, second = self._operand(tx, one), self._operand(tx, two)
            apart = second.without(frozenset(first.contents))
            if apart is None:
                raise InputError(
                    f"'{shown(one)}' and '{shown(two)}' hold the same images.", "Compare sets of different images."
                )
            shared = (
                ()
                if apart is second
                else (
                    a.Caveat(
                        "shared_images", f"{len(second) - len(apart)} images that both sides hold count for neither"
                    ),
                )
            )
            known = kinship.with_doubt(kinship.kinships(first, [apart])[0], first, apart, seed)
            forth, back = (crossdetection.cross_detect(x, y) for x, y in ((first, apart), (apart, first)))
            return a.Compared(
                self._provenance(tx, prior=0.5, threshold=self._threshold, seed=seed),
                a=first.name,
                b=second.name,
                cross_detection=tuple(c for c in (forth, back) if c),
                kinship=views.kin_answer(known, apart),
                verdict=_verdict(known),
                warnings=(*shared, *pair_caveats(first, apart)),
            )

    def trace(
        self,
        images: Sequence[str | Path],
        *,
        exclude: Sequence[str] = (),
        prior: float = 0.5,
        seed: int = 0,
        area: str = "crop",
    ) -> a.Traced:
        """Which family made these images, or none, or too little to say.

        Parameters
        ----------
        exclude
            Generators that are left out of the question.
        prior
            Probability, before looking, that no relative is registered.
        area
            ``crop``, or ``whole``: all complete tiles of 256 pixels of each image.
        """
        check_area(area)
        ask = self._question(exclude, prior, seed)
        found = self._extract(images, area=area)
        more = f" and {len(images) - 1} more" if len(images) > 1 else ""
        return ask(f"{images[0]}{more}", found)

    def trace_each(
        self,
        folder: str | Path,
        *,
        exclude: Sequence[str] = (),
        prior: float = 0.5,
        seed: int = 0,
        area: str = "crop",
    ) -> a.TracedEach:
        """:meth:`trace` for every subfolder; one that fails does not stop the others."""
        check_area(area)
        ask = self._question(exclude, prior, seed)
        done: list[a.Traced] = []
        failed: list[a.Failure] = []
        folders = subfolders(folder)
        for sub, found in zip(folders, self._extract_each(folders, 1, area=area), strict=True):
            if isinstance(found, DifregError):
                failed.append(a.Failure(sub.name, found.message))
            else:
                done.append(ask(str(sub), found))
        with self._catalog.read() as tx:
            provenance = self._provenance(tx, prior=prior, threshold=tracing.DECIDED, seed=seed)
        return a.TracedEach(provenance, traces=tuple(done), failed=tuple(failed))

    def _question(self, exclude: Sequence[str], prior: float, seed: int) -> Callable[[str, ImageSet], a.Traced]:
        """A trace of many sets against one reading of the registry."""
        _check_prior(prior)
        with single_threaded(), self._catalog.read() as tx:
            members = self._traceable(tx, exclude)
            families = {m: f.name for f in tx.families() for m in f.members}
            titles = {f.name: f.title for f in tx.families()}
            declared = [graph.facts(g) for g in tx.generators() if g.name not in set(exclude)]
            provenance = self._provenance(tx, prior=prior, threshold=tracing.DECIDED, seed=seed)

        def ask(told: str, found: ImageSet) -> a.Traced:
            with single_threaded():
                query = profile_of(found, self._background, "query")
                result = tracing.trace(query, members, families, prior, seed)
            placed = tracing.place(result, declared)
            what = tracing.Told(told, found, query, titles, placed)
            return tracing.answer(result, what, replace(provenance, images=refs(found)))

        return ask

    def detect(
        self, images: Sequence[str | Path], *, exclude: Sequence[str] = (), prior: float = 0.5, area: str = "crop"
    ) -> a.Detected:
        """Which registered generators' fingerprint each single image carries.

        Parameters
        ----------
        exclude
            Generators that are left out of the question.
        prior
            Probability, before looking, that an image comes from nobody registered and none of their kin.
        area
            ``crop``, or ``whole``: all complete tiles of 256 pixels of each image.
        """
        from difreg.lineage import detecting

        _check_prior(prior)
        check_area(area)
        with single_threaded(), self._catalog.read() as tx:
            imported = foreign.profiles(tx, self._members)
            everyone = self._traceable(tx, exclude, [p.name for p in imported])
            members = [everyone.profile(row) for row in range(len(everyone))]
            members += [p for p in imported if p.name not in exclude]
            families = {m: f.name for f in tx.families() for m in f.members}
            provenance = self._provenance(tx, prior=prior, threshold=tracing.DECIDED)
        found = self._extract(images, area=area)
        with single_threaded():
            query = profile_of(found, self._background, "query")
            rows = detecting.detect(query, [i.file for i in found.images], members, families, prior)
        lost = views.images_answer(found).skipped
        return a.Detected(replace(provenance, images=refs(found)), images=rows, skipped=lost)

    def export_lineage(self, output: str | Path, form: str | None = None) -> a.Exported:
        """Write the lineage graph: GraphML, JSON, CSV of edges, Newick of the similarity tree, or Cypher.

        Parameters
        ----------
        form
            One of ``graphml``, ``json``, ``csv``, ``newick``, ``cypher``; else by the suffix of ``output``.
        """
        from difreg.lineage import exporting

        chosen = exporting.chosen(Path(output), form)
        with self._catalog.read() as tx:
            made = graph.build(tx)
            profiles = [self._members.get(v) for v in tx.latest_refs()] if chosen == "newick" else []
            provenance = self._provenance(tx)
        exporting.write(made, profiles, Path(output), chosen)
        leaves = len(profiles)
        sizes = (2 * leaves - 1, 2 * leaves - 2) if profiles else (made.number_of_nodes(), made.number_of_edges())
        return a.Exported(provenance, file=str(output), form=chosen, nodes=sizes[0], edges=sizes[1])

    def background(self) -> a.BackgroundShown:
        """The yardstick this registry's scores are measured with."""
        return views.background_answer(self._background, a.Provenance(__version__, background=self._background.name))

    def lineage(self) -> nx.MultiDiGraph[str]:
        """The lineage graph in networkx; :mod:`difreg.lineage.graph` tells its nodes and edges."""
        with self._catalog.read() as tx:
            return graph.build(tx)

    def query(
        self, cypher: str, *, parameters: Mapping[str, Any] | None = None, limit: int = 1000, timeout: float = 10.0
    ) -> a.Queried:
        """Answer read-only Cypher over the lineage graph.

        Parameters
        ----------
        parameters
            Values of the ``$names`` in the query: numbers, text, true or false, and lists of these.
        limit
            Most rows; ``truncated`` says whether there were more.
        timeout
            Seconds the query may take.

        Raises
        ------
        InputError
            If it would do anything but read, has an error or a path without bound, or takes too long.
        """
        from difreg.storage.graphs import open_store
        from difreg.storage.graphs.guard import check

        check(cypher)
        with self._catalog.read() as tx:
            provenance, digest = self._provenance(tx), tx.digest()
            self._store = self._store or open_store(self.settings)
            if not self._store.holds(digest):
                self._store.sync(graph.build(tx), digest)
        found = self._store.query(cypher, parameters, limit, timeout)
        return a.Queried(provenance, columns=found.columns, rows=found.rows, truncated=found.truncated)

    def _operand(self, tx: Transaction, what: str) -> Profile:
        return naming.operand(
            tx, what, self._members, lambda path: profile_of(self._extract([path]), self._background, path)
        )

    def _traceable(self, tx: Transaction, exclude: Sequence[str], beside: Sequence[str] = ()) -> Population:
        """Generators with images, but those excluded; ``beside`` names others that may be excluded too."""
        versions = tx.latest_refs()
        left_out = {naming.whole(tx, name).name for name in exclude}
        missing = sorted(left_out - {v.generator for v in versions} - set(beside))
        if missing:
            raise naming.unknown(missing[0], tx)
        members = [v for v in versions if v.generator not in left_out]
        if not members and not set(beside) - left_out:
            raise NotFoundError(
                "The registry holds no generator to trace to.", "Register some: difreg add NAME IMAGES..."
            )
        return self._members.population(members)


def _check_prior(prior: float) -> None:
    if not 0 < prior < 1:
        raise InputError(
            f"The prior {prior} is not between 0 and 1.",
            "It is the probability that no relative is registered; .5 is usual.",
        )


def _verdict(known: kinship.Kinship) -> str:
    if not known.judged:
        return "insufficient"
    if known.accepted:
        return "kin"
    return "open" if known.probability >= 0.5 else "none"
