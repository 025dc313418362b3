"""The registry's life: what is registered, under which names, since when, and whether it is sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from difreg import __version__
from difreg.errors import IncompatibleError
from difreg.lineage import answers as a
from difreg.lineage import views
from difreg.lineage.doors.home import DENOISER, Home
from difreg.lineage.keeping import naming
from difreg.names import check_name, shown
from difreg.registry.threads import single_threaded

if TYPE_CHECKING:
    from difreg.lineage.bundles.bundle import Bundle
    from difreg.lineage.bundles.importing import Choice


class Keeping(Home):
    """Verbs that keep."""

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
        from difreg.lineage.keeping import showing

        with self._catalog.read() as tx:
            return showing.show(tx, self._background, name, at, self._provenance(tx))

    def history(self, name: str | None = None) -> a.Recorded:
        """Every change of the registry, or of one generator or family, oldest first."""
        from difreg.lineage.keeping import history

        with self._catalog.read() as tx:
            return history.answer(tx, name, self._provenance(tx))

    def alias(self, reference: str, alias: str, *, dry_run: bool = False) -> a.Aliased:
        """Let ``alias`` name one version (of a bare name the latest); it moves there if it named another.

        Nothing is written if ``dry_run``.
        """
        with self._rehearsed(dry_run), self._writing() as tx:
            name, number, before = naming.set_alias(tx, reference, alias)
            return a.Aliased(
                self._provenance(tx), generator=name, alias=alias, version=number, before=before, dry_run=dry_run
            )

    def unalias(self, name: str, alias: str, *, dry_run: bool = False) -> a.Aliased:
        """Take an alias of a generator away, or only say so if ``dry_run``."""
        with self._rehearsed(dry_run), self._writing() as tx:
            before = naming.drop_alias(tx, name, alias)
            return a.Aliased(
                self._provenance(tx), generator=name, alias=alias, version=None, before=before, dry_run=dry_run
            )

    def tag(
        self,
        name: str,
        tags: Mapping[str, str] | None = None,
        *,
        remove: Sequence[str] = (),
        dry_run: bool = False,
    ) -> a.Tagged:
        """Give a generator tags (a key it has gets the new value), and take the keys ``remove`` away.

        Nothing is written if ``dry_run``.
        """
        with self._rehearsed(dry_run), self._writing() as tx:
            record = naming.set_tags(tx, name, tags or {}, remove)
            return a.Tagged(self._provenance(tx), generator=record.name, tags=dict(record.tags), dry_run=dry_run)

    def rename(self, old: str, new: str, *, dry_run: bool = False) -> a.Renamed:
        """Give a generator another name; its history, versions, parents and children stay with it.

        Nothing is written if ``dry_run``.
        """
        with self._rehearsed(dry_run), self._writing() as tx:
            children = naming.rename(tx, old, new)
            now = check_name(new)
            return a.Renamed(self._provenance(tx), before=old, generator=now, children=tuple(children), dry_run=dry_run)

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

    def export_bundle(self, output: str | Path, names: Sequence[str] = ()) -> a.Bundled:
        """Write all generators, or ``names`` with the ancestors they declare as stubs, into one ``.difreg`` file."""
        from difreg.lineage.bundles import bundle as bundles

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
        from difreg.lineage.bundles import importing

        with importing.opened(Path(file)) as bundle:
            return self._take_in(bundle, importing.Choice(str(file), rename or {}, skip_existing, dry_run))

    def _take_in(self, bundle: Bundle, choice: Choice) -> a.Imported:
        """What is chosen of a bundle, all at once."""
        from difreg.lineage.bundles import importing

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
        from difreg.lineage.keeping import doctoring

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
        from difreg.lineage.keeping import doctoring

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
