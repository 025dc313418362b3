"""The door to difreg: :class:`Registry`, one method a verb, each returning a frozen dataclass.

It ties the layers together and holds no method of its own: images come from ``difreg.registry``, scores from the other
modules of ``difreg.lineage``, and all that is kept goes through ``difreg.storage``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from difreg import __version__, settings
from difreg.errors import DifregError, IncompatibleError, InputError, NotFoundError
from difreg.lineage import answers as a
from difreg.lineage import crossdetection, graph, kinship, registering, tracing, views
from difreg.lineage.ancestry import ancestor_name
from difreg.lineage.caveats import pair_caveats
from difreg.lineage.members import Members
from difreg.names import check_name, shown
from difreg.registry import denoisers
from difreg.registry.background import Background
from difreg.registry.background import get as get_background
from difreg.registry.extraction import SUFFIX, ImageSet, Progress, extract, extract_each, write_sketch
from difreg.registry.metadata import Metadata
from difreg.registry.profiles import Profile, profile_of
from difreg.registry.threads import single_threaded
from difreg.storage.blobs import BlobStore
from difreg.storage.catalog import Catalog, Transaction
from difreg.storage.graphs.protocol import GraphStore

if TYPE_CHECKING:
    import networkx as nx

FEWEST = 2
SOLVERS = ("lattice",)
DENOISER = "denoiser"


def open_registry(home: str | os.PathLike[str] | None = None, *, progress: Progress | None = None) -> Registry:
    """Open the registry at ``home`` (else ``DIFREG_HOME``, else ``~/.difreg``). Nothing is written until the first add.

    Parameters
    ----------
    progress
        Called with (done, total, what) while images are denoised.
    """
    return Registry(settings.resolve(home), progress=progress)


class Registry:
    """A registry of fingerprints and the lineage drawn from them.

    Every method raises :class:`difreg.DifregError` for what the caller can mend, its ``hint`` saying how.
    """

    def __init__(self, config: settings.Settings, *, progress: Progress | None = None) -> None:
        self.settings = config
        self._progress = progress
        self._catalog = Catalog(config.database_url)
        self._blobs = BlobStore(config.blobs)
        self._denoiser = denoisers.DEFAULT
        self._store: GraphStore | None = None

    def __enter__(self) -> Registry:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the catalogue and the graph store."""
        self._catalog.close()
        if self._store is not None:
            self._store.close()
        self._store = None

    # The catalogue

    def init(self, *, denoiser: str | None = None) -> a.Initialised:
        """Make the home, if it is not there.

        Parameters
        ----------
        denoiser
            The denoiser of all its fingerprints, settled for good; difreg's best where None.

        Raises
        ------
        IncompatibleError
            If there is no such denoiser, or the registry has another.
        """
        made = not self._catalog.exists()
        if made and denoiser:
            self._denoiser = denoiser
        if denoiser and denoiser != self._background.denoiser:
            raise IncompatibleError(
                f"This registry's denoiser is {self._background.denoiser}, and stays it: scores of two never mix.",
                f"Make another: difreg --home DIR init --denoiser {shown(denoiser, 40)}, and add the images there.",
            )
        with self._writing() as tx:
            if made:
                tx.log("init", "", f"difreg {__version__}, denoiser {self._background.denoiser}")
            return a.Initialised(
                self._provenance(tx),
                home=str(self.settings.home),
                created=made,
                denoiser=self._background.denoiser,
            )

    def list(self) -> a.Listing:
        """All generators, stubs included, by name."""
        with self._catalog.read() as tx:
            latest = {v.generator: v for v in tx.latest_all()}
            rows = tuple(views.generator_row(g, latest.get(g.name)) for g in tx.generators())
            return a.Listing(self._provenance(tx), generators=rows)

    def show(self, name: str) -> a.Shown:
        """One generator: what is declared, its versions, and its accepted kin."""
        with self._catalog.read() as tx:
            record = tx.generator(name)
            if record is None:
                raise _unknown(name, tx)
            versions = tx.versions(name) if record.observed else []
            latest = versions[-1] if versions else None
            return a.Shown(
                self._provenance(tx),
                generator=views.generator_detail(record, latest),
                versions=tuple(views.version_row(v, tx.skipped(v.id)) for v in versions),
                kin=views.stored_kin(tx, name),
            )

    def remove(self, name: str) -> a.Removed:
        """Take a generator out of the registry; its versions stay on record and come back when it is added again."""
        with self._writing() as tx:
            record = tx.generator(name)
            if record is None or not record.observed:
                raise _unknown(name, tx)
            versions, stub = tx.remove(name)
            registering.refresh_families(tx)
            tx.log("remove", name, f"{versions} versions")
            return a.Removed(self._provenance(tx), generator=name, versions=versions, stub=stub)

    def families(self) -> a.Families:
        """Who belongs together, and who stands alone."""
        with self._catalog.read() as tx:
            ancestors = {d.parent for d in graph.ancestry(tx) if d.parent_kind == "ancestor"}
            named = {f.name: ancestor_name(f.name) for f in tx.families()}
            rows = [
                a.FamilyRow(
                    f.name, f.title, f.members, f.support, named[f.name] if named[f.name] in ancestors else None
                )
                for f in tx.families()
            ]
            rows.sort(key=lambda f: (-len(f.members), f.family))
            inside = {m for f in rows for m in f.members}
            alone = tuple(g.name for g in tx.generators(observed=True) if g.name not in inside)
            return a.Families(self._provenance(tx), families=tuple(rows), singletons=alone)

    # Images in

    def add(
        self, name: str, images: Sequence[str | Path], *, metadata: Metadata | None = None, solver: str = "lattice"
    ) -> a.Added:
        """Fingerprint a generator from images and register it as the next version of ``name``.

        Raises
        ------
        InputError
            If the name or the solver is not allowed.
        TooFewImagesError
            If fewer than two images can be used.
        """
        name = check_name(name)
        _check_solver(solver)
        begun = time.monotonic()
        return self._register(name, self._extract(images, at_least=FEWEST), metadata, solver, begun)

    def _register(self, name: str, found: ImageSet, metadata: Metadata | None, solver: str, begun: float) -> a.Added:
        with single_threaded(), self._writing() as tx:
            new = profile_of(found, self._background, name)
            added = registering.register(tx, self._members, new, found, metadata or Metadata())
            return a.Added(
                self._provenance(tx, found, solver=solver, threshold=self._threshold),
                **registering.added_fields(tx, added, found),
                seconds=round(time.monotonic() - begun, 3),
            )

    def add_each(
        self, folder: str | Path, *, metadata: Mapping[str, Metadata] | None = None, solver: str = "lattice"
    ) -> a.AddedEach:
        """:meth:`add` for every subfolder, which names the generator; one that fails does not stop the others."""
        _check_solver(solver)
        done: list[a.Added] = []
        failed: list[a.Failure] = []
        folders = _subfolders(folder)
        begun = time.monotonic()
        for sub, found in zip(folders, self._extract_each(folders, FEWEST), strict=True):
            try:
                if isinstance(found, DifregError):
                    raise found
                done.append(self._register(check_name(sub.name), found, (metadata or {}).get(sub.name), solver, begun))
            except DifregError as error:
                failed.append(a.Failure(sub.name, error.message))
            begun = time.monotonic()
        with self._catalog.read() as tx:
            provenance = self._provenance(tx, solver=solver, threshold=self._threshold)
            grown = {g.name: g.family for g in tx.generators(observed=True)}
        final = tuple(replace(d, family=grown[d.generator]) for d in done)
        return a.AddedEach(provenance, generators=final, failed=tuple(failed))

    def sketch(self, images: Sequence[str | Path], output: str | Path) -> a.Sketched:
        """Write the sketches of images to a file that is accepted wherever images are."""
        path = Path(output)
        if path.suffix != SUFFIX:
            raise InputError(
                f"'{shown(str(output))}' does not end in {SUFFIX}.", f"Write -o {shown(path.stem)}{SUFFIX}."
            )
        found = self._extract(images)
        write_sketch(found, path)
        provenance = a.Provenance(__version__, denoiser=found.denoiser, images=_refs(found))
        return a.Sketched(provenance, file=str(path), images=views.images_answer(found))

    # Questions

    def compare(self, one: str, two: str, *, seed: int = 0) -> a.Compared:
        """Both orientations of cross-detection, and kinship with its doubt.

        Each side is a generator's name, a folder of images, or a sketch file. Images that both sides hold are left out
        of the second.
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
        self, images: Sequence[str | Path], *, exclude: Sequence[str] = (), prior: float = 0.5, seed: int = 0
    ) -> a.Traced:
        """Which family made these images, or none, or too little to say.

        Parameters
        ----------
        exclude
            Generators that are left out of the question.
        prior
            Probability, before looking, that no relative is registered.
        """
        ask = self._question(exclude, prior, seed)
        found = self._extract(images)
        more = f" and {len(images) - 1} more" if len(images) > 1 else ""
        return ask(f"{images[0]}{more}", found)

    def trace_each(
        self, folder: str | Path, *, exclude: Sequence[str] = (), prior: float = 0.5, seed: int = 0
    ) -> a.TracedEach:
        """:meth:`trace` for every subfolder; one that fails does not stop the others."""
        ask = self._question(exclude, prior, seed)
        done: list[a.Traced] = []
        failed: list[a.Failure] = []
        folders = _subfolders(folder)
        for sub, found in zip(folders, self._extract_each(folders, 1), strict=True):
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
            families = {g.name: g.family for g in tx.generators(observed=True) if g.family}
            titles = {f.name: f.title for f in tx.families()}
            declared = [graph.facts(g) for g in tx.generators() if g.name not in set(exclude)]
            provenance = self._provenance(tx, prior=prior, threshold=tracing.DECIDED, seed=seed)

        def ask(told: str, found: ImageSet) -> a.Traced:
            with single_threaded():
                query = profile_of(found, self._background, "query")
                result = tracing.trace(query, members, families, prior, seed)
            placed = tracing.place(result, declared)
            what = tracing.Told(told, found, query, titles, placed)
            return tracing.answer(result, what, replace(provenance, images=_refs(found)))

        return ask

    def detect(self, images: Sequence[str | Path], *, exclude: Sequence[str] = (), prior: float = 0.5) -> a.Detected:
        """Which registered generators' fingerprint each single image carries.

        Parameters
        ----------
        exclude
            Generators that are left out of the question.
        prior
            Probability, before looking, that an image comes from nobody registered and none of their kin.
        """
        from difreg.lineage import detecting

        _check_prior(prior)
        with single_threaded(), self._catalog.read() as tx:
            members = self._traceable(tx, exclude)
            families = {g.name: g.family for g in tx.generators(observed=True) if g.family}
            provenance = self._provenance(tx, prior=prior, threshold=tracing.DECIDED)
        found = self._extract(images)
        with single_threaded():
            query = profile_of(found, self._background, "query")
            rows = detecting.detect(query, [i.file for i in found.images], members, families, prior)
        lost = views.images_answer(found).skipped
        return a.Detected(replace(provenance, images=_refs(found)), images=rows, skipped=lost)

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
            profiles = [self._members.get(v) for v in tx.latest_all()] if chosen == "newick" else []
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

    # Inside

    @cached_property
    def _background(self) -> Background:
        """The yardstick of the registry's denoiser, which its first write settles."""
        with self._catalog.read() as tx:
            return get_background(tx.setting(DENOISER) or self._denoiser)

    @cached_property
    def _members(self) -> Members:
        return Members(self._blobs, self._background)

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        """A write that settles a new registry's denoiser, and refuses one another process settled otherwise."""
        with self._catalog.write() as tx:
            settled = tx.setting(DENOISER)
            if settled is None:
                tx.set_setting(DENOISER, self._background.denoiser)
            elif settled != self._background.denoiser:
                raise IncompatibleError(
                    f"This registry's denoiser is {settled}, not {self._background.denoiser}.",
                    "Open it again; or make another: difreg --home DIR init --denoiser NAME.",
                )
            yield tx

    @property
    def _threshold(self) -> float:
        return kinship.threshold(self._background.calibration)

    def _extract(self, images: Sequence[str | Path], at_least: int = 1) -> ImageSet:
        return extract(
            images,
            denoiser=self._background.denoiser,
            jobs=self.settings.jobs,
            progress=self._progress,
            at_least=at_least,
        )

    def _extract_each(self, folders: Sequence[Path], at_least: int) -> Iterator[ImageSet | DifregError]:
        return extract_each(
            folders,
            denoiser=self._background.denoiser,
            jobs=self.settings.jobs,
            progress=self._progress,
            at_least=at_least,
        )

    def _operand(self, tx: Transaction, what: str) -> Profile:
        version = tx.latest(what)
        if version is not None:
            return self._members.get(version)
        if not Path(what).exists():
            error = _unknown(what, tx)
            raise NotFoundError(f"'{shown(what)}' is neither a generator nor a folder or .sketch file.", error.hint)
        return profile_of(self._extract([what]), self._background, what)

    def _traceable(self, tx: Transaction, exclude: Sequence[str]) -> Sequence[Profile]:
        versions = tx.latest_all()
        missing = sorted(set(exclude) - {v.generator for v in versions})
        if missing:
            raise _unknown(missing[0], tx)
        members = [self._members.get(v) for v in versions if v.generator not in set(exclude)]
        if not members:
            raise NotFoundError(
                "The registry holds no generator to trace to.", "Register some: difreg add NAME IMAGES..."
            )
        return members

    def _provenance(self, tx: Transaction, images: ImageSet | None = None, **more: Any) -> a.Provenance:
        b = self._background
        made = a.Provenance(__version__, denoiser=b.denoiser, background=b.name, registry=tx.digest(), **more)
        return replace(made, images=_refs(images)) if images else made


