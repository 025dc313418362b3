"""Tracing: which family made these images, or none, or too little to say.

A trace is Bayesian. "No relative here" has the prior ``prior`` and the families share the rest equally, a generator
without family counting as one. A family's likelihood ratio is the mean of its members', as if one of them, we do not
know which, were the source; so many candidates do not inflate the answer, and one odd member does not make it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from difreg.lineage.ancestry import Facts, ancestor_name, hang
from difreg.lineage.answers import Caveat, Placement
from difreg.lineage.caveats import displaced_caveat, further_images, trace_caveats, undecided_caveat
from difreg.lineage.keeping.population import Member, Population
from difreg.lineage.kinship import Kinship, kinships, with_doubt
from difreg.lineage.phases import Search, aligned, search_set
from difreg.registry.fingerprints import RELIABLE
from difreg.registry.profiles import Profile

DECIDED = 0.95  # posterior of a family that is called kin
SHOWN = 12
OTHERS = 4  # of those shown, at least, are not of the likeliest family


@dataclass(frozen=True)
class Origin:
    """A registered generator as an origin of the images."""

    member: Member
    family: str
    kinship: Kinship


@dataclass(frozen=True)
class Trace:
    """What a trace found. ``family`` is the likeliest family's name, whatever the verdict; "" where none was judged."""

    verdict: str
    family: str
    probability: float
    likelihood_ratio: float
    none_probability: float
    origins: tuple[Origin, ...]
    indistinguishable: tuple[str, ...]
    needed_images: int | None
    caveats: tuple[Caveat, ...]
    search: Search | None = None


def trace(
    query: Profile,
    members: Population | Sequence[Profile],
    families: Mapping[str, str],
    prior: float = 0.5,
    seed: int = 0,
    doubt: bool = True,
    search_phase: bool = False,
    price: float = 0.0,
) -> Trace:
    """Place ``query`` among ``members``.

    Parameters
    ----------
    members
        Registered generators under the query's background.
    families
        Family of each member that has one, by name.
    prior
        Probability, before looking, that no relative is registered; between 0 and 1, both excluded.
    doubt
        Whether the nearest origins get their interval and support, which takes resampling and moves no verdict.
    search_phase
        Whether the images may have been cropped off the grid or mirrored, all alike.
    price
        Taken off every logarithmic ratio: of so many sets of images this one was chosen.
    """
    everyone = members if isinstance(members, Population) else Population.of(members)
    fresh, shared = everyone.apart(query.contents)
    found = search_set(query, fresh, families) if search_phase and len(fresh) else None
    given, query = query, aligned(query, found.phase) if found else query
    known = found.priced(kinships(query, fresh)) if found else kinships(query, fresh)
    known = [k.paid(price) for k in known] if price else known
    origins = [Origin(m, families.get(m.name, m.name), k) for m, k in zip(fresh.members, known, strict=True)]
    origins.sort(key=lambda o: (-o.kinship.kinship, o.member.name))
    able = [o for o in origins if o.member.reliability >= RELIABLE and not o.kinship.confounded]
    judged = [o for o in able if o.member.evidence]
    hushed = [o.member.name for o in able if not o.member.evidence and o.kinship.accepted]
    ratios = _by_family(judged)
    none, shares = posterior(ratios, prior)
    best = max(shares, key=lambda f: (shares[f], f), default="")
    doubtful = given.altered or query.altered or bool(hushed)
    verdict = _verdict(query.reliability, shares.get(best, 0.0), none if judged else None, doubtful)
    displaced = None
    if verdict == "none" and doubt and not found:
        elsewhere = trace(query, fresh, families, prior, doubt=False, search_phase=True)
        if moved := elsewhere.search:
            placed = (moved.phase, elsewhere.family, elsewhere.probability)
            displaced = displaced_caveat(*placed, elsewhere.none_probability, sure=elsewhere.verdict == "kin")
        verdict = "insufficient" if elsewhere.verdict == "kin" else verdict
    top = [_doubted(o, query, fresh, seed) if doubt else o for o in _shown(origins, best)]
    alike = (
        tuple(sorted(o.member.name for o in judged if o.family == best and o.kinship.accepted))
        if verdict == "kin"
        else ()
    )
    caveats = [*([displaced] if displaced else []), *_caveats(given, query, origins, shared, hushed)]
    if verdict == "insufficient" and query.reliability >= RELIABLE and judged and not doubtful and not displaced:
        caveats.append(undecided_caveat(best, shares[best], none))
    return Trace(
        verdict=verdict,
        family=best,
        probability=shares.get(best, 0.0),
        likelihood_ratio=ratios.get(best, float("nan")),
        none_probability=none,
        origins=tuple(top),
        indistinguishable=alike,
        needed_images=further_images(query) if verdict == "insufficient" else None,
        caveats=tuple(caveats),
        search=found,
    )


