"""Mixed folders: images of several origins, found and split.

A division in two is believed where one part is kin, the other is reliable and not of that family, and the kinship of
the parts with each other speaks against it. Divisions are proposed by the images alone (two means on the sphere of
whitened images) and by the registry (the two families that explain the images best between them). A part's likelihood
ratio pays for the search.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.calibration import calibration_at, log_likelihood_ratio
from difreg.lineage.confounds import confounded
from difreg.lineage.keeping.population import Population
from difreg.lineage.kinship import kinships
from difreg.lineage.tracing import DECIDED, Trace, trace
from difreg.registry.fingerprints import RELIABLE, panel_scale
from difreg.registry.profiles import Profile
from difreg.registry.whitening import LEAST

Array = NDArray[np.float64]
Labels = NDArray[np.bool_]
FEWEST = 3  # images of a part
MOST = 4  # parts
CONSIDERED = 24  # families whose pairs are tried
PROPOSED = 3  # of each kind
PRICE = math.log(6 * PROPOSED)  # the part is the best of so many divisions: they share its prior
ROUNDS = 30
BLOCK = 512


@dataclass(frozen=True)
class Part:
    """Images of one origin: their rows in the query, and their trace."""

    rows: tuple[int, ...]
    found: Trace


def divide(query: Profile, members: Population, families: Mapping[str, str], prior: float = 0.5) -> tuple[Part, ...]:
    """The parts of ``query`` that come from different origins, the largest first; empty where one origin will do.

    Parameters
    ----------
    members
        Registered generators without the query's images (:meth:`Population.apart`).
    """
    whole = tuple(range(len(query)))
    parts = _divided(query, whole, members, families, prior)
    while len(parts) < MOST:
        finer = [(p, _divided(query, p.rows, members, families, prior)) for p in parts]
        part, pieces = next(((p, f) for p, f in finer if f), (None, []))
        if part is None:
            break
        parts = [p for p in parts if p is not part] + pieces
    joined = _settled_parts(query, _joined(query, parts, members, families, prior), members, families, prior)
    return tuple(sorted(joined, key=lambda p: (-len(p.rows), p.rows))) if len(joined) > 1 else ()


def _settled_parts(
    query: Profile, parts: list[Part], members: Population, families: Mapping[str, str], prior: float
) -> list[Part]:
    """Three or more parts, each image in the nearest: halving leaves some where an earlier cut put them."""
    if len(parts) < 3:
        return parts
    owners = np.empty(len(query), np.int64)
    for k, part in enumerate(parts):
        owners[list(part.rows)] = k
    for _ in range(ROUNDS):
        centres = np.stack([_direction(query.units[owners == k]) for k in range(len(parts))])
        nearer = (query.units @ centres.T).argmax(1)
        if min(np.bincount(nearer, minlength=len(parts))) < FEWEST:
            return parts
        if (nearer == owners).all():
            break
        owners = nearer
    rows = [tuple(np.flatnonzero(owners == k).tolist()) for k in range(len(parts))]
    again = [trace(query.subset(r), members, families, prior, doubt=False, price=PRICE) for r in rows]
    same = all((f.verdict, f.family) == (p.found.verdict, p.found.family) for f, p in zip(again, parts, strict=True))
    return [Part(r, f) for r, f in zip(rows, again, strict=True)] if same else parts


def _divided(
    query: Profile, rows: tuple[int, ...], members: Population, families: Mapping[str, str], prior: float
) -> list[Part]:
    """The best believable division of these images in two; empty where there is none."""
    if len(rows) < 2 * FEWEST:
        return []
    best: tuple[tuple[bool, float], list[Part]] | None = None
    tried: set[bytes] = set()
    units = query.units[list(rows)]
    for labels in _proposals(units, query, members, families):
        key = (labels if labels[0] else ~labels).tobytes()
        if key in tried or min(labels.sum(), (~labels).sum()) < FEWEST:
            continue
        tried.add(key)
        sides = [tuple(rows[k] for k in np.flatnonzero(side)) for side in (labels, ~labels)]
        halves = [query.subset(side) for side in sides]
        found = [trace(half, members, families, prior, doubt=False, price=PRICE) for half in halves]
        if not _believed(halves, found):
            continue
        worth = (all(f.verdict == "kin" for f in found), _gain(units, labels))
        if best is None or worth > best[0]:
            best = worth, [Part(side, f) for side, f in zip(sides, found, strict=True)]
    return best[1] if best else []


def _believed(halves: Sequence[Profile], found: Sequence[Trace]) -> bool:
    """Whether two parts are of two origins: needs no threshold of its own, and none was fitted to mixed folders."""
    if (
        not all(half.reliability >= RELIABLE for half in halves)
        or kinships(halves[0], [halves[1]])[0].log_likelihood_ratio >= 0
    ):
        return False
    one, two = found
    return any(kin.verdict == "kin" and _another(other, kin.family) for kin, other in ((one, two), (two, one)))


def _another(found: Trace, family: str) -> bool:
    """Whether a part is not of this family."""
    return bool(found.family) and (found.family != family or found.probability < 1 - DECIDED)


def _proposals(units: Array, query: Profile, members: Population, families: Mapping[str, str]) -> Iterator[Labels]:
    centred = units - units.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    for axis in axes[:PROPOSED]:
        along = centred @ axis
        yield _settled(units, along > 0)
        yield _settled(units, along > np.median(along))
    _, told = single_evidence(query, units, members, families)
    if told.shape[1] < 2:
        return
    likely = np.argsort(-np.maximum(told, 0).sum(0), kind="stable")[:CONSIDERED]
    pairs = list(combinations(likely.tolist(), 2))
    worth = [float(np.maximum(told[:, a], told[:, b]).sum()) for a, b in pairs]
    for k in np.argsort(-np.array(worth), kind="stable")[:PROPOSED]:
        a, b = pairs[int(k)]
        labels: Labels = told[:, a] > told[:, b]
        yield labels
        yield _settled(units, labels)
    for k in likely[:PROPOSED]:
        labels = told[:, k] > 0
        yield labels
        yield _settled(units, labels)


def single_evidence(
    query: Profile, units: Array, members: Population, families: Mapping[str, str]
) -> tuple[list[str], Array]:
    """Judged families, and the natural logarithm of each single image's likelihood ratio for each, (n, families)."""
    judged = np.flatnonzero(members.reliable & members.evidence & ~confounded(query, members))
    if not len(judged):
        return [], np.empty((len(units), 0))
    homes = np.array([families.get(members.names[k], members.names[k]) for k in judged.tolist()])
    told, place = np.unique(homes, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(told)))
    sizes = np.bincount(place)
    out = np.empty((len(units), len(told)))
    for begin in range(0, len(units), BLOCK):
        z = single_kinship(query, units[begin : begin + BLOCK], members, judged[order])
        ratios = np.exp(log_likelihood_ratio(z, calibration_at(query.background.calibrations, 1)))
        out[begin : begin + BLOCK] = np.log(np.add.reduceat(ratios, starts, axis=1) / sizes)
    return [str(f) for f in told], out


