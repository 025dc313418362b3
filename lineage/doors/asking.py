"""Questions: kinship, families, traces, single images, and the lineage graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from difreg import __version__
from difreg.errors import InputError
from difreg.lineage import answers as a
from difreg.lineage import crossdetection, graph, kinship, likeness, tracing, views
from difreg.lineage.ancestry import ancestor_name
from difreg.lineage.caveats import pair_caveats
from difreg.lineage.doors.home import refs
from difreg.lineage.doors.tracing import Tracing, check_prior
from difreg.lineage.keeping import foreign, naming, weighing
from difreg.lineage.keeping.recipes import check_area
from difreg.lineage.meanings import meaning
from difreg.names import shown
from difreg.registry.profiles import Profile, profile_of
from difreg.registry.threads import single_threaded
from difreg.storage.catalog import Transaction

if TYPE_CHECKING:
    import networkx as nx


class Asking(Tracing):
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
                self._provenance(tx, prior=0.5, threshold=kinship.ACCEPTANCE, seed=seed),
                a=first.name,
                b=second.name,
                cross_detection=tuple(c for c in (forth, back) if c),
                kinship=views.kin_answer(known, apart),
                verdict=_verdict(known),
                warnings=(*shared, *pair_caveats(first, apart)),
                meaning=meaning(known.kinship, min(len(first), len(apart)), self._background) if known.judged else None,
                weights=weighing.compared(tx, *(naming.weights_of(tx, x) for x in (one, two))),
                likeness=likeness.compared(first, apart, known.accepted, known.confounded),
            )

    def detect(
        self,
        images: Sequence[str | Path],
        *,
        exclude: Sequence[str] = (),
        prior: float = 0.5,
        area: str = "crop",
        search_phase: bool = False,
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
        search_phase
            Whether the images may have been cropped off the pixel grid or mirrored, each in its way; costs certainty.
        """
        from difreg.lineage import detecting

        check_prior(prior)
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
            files = [i.file for i in found.images]
            rows = detecting.detect(query, files, members, families, prior, search_phase, everyone.silent)
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
        cypher
            Cypher, or ``@NAME`` for one of the :meth:`questions` of the cookbook.
        parameters
            Values of the ``$names`` in the query: numbers, text, true or false, and lists of these.
        limit
            Most rows; ``truncated`` says whether there were more.
        timeout
            Seconds the query may take.

        Raises
        ------
        InputError
            If it would do anything but read, has an error or a path without bound, or takes too long, or a parameter
            of the cookbook's is missing, unknown or of another kind.
        NotFoundError
            If the cookbook has no such question, or a generator it is asked about is not registered.
        """
        from difreg.storage.graphs.guard import check

        if cypher.lstrip().startswith("@"):
            cypher, parameters = self._asked(cypher, parameters or {})
        check(cypher)
        store, provenance = self._current_store()
        found = store.query(cypher, parameters, limit, timeout)
        return a.Queried(provenance, columns=found.columns, rows=found.rows, truncated=found.truncated)

    def questions(self) -> a.Questions:
        """The cookbook: named questions that :meth:`query` takes as ``@NAME``, with their parameters and Cypher."""
        from difreg.lineage import cookbook

        rows = tuple(
            a.QuestionRow(
                q.name,
                q.about,
                tuple(a.QuestionParameter(p.name, p.kind, p.about, p.required, p.default) for p in q.parameters),
                q.cypher,
            )
            for q in cookbook.questions()
        )
        return a.Questions(a.Provenance(__version__), questions=rows)

    def _asked(self, name: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Cypher and values of a question of the cookbook; generators it is asked about have to be there."""
        from difreg.lineage import cookbook

        question = cookbook.find(name)
        values = question.bound(given)
        with self._catalog.read() as tx:
            for parameter in question.parameters:
                if parameter.kind == "generator":
                    values[parameter.name] = naming.whole(tx, values[parameter.name]).name
        return question.cypher, values

    def _operand(self, tx: Transaction, what: str) -> Profile:
        return naming.operand(
            tx, what, self._members, lambda path: profile_of(self._extract([path]), self._background, path)
        )


def _verdict(known: kinship.Kinship) -> str:
    if not known.judged:
        return "insufficient"
    if known.accepted:
        return "kin"
    return "open" if known.probability >= 0.5 else "none"
