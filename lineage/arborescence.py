"""Directed spanning trees over a few hundred nodes: the likeliest one, and how likely each step is over all of them.

The likeliest is found by Edmonds' algorithm in the order of Gabow et al. (1986), in O(n^2) steps on a dense matrix; the
probabilities come from the matrix-tree theorem (Tutte 1948) as in Koo et al., EMNLP 2007, without listing any tree.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FORBIDDEN = -np.inf


def likeliest(weights: Array) -> NDArray[np.int64]:
    """Spanning arborescence of the largest total weight, rooted at node 0.

    Parameters
    ----------
    weights
        (n, n) logarithmic weight of the step from row (parent) to column (child); ``-inf`` forbids it. What enters
        node 0, and the diagonal, are not looked at.

    Returns
    -------
    (n,) parent of each node; -1 for node 0.

    Raises
    ------
    ValueError
        If some node cannot be reached from node 0.
    """
    n = len(weights)
    into = _prepared(weights)
    top = list(range(n))  # the contracted node each node is in
    above: list[int] = [-1] * n  # tree of contractions
    members: list[list[int]] = [[k] for k in range(n)]
    entry: dict[int, tuple[int, int]] = {}  # of each node, contracted or not, its best step in: (parent, child)
    columns = list(into.T.copy())  # of each node, the weights of the steps into it
    targets = [np.full(n, k) for k in range(n)]  # and the nodes these lead to
    path, at = [0], 0  # from a node to its best parent and so on
    while len(members[at]) < n:
        column = columns[at].copy()
        column[members[at]] = FORBIDDEN
        parent = int(np.argmax(column))
        if column[parent] == FORBIDDEN:
            raise ValueError("some node cannot be reached from the root")
        entry[at] = (parent, int(targets[at][parent]))
        source = top[parent]
        if source not in path:
            path.append(source)
            at = source
            continue
        start = path.index(source)
        ring, new = path[start:], len(members)  # a ring becomes one node; its steps in pay for those they replace
        adjusted = np.stack([columns[v] - columns[v][entry[v][0]] for v in ring])
        best = np.argmax(adjusted, 0)
        columns.append(adjusted[best, np.arange(n)])
        targets.append(np.stack([targets[v] for v in ring])[best, np.arange(n)])
        members.append([m for v in ring for m in members[v]])
        above.append(-1)
        for v in ring:
            above[v] = new
            columns[v] = targets[v] = np.empty(0)
        for m in members[new]:
            top[m] = new
        path, at = [*path[:start], new], new
    return _expanded(n, above, entry)


def _prepared(weights: Array) -> Array:
    """Steps back to the root cost nothing, so that all contracts to one node; the expansion leaves them out."""
    out = weights.astype(np.float64)
    out[:, 0] = 0.0
    return out


def _expanded(n: int, above: list[int], entry: dict[int, tuple[int, int]]) -> NDArray[np.int64]:
    """Undo the contractions from the root down: a ring opens where its best step in leads to."""
    below: dict[int, list[int]] = {}
    for node, over in enumerate(above):
        below.setdefault(over, []).append(node)
    parents = np.full(n, -1, dtype=np.int64)
    todo: list[int] = []

    def enter(leaf: int, whole: int) -> None:
        """``whole`` is entered at ``leaf``: of every ring around that, the other parts keep their own steps in."""
        while leaf != whole:
            todo.extend(v for v in below[above[leaf]] if v != leaf)
            leaf = above[leaf]

    (last,) = below[-1]
    enter(0, last)
    while todo:
        node = todo.pop()
        parent, child = entry[node]
        parents[child] = parent
        enter(child, node)
    return parents


def step_probabilities(weights: Array) -> Array:
    """Probability of each step where every arborescence rooted at node 0 has its weight's exponential as likelihood.

    Parameters
    ----------
    weights
        As for :func:`likeliest`.

    Returns
    -------
    (n, n) probability that the column's node has the row's as its parent; columns sum to 1, that of node 0 to 0.
    """
    n = len(weights)
    theta = weights.copy()
    theta[:, 0] = FORBIDDEN
    np.fill_diagonal(theta, FORBIDDEN)
    peak = theta[:, 1:].max(0)  # a common factor of all steps into a node is in every tree
    theta[:, 1:] = np.exp(theta[:, 1:] - peak)
    theta[:, 0] = 0.0
    laplacian = np.diag(theta[:, 1:].sum(0)) - theta[1:, 1:]
    inverse = np.linalg.inv(laplacian)
    out = np.zeros((n, n))
    diagonal = np.diag(inverse)
    out[0, 1:] = theta[0, 1:] * diagonal
    out[1:, 1:] = theta[1:, 1:] * (diagonal[None, :] - inverse.T)
    return np.clip(out, 0.0, 1.0)
