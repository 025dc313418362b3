"""Traces: where sets of images belong, many of them against one reading of the registry, and their evidence cards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from difreg.errors import DifregError, InputError, NotFoundError
from difreg.lineage import answers as a
from difreg.lineage import graph, telling, tracing, views
from difreg.lineage.doors.home import refs, subfolders
from difreg.lineage.doors.projecting import Projecting
from difreg.lineage.keeping import naming
from difreg.lineage.keeping.population import Population
from difreg.lineage.keeping.recipes import check_area
from difreg.registry.extraction import ImageSet
from difreg.registry.metadata import is_evidence
from difreg.registry.profiles import profile_of
from difreg.registry.threads import single_threaded
from difreg.storage.catalog import Transaction

RECENT = 8  # lines of the history on an evidence card


class Tracing(Projecting):
    """The verb that traces; it changes nothing."""

    def trace(
        self,
        images: Sequence[str | Path],
        *,
        exclude: Sequence[str] = (),
        prior: float = 0.5,
        seed: int = 0,
        area: str = "crop",
        search_phase: bool = False,
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
        search_phase
            Whether the images may have been cropped off the pixel grid or mirrored, all alike; costs certainty.
        """
        check_area(area)
        ask = self._question(exclude, prior, seed, search_phase)
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
        search_phase: bool = False,
    ) -> a.TracedEach:
        """:meth:`trace` for every subfolder; one that fails does not stop the others."""
        check_area(area)
        ask = self._question(exclude, prior, seed, search_phase)
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

    def evidence(self, traced: a.Traced) -> a.Evidence:
        """What stands behind a trace: the yardstick, the versions it was judged by, and what became of them lately."""
        with self._catalog.read() as tx:
            witnesses = tuple(w for c in traced.candidates if (w := _witness(tx, c.generator, c.version)))
            lines = [line for name in telling.subjects(traced) for line in tx.changes(name)]
            recent = sorted({line.id: line for line in lines}.values(), key=lambda line: -line.id)[:RECENT]
            history = tuple(a.ChangeRow(line.time, line.verb, line.subject, line.text) for line in recent)
            shown = views.background_answer(self._background, self._provenance(tx))
        return a.Evidence(shown, witnesses, history)

    def _question(
        self, exclude: Sequence[str], prior: float, seed: int, search_phase: bool
    ) -> Callable[[str, ImageSet], a.Traced]:
        """A trace of many sets against one reading of the registry."""
        check_prior(prior)
        with single_threaded(), self._catalog.read() as tx:
            members = self._traceable(tx, exclude)
            families = {m: f.name for f in tx.families() for m in f.members}
            titles = {f.name: f.title for f in tx.families()}
            declared = [graph.facts(g) for g in tx.generators() if g.name not in set(exclude)]
            provenance = self._provenance(tx, prior=prior, threshold=tracing.DECIDED, seed=seed)

        def ask(told: str, found: ImageSet) -> a.Traced:
            with single_threaded():
                query = profile_of(found, self._background, "query")
                return telling.traced(
                    telling.Question(told, found, query, titles, families, declared),
                    members,
                    prior,
                    seed,
                    replace(provenance, images=refs(found)),
                    search_phase,
                )

        return ask

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
        silent = {g.name for g in tx.generators() if not is_evidence(g.tags)}
        return self._members.population(members).silenced(silent)


def _witness(tx: Transaction, name: str, number: int) -> a.Witness | None:
    versions = tx.versions(name)
    v = next((v for v in versions if v.number == number), None)
    if v is None:
        return None
    warnings = tuple(a.Caveat(code, text) for code, text in v.caveats)
    return a.Witness(name, number, len(versions), v.digest, v.images, v.created, warnings)


def check_prior(prior: float) -> None:
    """Refuse what is no probability."""
    if not 0 < prior < 1:
        raise InputError(
            f"The prior {prior} is not between 0 and 1.",
            "It is the probability that no relative is registered; .5 is usual.",
        )
