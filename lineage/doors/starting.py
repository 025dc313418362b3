"""The starter registry, which ships with difreg, into a home."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from difreg.errors import IncompatibleError
from difreg.lineage import answers as a
from difreg.lineage import starter
from difreg.lineage.doors.home import DENOISER
from difreg.lineage.doors.keeping import Keeping
from difreg.names import shown

if TYPE_CHECKING:
    from difreg.lineage.bundles.bundle import Bundle


class Starting(Keeping):
    """Verbs that begin a registry."""

    def init(self, *, denoiser: str | None = None, starter: bool = False, dry_run: bool = False) -> a.Initialised:
        """Make the home, if it is not there.

        Parameters
        ----------
        denoiser
            The denoiser of all its fingerprints, settled for good; difreg's best where None.
        starter
            Load the starter registry too, as :meth:`install_starter` does.
        dry_run
            Only say what would be made.

        Raises
        ------
        IncompatibleError
            If there is no such denoiser, or the registry or the starter registry has another.
        """
        if not starter:
            with self._rehearsed(dry_run):
                return replace(super().init(denoiser=denoiser), dry_run=dry_run)
        with self._starter(denoiser) as bundle, self._rehearsed(dry_run):
            made = super().init(denoiser=bundle.manifest.denoiser)
            return replace(made, starter=replace(self._install(bundle), dry_run=dry_run), dry_run=dry_run)

    def install_starter(self, *, dry_run: bool = False) -> a.StarterInstalled:
        """Load the generators of the starter registry; what is here under a name of theirs is left as it is.

        Parameters
        ----------
        dry_run
            Only say what would be done.

        Raises
        ------
        IncompatibleError
            If the registry is of another denoiser.
        """
        with self._starter(None) as bundle, self._rehearsed(dry_run):
            return replace(self._install(bundle), dry_run=dry_run)

    @contextmanager
    def _starter(self, asked: str | None) -> Iterator[Bundle]:
        """The starter registry, open, if it is of the denoiser that is ``asked`` for or settled here."""
        from difreg.lineage.bundles import importing

        with self._catalog.read() as tx:
            here = tx.setting(DENOISER) or asked
        with importing.opened(starter.path()) as bundle:
            theirs = bundle.manifest.denoiser
            other = next((d for d in (here, asked) if d not in (None, theirs)), None)
            if other is not None:
                raise IncompatibleError(
                    f"The starter registry is of the denoiser {theirs}, not {shown(other, 40)}.",
                    "Scores of two never mix; give it a home of its own: difreg --home DIR starter install.",
                )
            yield bundle

    def _install(self, bundle: Bundle) -> a.StarterInstalled:
        from difreg.lineage.bundles.importing import Choice

        done = self._take_in(bundle, Choice(starter.NAME, yielding=True))
        with self._catalog.read() as tx:
            families = len(tx.families())
        changed = bool(done.restored) or any(g.action in {"new", "extended"} for g in done.generators)
        return a.StarterInstalled(
            done.provenance,
            starter=starter.NAME,
            changed=changed,
            generators=done.generators,
            restored=done.restored,
            families=families,
        )
