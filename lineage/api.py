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
from difreg.lineage import crossdetection, foreign, graph, kinship, naming, registering, tracing, views
from difreg.lineage.ancestry import ancestor_name
from difreg.lineage.caveats import pair_caveats
from difreg.lineage.members import Members
from difreg.lineage.population import Population
from difreg.lineage.recipes import Recipe, check_area
from difreg.names import check_name, shown
from difreg.registry import denoisers
from difreg.registry.background import Background
from difreg.registry.background import get as get_background
from difreg.registry.extraction import SUFFIX, ImageSet, Progress, extract, extract_each, write_sketch
from difreg.registry.metadata import Metadata
from difreg.registry.profiles import Profile, profile_of
from difreg.registry.solving import Solution
from difreg.registry.threads import single_threaded
from difreg.storage.blob_places import open_blobs
from difreg.storage.catalog import Catalog, Transaction
from difreg.storage.graphs.protocol import GraphStore

if TYPE_CHECKING:
    import networkx as nx

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
        self._blobs = open_blobs(config.blobs)
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

    def show(self, name: str, *, at: str | None = None) -> a.Shown:
        """One generator: what is declared, its versions (of ``NAME:2`` or ``NAME@ALIAS`` that one), its accepted kin.

        Parameters
        ----------
        at
            A day or a time: everything as it stood then.
        """
        from difreg.lineage import showing

        with self._catalog.read() as tx:
            return showing.show(tx, name, at, self._provenance(tx))

    def history(self, name: str | None = None) -> a.Recorded:
        """Every change of the registry, or of one generator or family, oldest first."""
        from difreg.lineage import history

        with self._catalog.read() as tx:
            return history.answer(tx, name, self._provenance(tx))

    def alias(self, reference: str, alias: str) -> a.Aliased:
        """Let ``alias`` name one version (of a bare name the latest); it moves there if it named another."""
        with self._writing() as tx:
            name, number, before = naming.set_alias(tx, reference, alias)
            return a.Aliased(self._provenance(tx), generator=name, alias=alias, version=number, before=before)

    def unalias(self, name: str, alias: str) -> a.Aliased:
        """Take an alias of a generator away."""
        with self._writing() as tx:
            before = naming.drop_alias(tx, name, alias)
            return a.Aliased(self._provenance(tx), generator=name, alias=alias, version=None, before=before)

    def tag(self, name: str, tags: Mapping[str, str] | None = None, *, remove: Sequence[str] = ()) -> a.Tagged:
        """Give a generator tags (a key it has gets the new value), and take the keys ``remove`` away."""
        with self._writing() as tx:
            record = naming.set_tags(tx, name, tags or {}, remove)
            return a.Tagged(self._provenance(tx), generator=record.name, tags=dict(record.tags))

    def rename(self, old: str, new: str) -> a.Renamed:
        """Give a generator another name; its history, versions, parents and children stay with it."""
        with self._writing() as tx:
            children = naming.rename(tx, old, new)
            return a.Renamed(self._provenance(tx), before=old, generator=check_name(new), children=tuple(children))

    def remove(self, name: str, *, purge: bool = False, dry_run: bool = False) -> a.Removed:
        """Take a generator out of the registry; its versions stay on record and come back when it is added again.

        Parameters
        ----------
        purge
            Delete it for good, with its versions and the arrays nothing else needs; refused while a child or an alias
            points to it.
        dry_run
            Only say what would be done.
        """
        with self._catalog.read() if dry_run else self._writing() as tx:
            plan = naming.plan_removal(tx, name, purge)
            if not dry_run:
                naming.remove(tx, plan, purge)
            answer = naming.removed(plan, purge, dry_run, self._provenance(tx))
        if plan.arrays and not dry_run:
            with self._writing() as tx:
                naming.sweep(tx, self._blobs, plan.arrays)
        return answer

    def drift(self, name: str, *, seed: int = 0) -> a.Drifted:
        """Whether the service behind a generator changed between its versions, with the doubt its images leave."""
        from difreg.lineage import drift

        with single_threaded(), self._catalog.read() as tx:
            versions = [v for v in tx.versions(naming.whole(tx, name).name) if v.images]
            profiles = [self._members.get(v) for v in versions]
            return drift.answer(name, profiles, self._provenance(tx, prior=0.5, seed=seed), seed)

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
            alone = tuple(v.generator for v in tx.latest_refs() if v.generator not in inside)
            return a.Families(self._provenance(tx), families=tuple(rows), singletons=alone)

    # Images in

    def add(
        self,
        name: str,
        images: Sequence[str | Path],
        *,
        metadata: Metadata | None = None,
        solver: str = "lattice",
        append: bool = False,
        reals: str | Path | None = None,
        seed: int = 0,
        device: str | None = None,
        area: str = "crop",
    ) -> a.Added:
        """Fingerprint a generator from images and register it as the next version of ``name``.

        Parameters
        ----------
        solver
            ``lattice``, in closed form; ``unet`` or ``paper``, which fit a network and need the images themselves.
        reals
            Folder of photographs for ``unet`` and ``paper``; else ``0_real`` of a folder in the paper's layout.
        seed, device
            Of the network; the device is ``cpu``, ``cuda`` or ``auto``.
        area
            ``crop``, or ``whole``: all complete tiles of 256 pixels of each image.
        append
            Make it of the latest version's stored sketches and these images, those it has already left out.

        Raises
        ------
        InputError
            If the name or the solver is not allowed, or the solver needs what is not given.
        TooFewImagesError
            If fewer than two images can be used.
        """
        name = check_name(name)
        recipe = Recipe(solver, reals, seed, device or self.settings.device, area)
        recipe.check(images, append=append)
        begun = time.monotonic()
        found = self._extract(images, 1 if append else recipe.least, recipe.canvas, area)
        photographs = recipe.photographs(images)
        real = self._extract(photographs, 2, recipe.canvas) if photographs else None
        return self._register(name, found, metadata, recipe, begun, append, real)

    def _register(
        self,
        name: str,
        found: ImageSet,
        metadata: Metadata | None,
        recipe: Recipe,
        begun: float,
        append: bool = False,
        reals: ImageSet | None = None,
    ) -> a.Added:
        solution = self._solve(name, found, recipe, reals)
        with single_threaded(), self._writing() as tx:
            if append:
                found = registering.appended(tx, self._members, name, found)
            new = profile_of(found, self._background, name, solution)
            added = registering.register(tx, self._members, new, found, metadata or Metadata())
            return a.Added(
                self._provenance(tx, found, threshold=self._threshold, **recipe.told),
                **registering.added_fields(tx, added, found),
                seconds=round(time.monotonic() - begun, 3),
            )

    def _solve(self, name: str, found: ImageSet, recipe: Recipe, reals: ImageSet | None) -> Solution | None:
        """What a network is fitted to, before the catalogue is locked; not again where that would give the same."""
        if not recipe.needs_images:
            return None
        with self._catalog.read() as tx:
            latest = tx.latest(name)
            hashes, yardstick = (i.sha256 for i in found.images), self._background.name
            settled = (recipe.solver, found.denoiser, yardstick, recipe.canvas, recipe.settings(reals))
            if latest and latest.identity == registering.identity(hashes, *settled):
                return self._members.get(latest).solution
        return recipe.solve(found, self._background, reals, self._progress)

    def add_each(
        self,
        folder: str | Path,
        *,
        metadata: Mapping[str, Metadata] | None = None,
        solver: str = "lattice",
        reals: str | Path | None = None,
        seed: int = 0,
        device: str | None = None,
        area: str = "crop",
    ) -> a.AddedEach:
        """:meth:`add` for every subfolder, which names the generator; one that fails does not stop the others."""
        recipe = Recipe(solver, reals, seed, device or self.settings.device, area)
        recipe.check()
        done: list[a.Added] = []
        failed: list[a.Failure] = []
        folders = _subfolders(folder)
        begun = time.monotonic()
        shared = self._extract([reals], 2, recipe.canvas) if reals is not None and recipe.needs_images else None
        refused = recipe.refusals(folders)
        failed += [a.Failure(sub.name, error.message) for sub, error in refused.items()]
        readable = [sub for sub in folders if sub not in refused]
        extracted = self._extract_each(readable, recipe.least, recipe.canvas, area)
        for sub, found in zip(readable, extracted, strict=True):
            try:
                if isinstance(found, DifregError):
                    raise found
                own = recipe.photographs([sub]) if shared is None else []
                real = self._extract(own, 2, recipe.canvas) if own else shared
                facts = (metadata or {}).get(sub.name)
                done.append(self._register(check_name(sub.name), found, facts, recipe, begun, reals=real))
            except DifregError as error:
                failed.append(a.Failure(sub.name, error.message))
            begun = time.monotonic()
        with self._catalog.read() as tx:
            provenance = self._provenance(tx, threshold=self._threshold, **recipe.told)
            grown = {g.name: g.family for g in tx.generators(observed=True)}
        final = tuple(replace(d, family=grown[d.generator]) for d in done)
        return a.AddedEach(provenance, generators=final, failed=tuple(failed))

    def import_dif(self, folder: str | Path, name: str, *, assume_denoiser: str | None = None) -> a.ImportedDif:
        """Keep a fingerprint that the paper's code solved as a version of ``name`` without images.

        Parameters
        ----------
        folder
            The folder its code wrote, or the checkpoint. Nothing in it is run.
        assume_denoiser
            The denoiser it is taken to have been solved with. Where that is the registry's, the fingerprint scores
            images; else it is only on record.

        Raises
        ------
        InputError
            If the checkpoint is damaged or would have to be run, or ``name`` has images of its own.
        """
        from difreg.registry.solvers.imported import read_checkpoint

        name = check_name(name)
        foreign.check_assumed(assume_denoiser)
        solved = read_checkpoint(Path(folder))
        with single_threaded(), self._writing() as tx:
            version, created = foreign.register(tx, self._members, name, solved, assume_denoiser)
            return a.ImportedDif(
                self._provenance(tx, solver=version.solver),
                generator=name,
                version=version.number,
                created=created,
                digest=version.digest,
                file=solved.facts["file"],
                denoiser=assume_denoiser,
                scores=version.denoiser == self._background.denoiser,
                warnings=tuple(a.Caveat(*c) for c in version.caveats),
            )

    def sketch(self, images: Sequence[str | Path], output: str | Path, *, area: str = "crop") -> a.Sketched:
        """Write the sketches of images to a file that is accepted wherever images are."""
        path = Path(output)
        if path.suffix != SUFFIX:
            raise InputError(
                f"'{shown(str(output))}' does not end in {SUFFIX}.", f"Write -o {shown(path.stem)}{SUFFIX}."
            )
        check_area(area)
        found = self._extract(images, area=area)
        write_sketch(found, path)
        provenance = a.Provenance(__version__, denoiser=found.denoiser, images=_refs(found))
        return a.Sketched(provenance, file=str(path), images=views.images_answer(found))

    # Questions

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
        folders = _subfolders(folder)
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
            return tracing.answer(result, what, replace(provenance, images=_refs(found)))

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
            profiles = [self._members.get(v) for v in tx.latest_refs()] if chosen == "newick" else []
            provenance = self._provenance(tx)
        exporting.write(made, profiles, Path(output), chosen)
        leaves = len(profiles)
        sizes = (2 * leaves - 1, 2 * leaves - 2) if profiles else (made.number_of_nodes(), made.number_of_edges())
        return a.Exported(provenance, file=str(output), form=chosen, nodes=sizes[0], edges=sizes[1])

    def export_bundle(self, output: str | Path, names: Sequence[str] = ()) -> a.Bundled:
        """Write all generators, or ``names`` with the ancestors they declare as stubs, into one ``.difreg`` file."""
        from difreg.lineage import bundles

        with self._catalog.read() as tx:
            manifest = bundles.collect(tx, names, self._background.denoiser)
            return bundles.write(manifest, self._blobs, Path(output), self._provenance(tx))

    def import_bundle(
        self,
        file: str | Path,
        *,
        rename: Mapping[str, str] | None = None,
        skip_existing: bool = False,
        dry_run: bool = False,
    ) -> a.Imported:
        """Take the generators of a bundle in: all of them, or, where anything contradicts this registry, none.

        Parameters
        ----------
        rename
            New names by those in the bundle.
        skip_existing
            Leave every generator alone whose name is taken here.
        dry_run
            Only say what would be done, conflicts included.

        Raises
        ------
        InputError
            If the file is no sound bundle, or something in it contradicts this registry.
        IncompatibleError
            If it is of another denoiser, or a newer difreg wrote it.
        """
        from difreg.lineage import importing

        with importing.opened(Path(file)) as bundle:
            choice = importing.Choice(str(file), rename or {}, skip_existing, dry_run)
            with self._catalog.read() as tx:
                settled = tx.setting(DENOISER)
                intent = importing.intend(tx, self._blobs, bundle, choice, settled)
                if not intent.worth_writing:
                    return importing.answer(intent, choice, self._provenance(tx))
            if settled is None:
                self._settle(bundle.manifest.denoiser)
            with single_threaded(), self._writing() as tx:
                intent = importing.intend(tx, self._blobs, bundle, choice, self._background.denoiser)
                importing.store(tx, self._members, intent, bundle)
                return importing.answer(intent, choice, self._provenance(tx))

    def verify(self) -> a.Verified:
        """Compare everything stored with its digest, and every version with its arrays."""
        from difreg.lineage import doctoring

        with single_threaded(), self._catalog.read() as tx:
            problems = doctoring.problems(doctoring.stored(tx, self._blobs))
            return a.Verified(self._provenance(tx), problems=problems, versions=len(tx.every_version()))

    def doctor(self, *, fix: bool = False) -> a.Diagnosed:
        """Look for whatever can be wrong with a registry.

        Parameters
        ----------
        fix
            Mend what can be mended without losing a version or an array.
        """
        from difreg.lineage import doctoring

        with doctoring.reported() as report:
            old = doctoring.old_schema(self._catalog, fix)
            write = fix and self.settings.home.exists()
            if not old or fix:
                with single_threaded(), self._writing() if write else self._catalog.read() as tx:
                    report.problems = (*old, *doctoring.cure(tx, self._members, self.settings, write))
                    report.versions = len(tx.every_version())
                self.close()
            else:
                report.problems = old
        provenance = a.Provenance(__version__)
        return a.Diagnosed(provenance, problems=report.problems, versions=report.versions)

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

    def _settle(self, denoiser: str) -> None:
        """Choose the denoiser of a registry that is not made yet."""
        self._denoiser = denoiser
        for known in ("_background", "_members"):
            self.__dict__.pop(known, None)

    @cached_property
    def _members(self) -> Members:
        return Members(self._blobs, self._background, self.settings.index)

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

    def _extract(
        self, images: Sequence[str | Path], at_least: int = 1, canvas: int = 0, area: str = "crop"
    ) -> ImageSet:
        return extract(
            images,
            denoiser=self._background.denoiser,
            jobs=self.settings.jobs,
            progress=self._progress,
            at_least=at_least,
            canvas=canvas,
            area=area,
        )

    def _extract_each(
        self, folders: Sequence[Path], at_least: int, canvas: int = 0, area: str = "crop"
    ) -> Iterator[ImageSet | DifregError]:
        return extract_each(
            folders,
            denoiser=self._background.denoiser,
            jobs=self.settings.jobs,
            progress=self._progress,
            at_least=at_least,
            canvas=canvas,
            area=area,
        )

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
