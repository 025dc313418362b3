"""Leads: what likeness by period says where kinship finds nobody.

A lead names who is worth a closer look. It changes no verdict, and no lead is given where compression, resampling or
a watermark may have made the likeness.
"""

from __future__ import annotations

import numpy as np

from difreg import numerals
from difreg.lineage.answers import Caveat, Likeness
from difreg.lineage.keeping.population import Population
from difreg.lineage.likeness import FOUND, NAME, cut, likeness, p_values, real_panel, shipped
from difreg.names import shown
from difreg.registry.profiles import Profile

WHOSE = "decoders tuned for long and imitations are"


def compared(one: Profile, two: Profile, kin: bool, confounded: bool) -> Likeness | None:
    """Likeness of two sets; ``kin`` and ``confounded`` are what kinship says. None where it may be something else's."""
    nulls = shipped(one.background.denoiser, one.background.name)
    if not nulls or confounded or one.altered or two.altered:
        return None
    panel = real_panel(one.background)
    a, b = (cut(p.direction[None], panel) for p in (one, two))
    score = likeness(a, b)
    p = float(p_values(score, np.array([min(len(one), len(two))]), nulls)[0])
    found = p < FOUND and not kin
    text = f"z {numerals.z(float(score[0]))} period by period, p {numerals.probability(p)} among strangers"
    if found:
        text += f": more alike than strangers are, as {WHOSE}; not kin by that"
    return Likeness(float(score[0]), p, found, NAME, text)


def traced(query: Profile, members: Population) -> Caveat | None:
    """The lead to the one of ``members`` that the query is most like, where that is not chance among so many.

    Those that are weak, look compressed or decide nothing are not asked.
    """
    nulls = shipped(query.background.denoiser, query.background.name)
    rows = np.flatnonzero(members.reliable & members.evidence & ~members.flagged)
    if not nulls or not len(rows) or query.altered:
        return None
    panel = real_panel(query.background)
    scores = likeness(cut(query.direction[None], panel), cut(members.directions[rows], panel))
    p = p_values(scores, np.minimum(members.counts[rows], len(query)), nulls)
    best = int(p.argmin())
    if not p[best] * len(rows) < FOUND:
        return None
    name = shown(members.names[rows[best]])
    told = f"z {numerals.z(float(scores[best]))}, p {numerals.probability(float(p[best]))}"
    told += f", the best of {len(rows)}" if len(rows) > 1 else ""
    text = f"not kin, and yet period by period more like {name} than strangers are ({told}), as {WHOSE}"
    return Caveat("perhaps_changed", f"{text}: difreg compare would tell more")