def _refs(images: ImageSet) -> tuple[a.ImageRef, ...]:
    return tuple(a.ImageRef(i.file, i.sha256) for i in images.images)


def _subfolders(folder: str | Path) -> list[Path]:
    path = Path(folder)
    if not path.is_dir():
        raise NotFoundError(
            f"There is no folder '{shown(str(folder))}'.", "Give a folder whose subfolders hold images."
        )
    found = sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not found:
        raise NotFoundError(f"'{shown(str(folder))}' has no subfolders.", "Give a folder whose subfolders hold images.")
    return found


def _check_solver(solver: str) -> None:
    if solver not in SOLVERS:
        raise InputError(f"There is no solver '{shown(solver, 40)}'.", f"Use one of: {', '.join(SOLVERS)}.")


def _check_prior(prior: float) -> None:
    if not 0 < prior < 1:
        raise InputError(
            f"The prior {prior} is not between 0 and 1.",
            "It is the probability that no relative is registered; .5 is usual.",
        )


def _unknown(name: str, tx: Transaction) -> NotFoundError:
    from difflib import get_close_matches

    close = get_close_matches(name, [g.name for g in tx.generators()], 3)
    hint = f"Did you mean {' or '.join(shown(c) for c in close)}?" if close else "See `difreg list`."
    return NotFoundError(f"No generator is called '{shown(name)}'.", hint)


def _verdict(known: kinship.Kinship) -> str:
    if not known.judged:
        return "insufficient"
    if known.accepted:
        return "kin"
    return "open" if known.probability >= 0.5 else "none"
