"""What pictures are made of, where no other verb answers it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from difreg.errors import InputError, NotFoundError
from difreg.files import write_whole
from difreg.lineage import answers as a
from difreg.lineage.doors.home import Home
from difreg.lineage.keeping import naming
from difreg.lineage.kinship import ACCEPTANCE
from difreg.names import shown
from difreg.registry.profiles import Profile
from difreg.registry.threads import single_threaded
from difreg.storage.catalog import Transaction

if TYPE_CHECKING:
    from difreg.lineage.portrait import Portrait


class Drawing(Home):
    """Verbs that only pictures ask."""

    def similarity_tree(self, method: str = "upgma", *, replicates: int = 100, seed: int = 0) -> a.SimilarityTree:
        """A tree of who looks alike, which is not who descends from whom.

        Parameters
        ----------
        method
            ``upgma``, average linkage; or ``nj``, neighbour joining, rooted at its midpoint.
        replicates
            Bootstrap replicates over images that the support of groups is told from.

        Raises
        ------
        NotFoundError
            If fewer than two generators have images.
        """
        from difreg.lineage import similarity

        if method not in similarity.METHODS:
            raise InputError(
                f"'{shown(method, 40)}' is no method for a tree.", f"Use one of: {', '.join(similarity.METHODS)}."
            )
        with single_threaded(), self._catalog.read() as tx:
            profiles = [self._members.get(v) for v in tx.latest_refs()]
            if len(profiles) < 2:
                raise NotFoundError(
                    "A tree needs two generators with images.", "Register some: difreg add NAME IMAGES..."
                )
            homes = {m: (f.name, f.title) for f in tx.families() for m in f.members}
            tree, support = similarity.grown(profiles, method, replicates, seed)
            leaves = tuple(_leaf(p, tree.lengths[k], *homes.get(p.name, (None, None))) for k, p in enumerate(profiles))
            provenance = self._provenance(tx, seed=seed)
        whole = {
            frozenset(m for m, (name, _) in homes.items() if name == family): family for family, _ in homes.values()
        }
        groups = []
        for k, (below, mask) in enumerate(zip(tree.children, tree.masks()[tree.leaves :], strict=True)):
            inside = frozenset(leaf.generator for n, leaf in enumerate(leaves) if mask >> n & 1)
            row = (below, tree.lengths[tree.leaves + k], float(support[k]), len(inside), whole.get(inside))
            groups.append(a.TreeGroup(*row))
        return a.SimilarityTree(provenance, method=method, replicates=replicates, leaves=leaves, groups=tuple(groups))

    def matrix(self, metric: str = "kinship", names: Sequence[str] = ()) -> a.Matrix:
        """All pairs of generators in one metric, families together.

        Parameters
        ----------
        metric
            ``accuracy``, ``auc`` or ``score`` of cross-detection, whose rows are fingerprints and whose columns are the
            images asked about; or ``kinship`` (z) or ``probability`` (of kinship, at prior 1/2), which have no order.
        names
            Generators, versions (``NAME:2``, ``NAME@ALIAS``) or families; all generators with images where empty.

        Raises
        ------
        NotFoundError
            If something named does not exist, or fewer than two generators have images.
        InputError
            If there are more than 150.
        """
        from difreg.lineage import matrices

        if metric not in matrices.METRICS:
            raise InputError(
                f"'{shown(metric, 40)}' is no metric of a matrix.", f"Use one of: {', '.join(matrices.METRICS)}."
            )
        with single_threaded(), self._catalog.read() as tx:
            profiles = self._chosen(tx, names)
            if not 2 <= len(profiles) <= matrices.MOST:
                raise _unfit(len(profiles), matrices.MOST)
            homes = {m: (f.name, f.title) for f in tx.families() for m in f.members}
            rows = matrices.ordered(profiles, homes)
            directed = metric in matrices.DIRECTED
            prior, threshold = (None, None) if directed else (0.5, ACCEPTANCE)
            return a.Matrix(
                self._provenance(tx, prior=prior, threshold=threshold),
                metric=metric,
                directed=directed,
                photographs=len(self._background.negatives) if metric in ("accuracy", "auc") else None,
                members=matrices.members(rows, homes),
                cells=matrices.cells(rows, metric),
            )

    def _chosen(self, tx: Transaction, names: Sequence[str]) -> list[Profile]:
        """The profiles that generators, versions and families named mean, each once; all where none is named."""
        if not names:
            return [self._members.get(v) for v in tx.latest_refs()]
        families = {f.name: f.members for f in tx.families()}
        wanted = [n for name in names for n in families.get(name, (name,))]
        return [naming.operand(tx, n, self._members, _no_files) for n in dict.fromkeys(wanted)]

    def portrait(self, name: str, images: Sequence[str | Path] = (), reals: Sequence[str | Path] = ()) -> Portrait:
        """A generator's fingerprint as it is drawn: in space, its spectrum, and the border of its images.

        Parameters
        ----------
        images
            Whole images of the generator, for the profile towards the border: a fingerprint does not keep it.
        reals
            Photographs to compare that profile with.
        """
        from difreg.lineage import portrait

        with single_threaded(), self._catalog.read() as tx:
            made = naming.operand(tx, name, self._members, _no_files)
            provenance = self._provenance(tx, solver=made.fingerprint.solver)
        sides = [portrait.borders(given, self._background.denoiser, self._progress) for given in (images, reals)]
        return portrait.portrait(made, provenance, *sides)

    def export_tree(self, output: str | Path, method: str = "upgma", *, replicates: int = 100, seed: int = 0) -> None:
        """Write :meth:`similarity_tree` as Newick, supports as labels of the groups."""
        from difreg.lineage import similarity

        made = self.similarity_tree(method, replicates=replicates, seed=seed)
        write_whole(Path(output), similarity.answered(made).encode("utf-8", "backslashreplace"))


def _no_files(path: str) -> Profile:
    raise NotFoundError(
        f"'{shown(path)}' is a file or folder, not a generator.", "Register it: difreg add NAME IMAGES."
    )


def _unfit(count: int, most: int) -> NotFoundError | InputError:
    if count < 2:
        return NotFoundError("A matrix needs two generators with images.", "Register some: difreg add NAME IMAGES...")
    return InputError(f"A matrix of {count} generators cannot be read.", f"Name at most {most}, or a family of them.")


def _leaf(made: Profile, length: float, family: str | None, title: str | None) -> a.TreeLeaf:
    flagged = made.flagged
    return a.TreeLeaf(made.name, made.version, length, family, title, len(made), made.reliability, flagged)
