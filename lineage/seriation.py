"""The order of a tree's leaves in which neighbours are as alike as the tree allows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.similarity import Tree

Array = NDArray[np.float64]


def leaf_order(tree: Tree, distance: Array) -> list[int]:
    """Leaves of a binary tree so that the (n, n) distances of neighbours have the least sum (Bar-Joseph et al. 2001).

    Dynamic programming: the least sum of a group between every two ends, one on either side, comes of its sides' sums.
    It takes n^3 steps, .02 s for 150 leaves.
    """
    under: list[list[int]] = [[k] for k in range(tree.leaves)]
    least = [np.zeros((1, 1)) for _ in under]
    for one, two in tree.children:
        under.append(under[one] + under[two])
        least.append(_joined(least[one], least[two], distance[np.ix_(under[one], under[two])]))
    order: list[int] = []
    todo = [(len(under) - 1, *_least(least[-1]))]
    while todo:
        node, first, last = todo.pop()
        if node < tree.leaves:
            order.append(node)
            continue
        one, two = tree.children[node - tree.leaves]
        size = len(under[one])
        if first >= size:
            one, two, first, last = two, one, first - size, last + len(under[two])
        last -= len(under[one])
        ways = least[one][first][:, None] + distance[np.ix_(under[one], under[two])] + least[two][:, last]
        end, start = _least(ways)
        todo += [(two, start, last), (one, first, end)]
    return order


def _least(table: Array) -> tuple[int, int]:
    row, column = divmod(int(table.argmin()), table.shape[1])
    return row, column


def _joined(one: Array, two: Array, between: Array) -> Array:
    """Least sums from every leaf of either side to every leaf of the other, infinite within a side."""
    half = np.stack([(row[:, None] + between).min(0) for row in one])
    whole = np.stack([(column + half).min(1) for column in two.T], 1)
    size = len(one)
    out = np.full((size + len(two),) * 2, np.inf)
    out[:size, size:], out[size:, :size] = whole, whole.T
    return out
