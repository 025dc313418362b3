"""Whether each image agrees with the verdict on all of them.

Under a verdict of kin an image's own kinship with the family is judged by two densities: what the folder's other images
show (a normal of their median and spread), and what images of strangers show (the calibration's). Under a verdict of
none it disagrees where it carries a registered fingerprint by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from difreg.lineage.answers import Agreement
from difreg.lineage.calibration import calibration_at
from difreg.lineage.keeping.population import Population
from difreg.lineage.mixing import Part, single_evidence, single_kinship
from difreg.lineage.student import log_t
from difreg.lineage.tracing import DECIDED, posterior
from difreg.registry.profiles import Profile

Array = NDArray[np.float64]
DOUBTED = 0.05  # probability of being of the others' origin below which an image disagrees
CONSISTENT = 1.4826  # of a median absolute deviation with a normal's standard deviation


def agreement(
    query: Profile,
    files: Sequence[str],
    parts: Sequence[Part],
    members: Population,
    families: Mapping[str, str],
    prior: float,
) -> tuple[Agreement, ...]:
    """A row an image, in the order of ``files``; each is asked about the verdict on its part.

    Parameters
    ----------
    members
        Registered generators without the query's images.
    """
    told, evidence = single_evidence(query, query.units, members, families)
    shares = [posterior(dict(zip(told, np.exp(row).tolist(), strict=True)), prior) for row in evidence]
    out: dict[int, Agreement] = {}
    for number, part in enumerate(parts):
        rows = np.array(part.rows)
        asked = [shares[k] for k in part.rows]
        family = part.found.family
        z = kinship_with(query, rows, part, members, families)
        if part.found.verdict == "kin":
            chances = belonging(z, query)
            verdicts = [_kin(p, mine, family) for p, (_, mine) in zip(chances, asked, strict=True)]
        elif part.found.verdict == "none":
            chances = [none for none, _ in asked]
            verdicts = [_none(none, mine) for none, mine in asked]
        else:
            chances = [mine.get(family, np.nan) for _, mine in asked]
            verdicts = [None] * len(rows)
        for k, score, chance, agrees in zip(part.rows, z.tolist(), chances, verdicts, strict=True):
            out[k] = Agreement(files[k], number, family if family in told else None, score, float(chance), agrees)
    return tuple(out[k] for k in range(len(query)))


def kinship_with(
    query: Profile, rows: NDArray[np.int64], part: Part, members: Population, families: Mapping[str, str]
) -> Array:
    """(rows,) kinship of single images with the family: the mean over the members that are accepted, else over all."""
    accepted = set(part.found.indistinguishable)
    named = [families.get(n, n) == part.found.family for n in members.names]
    inside = [k for k, n in enumerate(members.names) if (n in accepted if accepted else named[k])]
    if not inside:
        return np.full(len(rows), np.nan)
    out: Array = single_kinship(query, query.units[rows], members, np.array(inside)).mean(1)
    return out


def belonging(z: Array, query: Profile) -> list[float]:
    """Probability of each image, at prior 1/2, to be of the others' origin and not a stranger's.

    Each image is judged by the others. An image above their median is never doubted for being too much alike.
    """
    calibration = calibration_at(query.background.calibrations, 1)
    out = []
    for k, value in enumerate(z.tolist()):
        others = np.delete(z, k)
        if len(others) < 3:
            out.append(float("nan"))
            continue
        middle = float(np.median(others))
        spread = max(CONSISTENT * float(np.median(np.abs(others - middle))), calibration.scale)
        deviation = (min(value, middle) - middle) / spread
        own = -0.5 * deviation**2 - np.log(spread * np.sqrt(2 * np.pi))
        strange = float(log_t(np.array(value), calibration.degrees, calibration.scale))
        out.append(float(1 / (1 + np.exp(strange - own))))
    return out


def _kin(chance: float, shares: Mapping[str, float], family: str) -> bool | None:
    if any(share >= DECIDED for other, share in shares.items() if other != family):
        return False
    if np.isnan(chance):
        return True if shares.get(family, 0.0) >= DECIDED else None
    return False if chance <= DOUBTED else True if chance >= 0.5 else None


def _none(none: float, shares: Mapping[str, float]) -> bool | None:
    if max(shares.values(), default=0.0) >= DECIDED:
        return False
    return True if none >= 0.5 else None