def single_kinship(query: Profile, units: Array, members: Population, rows: NDArray[np.int64]) -> Array:
    """(n, rows) kinship of single whitened images with members."""
    own = panel_scale(units, query.background.panel)
    out: Array = units @ members.directions[rows].T / 2 * (1 / own[:, None] + 1 / members.scales[rows])
    return out


def _settled(units: Array, labels: Labels) -> Labels:
    """Two means on the sphere from these labels on."""
    for _ in range(ROUNDS):
        if labels.all() or not labels.any():
            break
        one, two = _direction(units[labels]), _direction(units[~labels])
        nearer: Labels = units @ one > units @ two
        if (nearer == labels).all():
            break
        labels = nearer
    return labels


def _direction(units: Array) -> Array:
    total = units.sum(0)
    out: Array = total / max(float(np.linalg.norm(total)), LEAST)
    return out


def _gain(units: Array, labels: Labels) -> float:
    """How much longer the sums of the parts are than the sum of all: the gain in likelihood of two means over one."""
    lengths = [float(np.linalg.norm(units[side].sum(0))) for side in (labels, ~labels)]
    return math.fsum(lengths) - float(np.linalg.norm(units.sum(0)))


def _joined(
    query: Profile, parts: Sequence[Part], members: Population, families: Mapping[str, str], prior: float
) -> list[Part]:
    """Parts of one family made one part again."""
    groups: dict[tuple[str, str | int], list[Part]] = {}
    for k, part in enumerate(parts):
        groups.setdefault(("kin", part.found.family) if part.found.verdict == "kin" else ("none", k), []).append(part)
    out = []
    for group in groups.values():
        rows = tuple(sorted(r for p in group for r in p.rows))
        again = (
            group[0].found
            if len(group) == 1
            else trace(query.subset(rows), members, families, prior, doubt=False, price=PRICE)
        )
        out.append(Part(rows, again))
    return out
