"""Families by title, and what is declared against what images say."""

from __future__ import annotations

from difreg.errors import InputError
from difreg.lineage import answers as a
from difreg.lineage.doors.projecting import Projecting
from difreg.lineage.keeping import titles
from difreg.registry.threads import single_threaded


class Auditing(Projecting):
    """Verbs about families and declarations."""

    def rename_family(self, family: str, title: str, *, dry_run: bool = False) -> a.FamilyTitled:
        """Give a family a title, which stays with its name; an empty one takes it away.

        Nothing is written if ``dry_run``.

        Raises
        ------
        InputError, NotFoundError
            If the title is another family's, cannot be one, or there is no such family.
        """
        with self._rehearsed(dry_run), self._writing() as tx:
            name, before, now = titles.give(tx, family, title)
            return a.FamilyTitled(self._provenance(tx), family=name, title=now, before=before, dry_run=dry_run)

    def audit(self, *, prior: float = 0.5) -> a.Audited:
        """What is declared against what the images say, a row a declaration.

        Parameters
        ----------
        prior
            Probability, before looking, that a declared parent is right.

        Raises
        ------
        InputError
            If ``prior`` is no probability between 0 and 1.
        """
        from difreg.lineage.keeping.watching import audit_of

        if not 0 < prior < 1:
            raise InputError(
                f"The prior {prior} is not between 0 and 1.", "It is the probability that a card is right."
            )
        with single_threaded(), self._catalog.read() as tx:
            found = audit_of(tx, self._members).findings(prior)
            lists = {v: tuple(f.row for f in found if f.verdict == v) for v in ("agree", "contradict", "silent")}
            return a.Audited(self._provenance(tx, prior=prior), **lists)
