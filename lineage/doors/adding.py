"""Images in: generators fingerprinted from images, the paper's checkpoints, sketch files."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from difreg import __version__
from difreg.errors import DifregError, InputError
from difreg.lineage import answers as a
from difreg.lineage import views
from difreg.lineage.doors.home import refs, subfolders
from difreg.lineage.doors.projecting import Projecting
from difreg.lineage.keeping import foreign, registering, watching, weighing
from difreg.lineage.keeping.recipes import Recipe, check_area
from difreg.lineage.kinship import ACCEPTANCE
from difreg.names import check_name, shown
from difreg.registry.extraction import SUFFIX, ImageSet, write_sketch
from difreg.registry.metadata import Metadata
from difreg.registry.profiles import profile_of
from difreg.registry.solving import Solution
from difreg.registry.threads import single_threaded


class Adding(Projecting):
    """Verbs that take images in."""

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
        weights: str | Path | None = None,
        dry_run: bool = False,
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
        weights
            Safetensors file with the generator's decoder: moments of its tensors are kept, and a projection that gives
            distances. A version that has some gets these instead; one made by ``append`` keeps those there were.
        dry_run
            Only say what would be registered.

        Raises
        ------
        InputError
            If the name or the solver is not allowed, the solver needs what is not given, or the weights cannot be
            read.
        TooFewImagesError
            If fewer than two images can be used.
        """
        name = check_name(name)
        recipe = Recipe(solver, reals, seed, device or self.settings.device, area)
        recipe.check(images, append=append)
        begun = time.monotonic()
        read = weighing.read(weights) if weights is not None else None
        found = self._extract(images, 1 if append else recipe.least, recipe.canvas, area)
        photographs = recipe.photographs(images)
        real = self._extract(photographs, 2, recipe.canvas) if photographs else None
        with self._rehearsed(dry_run):
            added = self._register(name, found, metadata, recipe, begun, append, real, read)
        return replace(added, dry_run=True) if dry_run else replace(added, graph=self._follow())

    def _register(
        self,
        name: str,
        found: ImageSet,
        metadata: Metadata | None,
        recipe: Recipe,
        begun: float,
        append: bool = False,
        reals: ImageSet | None = None,
        weights: weighing.Read | None = None,
    ) -> a.Added:
        solution = self._solve(name, found, recipe, reals)
        with single_threaded(), self._writing() as tx:
            latest = tx.latest(name)
            if append:
                found = registering.appended(tx, self._members, name, found)
            new = profile_of(found, self._background, name, solution)
            before = watching.watch(tx, self._members, name)
            added = registering.register(tx, self._members, new, found, metadata or Metadata())
            if weights is not None:
                weighing.attach(tx, self._blobs, added[0], weights)
            elif append and latest is not None:
                weighing.carry(tx, self._blobs, latest, added[0])
            known = tx.weights(added[0].id)
            return a.Added(
                self._provenance(tx, found, threshold=ACCEPTANCE, **recipe.told),
                **registering.added_fields(tx, self._background, added, found),
                seconds=round(time.monotonic() - begun, 3),
                changes=watching.changes(tx, self._members, name, before),
                weights=weighing.shown_weights(tx, known) if known else None,
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
        dry_run: bool = False,
    ) -> a.AddedEach:
        """:meth:`add` for every subfolder, which names the generator; one that fails does not stop the others."""
        recipe = Recipe(solver, reals, seed, device or self.settings.device, area)
        recipe.check()
        done: list[a.Added] = []
        failed: list[a.Failure] = []
        folders = subfolders(folder)
        begun = time.monotonic()
        shared = self._extract([reals], 2, recipe.canvas) if reals is not None and recipe.needs_images else None
        refused = recipe.refusals(folders)
        failed += [a.Failure(sub.name, error.message) for sub, error in refused.items()]
        readable = [sub for sub in folders if sub not in refused]
        extracted = self._extract_each(readable, recipe.least, recipe.canvas, area)
        with self._rehearsed(dry_run):
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
                provenance = self._provenance(tx, threshold=ACCEPTANCE, **recipe.told)
                grown = {g.name: g.family for g in tx.generators(observed=True)}
        final = tuple(replace(d, family=grown[d.generator], dry_run=dry_run) for d in done)
        graph = None if dry_run else self._follow()
        return a.AddedEach(provenance, generators=final, failed=tuple(failed), graph=graph, dry_run=dry_run)

    def import_dif(
        self, folder: str | Path, name: str, *, assume_denoiser: str | None = None, dry_run: bool = False
    ) -> a.ImportedDif:
        """Keep a fingerprint that the paper's code solved as a version of ``name`` without images.

        Parameters
        ----------
        folder
            The folder its code wrote, or the checkpoint. Nothing in it is run.
        assume_denoiser
            The denoiser it is taken to have been solved with. Where that is the registry's, the fingerprint scores
            images; else it is only on record.
        dry_run
            Only say what would be kept.

        Raises
        ------
        InputError
            If the checkpoint is damaged or would have to be run, or ``name`` has images of its own.
        """
        from difreg.registry.solvers.imported import read_checkpoint

        name = check_name(name)
        foreign.check_assumed(assume_denoiser)
        solved = read_checkpoint(Path(folder))
        with single_threaded(), self._rehearsed(dry_run), self._writing() as tx:
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
                dry_run=dry_run,
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
        provenance = a.Provenance(__version__, denoiser=found.denoiser, images=refs(found))
        return a.Sketched(provenance, file=str(path), images=views.images_answer(found))