def _shown(origins: Sequence[Origin], family: str) -> list[Origin]:
    """The nearest origins; a large family leaves room for the nearest of the others."""
    inside = [o for o in origins if o.family == family]
    others = [o for o in origins if o.family != family]
    room = min(len(others), OTHERS)
    chosen = {o.member.row for o in (*inside[: SHOWN - room], *others[: SHOWN - min(len(inside), SHOWN - room)])}
    return [o for o in origins if o.member.row in chosen]


def _by_family(origins: Sequence[Origin]) -> dict[str, float]:
    ratios: dict[str, list[float]] = {}
    for o in origins:
        ratios.setdefault(o.family, []).append(float(np.exp(o.kinship.log_likelihood_ratio)))
    return {family: float(np.mean(values)) for family, values in ratios.items()}


def posterior(ratios: Mapping[str, float], prior: float) -> tuple[float, dict[str, float]]:
    """Posterior of no relative and of each family, from likelihood ratios and the prior of no relative."""
    if not ratios:
        return prior, {}
    share = (1 - prior) / len(ratios)
    total = prior + sum(share * r for r in ratios.values())
    return prior / total, {f: share * r / total for f, r in ratios.items()}


def _verdict(reliability: float, probability: float, none: float | None, doubtful: bool) -> str:
    if none is None or not reliability >= RELIABLE:
        return "insufficient"
    if probability >= DECIDED:
        return "kin"
    # Compression, resampling and blur hide kinship, so that its absence is no evidence then; nor is none what is kin to
    # somebody who may not decide.
    return "none" if none >= 0.5 and not doubtful else "insufficient"


def _doubted(origin: Origin, query: Profile, members: Population, seed: int) -> Origin:
    known = with_doubt(origin.kinship, query, members.profile(origin.member.row), seed)
    return Origin(origin.member, origin.family, known)


def _caveats(
    given: Profile, query: Profile, origins: Sequence[Origin], shared: Sequence[str], hushed: Sequence[str]
) -> list[Caveat]:
    weak = [o.member.name for o in origins if not o.member.reliability >= RELIABLE]
    alike = [o for o in origins if o.kinship.confounded]
    jpeg = [o.member.name for o in alike if query.flagged and o.member.flagged]
    marked = [o.member.name for o in alike if o.member.name not in jpeg]
    return trace_caveats(given, shared, weak, jpeg, marked, hushed)


def place(result: Trace, generators: Sequence[Facts]) -> Placement | None:
    """Where a traced set hangs in the lineage; None unless its verdict is kin."""
    if result.verdict != "kin":
        return None
    members = [g for g in generators if g.family == result.family]
    unknown = Facts("", observed=False, base=False, parents=())
    if not members:
        (alone,) = (g for g in generators if g.name == result.family)
        found = hang(unknown, [replace(alone, family=result.family)])
        if found.kind == "generator" and found.parent:
            return Placement(found.parent, found.kind, found.direction, found.reason)
        text = found.reason if alone.parents else "the only kin; which of the two came first cannot be told from images"
        return Placement(alone.name, "generator", None, text)
    found = hang(unknown, members)
    if found.parent is None:
        return Placement(ancestor_name(result.family), "ancestor", None, found.reason)
    return Placement(found.parent, found.kind, found.direction, found.reason)
