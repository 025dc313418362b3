"""What pictures are made of, where no other verb answers it."""

from __future__ import annotations

from pathlib import Path

from difreg.errors import InputError, NotFoundError
from difreg.files import write_whole
from difreg.lineage import answers as a
from difreg.lineage.doors.home import Home
from difreg.names import shown
from difreg.registry.profiles import Profile
from difreg.registry.threads import single_threaded


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

    def export_tree(self, output: str | Path, method: str = "upgma", *, replicates: int = 100, seed: int = 0) -> None:
        """Write :meth:`similarity_tree` as Newick, supports as labels of the groups."""
        from difreg.lineage import similarity

        made = self.similarity_tree(method, replicates=replicates, seed=seed)
        write_whole(Path(output), similarity.answered(made).encode("utf-8", "backslashreplace"))


def _leaf(made: Profile, length: float, family: str | None, title: str | None) -> a.TreeLeaf:
    flagged = made.flagged
    return a.TreeLeaf(made.name, made.version, length, family, title, len(made), made.reliability, flagged)
