"""Early MidJourney in the whole labelled collection: its family, how surely over its images, and where it is drawn.

The ten sample images of the Deep Image Fingerprint paper took no part in any choice or fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np

from benchmarks.kinship import named
from benchmarks.lineage.collection import bench
from benchmarks.lineage.families import accepted
from difreg import dates
from difreg.lineage.ancestry import Facts, Pair, infer
from difreg.lineage.calibration import log_likelihood_ratios
from difreg.lineage.families import communities
from difreg.lineage.kinship import kinships, score, with_doubt
from difreg.lineage.tracing import DECIDED, posterior, trace
from difreg.registry.background import get
from difreg.registry.extraction import extract
from difreg.registry.metadata import read_csv
from difreg.registry.profiles import Profile, profile_of

NAME, REPLICATES = "midjourney", 1000
RELEASED = date(2022, 7, 31)


def figures(zoo: Path, seed: int = 0) -> Iterator[dict[str, object]]:
    """One line: traced against all sets, resampled, and registered among them."""
    material = bench(zoo).material
    background = get(material.denoiser)
    members = [named(name, images, background) for name, images in material.generators.items()]
    table = {m: c.name for c in communities(accepted(members)) for m in c.members}
    query = profile_of(extract([zoo / "dif-samples" / "mj" / "1_fake"]), background, NAME)
    found = trace(query, members, table, seed=seed, doubt=False)
    inside = sorted(m for m, family in table.items() if family == found.family)
    step = next(d for d in infer(*_registered(zoo, [*members, query], table, found.family)) if d.child == NAME)
    yield {
        "measure": "midjourney",
        "n": len(query),
        "verdict": found.verdict,
        "family_members": inside,
        "probability": found.probability,
        "log10_likelihood_ratio": round(float(np.log10(found.likelihood_ratio)), 2),
        "accepted_replicates": _replicates(query, members, table, found.family, seed),
        "replicates": REPLICATES,
        "drawn_under": step.parent,
        "kind": step.parent_kind,
        "direction": step.direction,
        "among": len(step.among),
        "sentence": step.reason,
    }


def _replicates(query: Profile, members: list[Profile], table: dict[str, str], family: str, seed: int) -> float:
    """Share of replicates, all images drawn with replacement and not centred, whose trace finds the same family."""
    judged = [m for m in members if not (m.fingerprint.flagged and query.fingerprint.flagged) and m.reliability >= 0.5]
    one, scale = query.bootstrap(REPLICATES, seed)
    z = np.stack([score(one, scale, *m.bootstrap(REPLICATES, seed)) for m in judged], 1)
    images = np.array([min(len(query), len(m)) for m in judged])
    ratios = np.exp(np.stack([log_likelihood_ratios(row, images, query.background.calibrations) for row in z]))
    homes = np.array([table.get(m.name, m.name) for m in judged])
    right = 0
    for row in ratios:
        _, shares = posterior({str(f): float(row[homes == f].mean()) for f in sorted(set(homes))}, 0.5)
        right += shares[family] >= DECIDED
    return round(right / REPLICATES, 3)


def _registered(
    zoo: Path, members: list[Profile], table: dict[str, str], family: str
) -> tuple[list[Facts], dict[frozenset[str], Pair]]:
    """What a registry would hold: all kinship, the collection's declarations, of MidJourney but its date."""
    known = {n: m for n, m in read_csv(zoo / "truth.csv").items() if n in {x.name for x in members}}
    facts = [Facts(NAME, True, False, (), RELEASED, None, family)]
    for name, m in known.items():
        parents = tuple((p.name, p.relation) for p in m.parents)
        released = dates.parse(m.released).latest if m.released else None
        start = dates.parse(m.not_before).earliest if m.not_before else None
        facts.append(Facts(name, True, bool(m.base), parents, released, start, table.get(name)))
    named_ = {f.name for f in facts}
    stubs = sorted({p for f in facts for p, _ in f.parents} - named_)
    facts += [Facts(s, False, False, ()) for s in stubs]
    kin = {}
    for i, a in enumerate(members):
        for b, k in zip(members[i + 1 :], kinships(a, members[i + 1 :]), strict=True):
            doubt = with_doubt(k, a, b) if NAME in (a.name, b.name) else k
            clean = not (a.fingerprint.flagged or b.fingerprint.flagged)
            ratio = float(np.exp(k.log_likelihood_ratio))
            kin[frozenset((a.name, b.name))] = Pair(ratio, k.probability, doubt.support, clean, k.kinship)
    return facts, kin
