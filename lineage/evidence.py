"""What speaks for one generator coming from another, as logarithmic weights of the steps of a tree of descent.

Declarations are strong, dates forbid, the nearest kin counts little: images show who is kin, but hardly who is nearest
by descent, and never who came first. The numbers are few, and each says where it is from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isnan, log

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.arborescence import FORBIDDEN, Array

DECLARED = 0.95  # share of declared origins taken to be right; a choice: 19 to 1 is also what contradicts one
CONTRADICTED = 1 - DECLARED  # P(kin) below which images speak against a declared parent
UNSEEN = 0.5  # share of undirected kin whose common source is not registered: a choice, as likely as not
NEAREST = 0.65  # how often the nearest of three is so by descent; measured on decoders of known descent, chance 1/3
SPREAD = 1.6  # standard deviation of kinship among unrelated decoders of one architecture: nearer by less is chance
RESOLVED = 0.9  # share of all possible trees in which a parent that is named has to be the parent
BY_WEIGHTS = 0.8  # share of parents named by weights that are right; measured on decoders of known descent
GROUP = 0.95  # share of all possible trees in which the parent is in the group that is named


@dataclass(frozen=True)
class Facts:
    """What is declared about a generator, and its family."""

    name: str
    observed: bool
    base: bool
    parents: tuple[tuple[str, str], ...]
    released: date | None = None
    not_before: date | None = None
    family: str | None = None

    @property
    def origin_declared(self) -> bool:
        """Whether it is said where it comes from: from scratch, or from a parent."""
        return self.base or bool(self.parents)


@dataclass(frozen=True)
class Pair:
    """Kinship of two observed generators; ``clean`` is False where it cannot speak against a declaration."""

    likelihood_ratio: float
    probability: float
    support: float
    clean: bool = True
    kinship: float = float("nan")


Kin = Mapping[frozenset[str], Pair]
Parents = Mapping[str, Sequence[str]]


def forbidden(parent: Facts, child: Facts) -> bool:
    """Whether dates forbid the descent: the parent cannot have been before the child was already there."""
    return bool(parent.not_before and child.released and parent.not_before > child.released)


def surely_before(parent: Facts, child: Facts) -> bool:
    """Whether dates forbid the reverse: the parent was there before the child can have been."""
    return forbidden(child, parent)


def weigh(nodes: Sequence[Facts], followed: Parents, kin: Kin, above: Mapping[str, Collection[str]]) -> Array:
    """Logarithmic weights of all steps among ``nodes`` and from what is not registered.

    Parameters
    ----------
    nodes
        Generators joined by family or declaration.
    followed
        Declared parents of each that neither dates nor images contradict, whether among ``nodes`` or not.
    above
        What each is known to descend from; nothing descends from its own descendants.

    Returns
    -------
    (n + 1, n + 1) weights, parents in rows; node 0 is the unseen, the others are ``nodes`` in their order.
    """
    children = Counter(p for parents in followed.values() for p in parents)
    index = {g.name: k + 1 for k, g in enumerate(nodes)}
    allowed = _allowed(nodes)
    for name, line in above.items():
        allowed[index[name] - 1, [index[a] - 1 for a in line if a in index]] = False
    out = np.full((len(nodes) + 1, len(nodes) + 1), FORBIDDEN)
    for c, child in enumerate(nodes):
        rows: list[int] = np.flatnonzero(allowed[:, c]).tolist()
        parents = followed.get(child.name, ())
        if parents or child.base or not child.observed:
            said = sorted({index.get(p, 0) for p in parents} or {0})
            out[[0, *(r + 1 for r in rows)], c + 1] = log((1 - DECLARED) / (len(rows) + 1))
            out[said, c + 1] = log(DECLARED / len(said))
            continue
        told = [r for r in rows if nodes[r].origin_declared or children[nodes[r].name]]
        candidates = told or rows
        # Who has children gets children: each that is declared counts as much as being there (Yule 1925, Simon 1955).
        known = np.log1p([children[nodes[r].name] for r in candidates])
        out[[r + 1 for r in candidates], c + 1] = known + _nearness(child, [nodes[r] for r in candidates], kin)
        # What is kin to the only one trained from scratch descends from it, through others or not.
        if sum(nodes[r].base for r in told) != 1:
            out[0, c + 1] = log(UNSEEN / (1 - UNSEEN))
    return out


def _allowed(nodes: Sequence[Facts]) -> NDArray[np.bool_]:
    """(n, n) whether the row's generator is of the column's family and dates do not forbid the step."""
    start = np.array([g.not_before.toordinal() if g.not_before else 0 for g in nodes])
    there = np.array([g.released.toordinal() if g.released else date.max.toordinal() for g in nodes])
    numbers = {family: k for k, family in enumerate(sorted({g.family for g in nodes if g.family}))}
    family = np.array([numbers[g.family] if g.family else -1 - k for k, g in enumerate(nodes)])
    observed = np.array([g.observed for g in nodes])
    out: NDArray[np.bool_] = (start[:, None] <= there[None]) & (family[:, None] == family[None]) & observed[:, None]
    np.fill_diagonal(out, False)
    return out


def _nearness(child: Facts, candidates: Sequence[Facts], kin: Kin) -> Array:
    """The nearest weighs what it is worth in trees of known descent; near by less than chance counts in part."""
    found = [kin.get(frozenset((child.name, c.name))) for c in candidates]
    known = [p.kinship for p in found if p and not isnan(p.kinship)]
    best = max(known, default=0.0)
    behind = np.array([best - p.kinship if p and not isnan(p.kinship) else 0.0 for p in found])
    return -log(NEAREST / (1 - NEAREST)) * np.minimum(behind / SPREAD, 1.0)
