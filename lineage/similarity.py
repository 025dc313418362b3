"""Trees of similarity: average linkage and neighbour joining on ``1 - max(0, cosine)`` of templates, with the support
of each group over bootstrap replicates of the images. They show what looks alike, and no descent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.answers import SimilarityTree
from difreg.registry.profiles import Profile

Array = NDArray[np.float64]
REPLICATES = 100


@dataclass(frozen=True)
class Tree:
    """A rooted tree of n leaves.

    Attributes
    ----------
    children
        Of each inner node, numbered n, n + 1, ... in this order; the last is the root.
    lengths
        Of the branch above every node, 0 for the root.
    """

    leaves: int
    children: tuple[tuple[int, ...], ...]
    lengths: tuple[float, ...]

    def masks(self) -> list[int]:
        """Leaves under every node, as the bits of a number."""
        out = [1 << k for k in range(self.leaves)]
        for below in self.children:
            out.append(sum(out[c] for c in below))
        return out


def distances(directions: Array) -> Array:
    """(..., n, n) distances ``1 - max(0, cosine)`` of (..., n, 192) unit directions."""
    out: Array = 1 - np.maximum(directions @ np.swapaxes(directions, -1, -2), 0)
    out[..., np.arange(out.shape[-1]), np.arange(out.shape[-1])] = 0
    return out


def upgma(distance: Array) -> Tree:
    """Average linkage (UPGMA, Sokal and Michener 1958) of (n, n) distances, n of 2 or more; a node lies at half.

    By the nearest-neighbour chain (Muellner 2011, algorithm 3): each group is followed to its nearest, until two are
    each other's nearest and are joined; n^2 steps.
    """
    n = len(distance)
    d = distance.astype(np.float64)
    np.fill_diagonal(d, np.inf)
    size, height = np.ones(n), np.zeros(n)
    joined: list[tuple[float, int, int]] = []
    chain: list[int] = []
    while len(joined) < n - 1:
        chain = chain or [int(np.argmax(size > 0))]
        nearest = int(d[chain[-1]].argmin())
        if len(chain) > 1 and d[chain[-1], chain[-2]] <= d[chain[-1], nearest]:  # of the equally near the one before
            gone, kept = sorted((chain.pop(), chain.pop()))
            height[kept] = max(d[gone, kept], height[gone], height[kept])  # rounding must turn no branch over
            joined.append((float(height[kept]), gone, kept))
            mean = (size[gone] * d[gone] + size[kept] * d[kept]) / (size[gone] + size[kept])
            d[kept], d[:, kept] = mean, mean
            d[gone], d[:, gone], d[kept, kept] = np.inf, np.inf, np.inf
            size[kept], size[gone] = size[gone] + size[kept], 0
        else:
            chain.append(nearest)
    return _by_height(n, sorted(joined, key=lambda row: row[0]))


def _by_height(n: int, joined: Sequence[tuple[float, int, int]]) -> Tree:
    """The tree of groups joined at rising distances, each pair named by a leaf of either; the later leaf stays."""
    height, label = np.zeros(2 * n - 1), list(range(n))
    lengths = np.zeros(2 * n - 1)
    children: list[tuple[int, ...]] = []
    for k, (apart, gone, kept) in enumerate(joined, n):
        height[k] = apart / 2
        below = sorted((label[gone], label[kept]))
        lengths[below] = height[k] - height[below]
        children.append(tuple(below))
        label[kept] = k
    return Tree(n, tuple(children), tuple(lengths.tolist()))


def neighbour_joining(distance: Array) -> Tree:
    """Neighbour joining (Saitou and Nei 1987, in the form of Studier and Keppler 1988) of (n, n) distances, n >= 2.

    Of r nodes left, those with the least ``(r - 2) d_ij - R_i - R_j`` are joined, R the sums of rows; i's branch is
    ``d_ij / 2 + (R_i - R_j) / (2 (r - 2))`` and what is joined lies at ``(d_ik + d_jk - d_ij) / 2`` from k. The last
    three meet in the root, which is no origin: see :func:`at_midpoint`. Branches may come out negative.
    """
    n = len(distance)
    d = distance.astype(np.float64)
    alive, label = np.arange(n), list(range(n))
    children: list[tuple[int, ...]] = []
    lengths = np.zeros(max(2 * n - 2, 3))
    while len(alive) > 3:
        r = len(alive)
        part = d[np.ix_(alive, alive)]
        sums = part.sum(1)
        score = (r - 2) * part - sums[:, None] - sums[None]
        np.fill_diagonal(score, np.inf)
        i, j = divmod(int(np.argmin(score)), r)
        skew = (sums[i] - sums[j]) / (2 * (r - 2))
        lengths[label[alive[i]]], lengths[label[alive[j]]] = part[i, j] / 2 + skew, part[i, j] / 2 - skew
        children.append((label[alive[i]], label[alive[j]]))
        joined = (part[i] + part[j] - part[i, j]) / 2
        d[alive[i], alive] = d[alive, alive[i]] = joined
        d[alive[i], alive[i]] = 0
        label[alive[i]] = n + len(children) - 1
        alive = np.delete(alive, j)
    part, last = d[np.ix_(alive, alive)], [label[k] for k in alive]
    lengths[last] = part[0, 1] / 2 if len(alive) == 2 else (part.sum(1) - part.sum() / 4)
    return Tree(n, (*children, tuple(last)), (*lengths[: n + len(children)].tolist(), 0.0))


def at_midpoint(tree: Tree) -> Tree:
    """The same tree rooted in the middle of its longest path, branches of negative length drawn as none (Farris 1972).

    Where it has its root says nothing about an origin.
    """
    total = tree.leaves + len(tree.children)
    beside: list[dict[int, float]] = [{} for _ in range(total)]
    for k, below in enumerate(tree.children):
        for c in below:
            beside[c][tree.leaves + k] = beside[tree.leaves + k][c] = max(tree.lengths[c], 0.0)
    one = _farthest(beside, 0, tree.leaves)[0]
    two, before, far = _farthest(beside, one, tree.leaves)
    node, left = two, far[two] / 2
    while beside[node][before[node]] < left:
        left -= beside[node][before[node]]
        node = before[node]
    other = before[node]
    ends = ((node, other, left), (other, node, beside[node][other] - left))
    children: list[tuple[int, ...]] = []
    lengths = dict[int, float]()

    def grow(start: int, source: int, length: float) -> int:
        """Nodes below ``start`` as seen from ``source``, children before parents; the new number of ``start``."""
        order, todo = [], [(start, source, length)]
        while todo:
            at, origin, span = todo.pop()
            order.append((at, origin, span))
            todo += [(k, at, w) for k, w in beside[at].items() if k != origin]
        made: dict[int, int] = {}
        for at, origin, span in reversed(order):
            made[at] = at
            if at >= tree.leaves:
                children.append(tuple(made[k] for k in beside[at] if k != origin))
                made[at] = tree.leaves + len(children) - 1
            lengths[made[at]] = span
        return made[start]

    children.append(tuple(grow(*end) for end in ends))
    lengths[tree.leaves + len(children) - 1] = 0.0
    return Tree(tree.leaves, tuple(children), tuple(lengths[k] for k in range(tree.leaves + len(children))))


def _farthest(
    beside: Sequence[dict[int, float]], start: int, leaves: int
) -> tuple[int, dict[int, int], dict[int, float]]:
    far, before, todo = {start: 0.0}, dict[int, int](), [start]
    while todo:
        at = todo.pop()
        for other, length in beside[at].items():
            if other not in far:
                far[other], before[other] = far[at] + length, at
                todo.append(other)
    return max((k for k in far if k < leaves and k != start), key=lambda k: (far[k], -k)), before, far


METHODS: dict[str, Callable[[Array], Tree]] = {"upgma": upgma, "nj": neighbour_joining}


def grown(profiles: Sequence[Profile], method: str, replicates: int = REPLICATES, seed: int = 0) -> tuple[Tree, Array]:
    """The tree of two or more profiles, and the support of its inner nodes.

    Returns
    -------
    The tree, that of neighbour joining rooted at its midpoint, and of each inner node the share of ``replicates``,
    images drawn with replacement, that have the group: the same leaves, and for neighbour joining the same two sides.
    NaN where every tree has it, and where there are no replicates.
    """
    make = METHODS[method]
    tree = make(distances(np.stack([p.direction for p in profiles])))
    tree = at_midpoint(tree) if method == "nj" else tree
    drawn = np.stack([p.bootstrap(replicates, seed)[0].astype(np.float32) for p in profiles], 1)
    found = [groups(make(distances(one.astype(np.float64))), method) for one in drawn]
    whole = (1 << tree.leaves) - 1
    support = np.full(len(tree.children), np.nan)
    for k, mask in enumerate(tree.masks()[tree.leaves :]):
        if found and _told(mask, whole, method):
            support[k] = np.mean([_side(mask, whole, method) in each for each in found])
    return tree, support


def groups(tree: Tree, method: str) -> set[int]:
    """The groups of a tree, as bits: leaves under an inner node, or for ``nj`` the side of a split without leaf 0."""
    whole = (1 << tree.leaves) - 1
    return {_side(m, whole, method) for m in tree.masks()[tree.leaves :] if _told(m, whole, method)}


def _side(mask: int, whole: int, method: str) -> int:
    return whole ^ mask if method == "nj" and mask & 1 else mask


def _told(mask: int, whole: int, method: str) -> bool:
    """Whether not every tree has the group."""
    size, rest = mask.bit_count(), (whole ^ mask).bit_count()
    return size > 1 and rest > (1 if method == "nj" else 0)


def newick(tree: Tree, names: Sequence[str], support: Array | None = None) -> str:
    """The tree in Newick's format, names quoted, supports as labels of inner nodes."""
    text = [quoted(name) for name in names]
    for k, below in enumerate(tree.children):
        told = "" if support is None or np.isnan(support[k]) else f"{support[k]:.2f}"
        text.append(f"({','.join(f'{text[c]}:{tree.lengths[c]:.6f}' for c in below)}){told}")
        for c in below:
            text[c] = ""  # what lies above holds it now
    return text[-1] + ";\n"


def answered(told: SimilarityTree) -> str:
    """Newick of a tree as it was answered."""
    children = tuple(g.children for g in told.groups)
    lengths = (*(x.length for x in told.leaves), *(g.length for g in told.groups))
    support = np.array([g.support for g in told.groups])
    return newick(Tree(len(told.leaves), children, lengths), [x.generator for x in told.leaves], support)


def quoted(name: str) -> str:
    """A name as Newick has it."""
    return "'" + name.replace("'", "''") + "'"
