"""Drift: whether the service behind a name changed between two sets of its images, and how surely.

Two questions with one answer each. Could both sets come from one source? A permutation test: the squared distance of
the sets' mean whitened unit images, among those of the same images dealt out at random. How far apart are the sources?
The agreement of the two templates, corrected for the noise each has from its own images, is 1 for one source, less what
other content takes away; against that stands a changed source with any agreement from 0 to 1 alike. The ratio of the
two likelihoods makes a probability, which can speak for "unchanged" as well; the test alone also answers to content.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from difreg.errors import InputError
from difreg.lineage import answers as a
from difreg.lineage.caveats import fingerprint_caveats
from difreg.lineage.kinship import Z95, kinships, with_doubt
from difreg.lineage.views import kin_answer
from difreg.names import shown
from difreg.registry.fingerprints import RELIABLE
from difreg.registry.profiles import Profile
from difreg.registry.whitening import LEAST

Array = NDArray[np.float64]
FEWEST = 5  # images on each side: below, no jackknife is worth its name and no permutation test can be sure
PERMUTATIONS = 1999
DECIDED = 0.95  # probability from which a change is told; below one half nothing changed
CONTENT = 0.05  # spread of the agreement that sets of one decoder lose to what they show
BY_CONTENT = 0.5  # flat drawings and photographs of one decoder were measured to agree as little as this
WIDEST = 0.15  # standard error of the agreement above which "unchanged" would be an empty word
_SOURCES = np.linspace(0, 1, 401)


@dataclass(frozen=True)
class Agreement:
    """Noise-corrected cosine of two sets' means, its standard error, and the probability that their sources differ."""

    value: float
    error: float
    probability: float


def agreement(one: Array, two: Array) -> Agreement:
    """Agreement of (n, 192) and (m, 192) unit vectors.

    The error is the delete-one jackknife's over both sets (Efron and Stein 1981), with Student tails of as many degrees
    of freedom as the smaller set has.
    """
    value = float(_corrected(one.mean(0)[None], two.mean(0)[None], len(one), len(two))[0])
    error = math.sqrt(max(_jackknife(one, two) + _jackknife(two, one), LEAST))
    freedom = min(len(one), len(two)) - 1
    fit = -(freedom + 1) / 2 * np.log1p(((value - _SOURCES) / error) ** 2 / freedom)
    likelihood = np.exp(fit - fit.max())
    same = np.exp(-(((1 - _SOURCES) / CONTENT) ** 2) / 2)
    against, alike = float(likelihood.mean()), float(likelihood @ same / same.sum())
    return Agreement(value, error, against / (against + alike))


def _corrected(one: Array, two: Array, n: int, m: int) -> Array:
    """(k,) cosines of (k, 192) means of n and m unit vectors over the lengths they would have without noise."""
    energies = [np.maximum((c * (v**2).sum(-1) - 1) / (c - 1), LEAST) for v, c in ((one, n), (two, m))]
    out: Array = (one * two).sum(-1) / np.sqrt(energies[0] * energies[1])
    return out


def _jackknife(varied: Array, fixed: Array) -> float:
    n = len(varied)
    left = (varied.sum(0) - varied) / (n - 1)
    values = _corrected(left, fixed.mean(0)[None], n - 1, len(fixed))
    return float((n - 1) / n * ((values - values.mean()) ** 2).sum())


def permutation_test(one: Array, two: Array, seed: int) -> float:
    """p-value that (n, 192) and (m, 192) unit vectors are drawn from one source."""
    both = np.concatenate([one, two])
    rng = np.random.default_rng([seed, len(one), len(two)])
    first = np.zeros((PERMUTATIONS, len(both)))
    np.put_along_axis(first, rng.random(first.shape).argsort(1)[:, : len(one)], 1.0, axis=1)
    sums, total = first @ both, both.sum(0)
    distances = ((sums / len(one) - (total - sums) / len(two)) ** 2).sum(1)
    found = float(((one.mean(0) - two.mean(0)) ** 2).sum())
    return float((1 + (distances >= found * (1 - 1e-9)).sum()) / (1 + PERMUTATIONS))


def answer(name: str, versions: Sequence[Profile], provenance: a.Provenance, seed: int = 0) -> a.Drifted:
    """Each version against the next, and the first against the latest.

    Raises
    ------
    InputError
        If there are fewer than two versions.
    """
    if len(versions) < 2:
        told = shown(name)
        has = "one version" if versions else "no version"
        raise InputError(f"'{told}' has {has}.", f"Add images of another time: difreg add {told} IMAGES...")
    steps = tuple(step(one, two, seed) for one, two in pairwise(versions))
    overall = step(versions[0], versions[-1], seed) if len(versions) > 2 else None
    verdicts = {s.verdict for s in (*steps, overall) if s is not None}
    verdict = next((v for v in ("changed", "open", "insufficient") if v in verdicts), "unchanged")
    return a.Drifted(provenance, generator=name, verdict=verdict, steps=steps, overall=overall)


def step(before: Profile, after: Profile, seed: int = 0) -> a.DriftStep:
    """One version against a later one, less the images that both hold."""
    fresh = after.without(frozenset(before.contents))
    left = sum(content not in set(before.contents) for content in after.contents)
    ends: dict[str, Any] = {"before": before.version, "after": after.version}
    ends |= {"images_before": len(before), "images_after": left}
    if fresh is None or min(len(before), len(fresh)) < FEWEST:
        few = a.Caveat("few_images", f"{FEWEST} images on each side are needed that the other does not hold")
        unknown: dict[str, Any] = dict.fromkeys(("probability", "agreement", "low", "high", "p_value"), math.nan)
        return a.DriftStep(**ends, verdict="insufficient", **unknown, kinship=None, warnings=(few,))
    found = agreement(before.units, fresh.units)
    p_value = permutation_test(before.units, fresh.units, seed)
    verdict = _verdict(before, fresh, found, p_value)
    known = with_doubt(kinships(before, [fresh])[0], before, fresh, seed)
    return a.DriftStep(
        **ends,
        verdict=verdict,
        probability=found.probability,
        agreement=found.value,
        low=found.value - Z95 * found.error,
        high=found.value + Z95 * found.error,
        p_value=p_value,
        kinship=kin_answer(known, fresh),
        warnings=tuple(_caveats(before, fresh, found, verdict)),
    )


def _verdict(one: Profile, two: Profile, found: Agreement, p_value: float) -> str:
    if any(p.flagged or not p.reliability >= RELIABLE for p in (one, two)):
        return "insufficient"
    if found.probability >= DECIDED and p_value <= 1 - DECIDED:
        return "changed"
    if found.error > WIDEST:
        return "insufficient"
    return "open" if found.probability >= 0.5 else "unchanged"


def _caveats(one: Profile, two: Profile, found: Agreement, verdict: str) -> Iterator[a.Caveat]:
    for made in (one, two):
        for caveat in fingerprint_caveats(made):
            yield a.Caveat(caveat.code, f"version {made.version}: {caveat.text}")
    if verdict == "insufficient" and found.error > WIDEST:
        text = f"the agreement is known to {found.error:.2f} only: a change could hide in that, more images would tell"
        yield a.Caveat("uncertain", text)
    if verdict in {"changed", "open"} and found.value > BY_CONTENT:
        text = "images of quite another kind can differ this much without any change: compare like with like"
        yield a.Caveat("content", text)
