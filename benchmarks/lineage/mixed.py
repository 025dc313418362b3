"""Mixed folders: how often images of two generators are told apart and named, and how often one generator's are split.

No image of a folder is registered. A set of the large family has its relatives registered and not itself; any other set
is registered by its remaining images. Both clusters (sources) are left out of whitening, panel and calibration. The
rule that believes a division has no fitted threshold; its shape and the limit of an image's agreement were settled on
draws of other seeds, under the background of all clusters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.kinship import Bench, families_of, named
from difreg.lineage.agreement import agreement
from difreg.lineage.background_builder import gather
from difreg.lineage.keeping.population import Population
from difreg.lineage.labelled import KIN_FAMILY, LINES, Label
from difreg.lineage.mixing import Part, divide
from difreg.lineage.tracing import trace
from difreg.registry.background import Background
from difreg.registry.fingerprints import RELIABLE
from difreg.registry.profiles import Profile, profile

Array = NDArray[np.float64]
SHARES = ((10, 10), (15, 5))
SIZES = (20, 15, 10)
DRAWS = 3
ODD = 2  # photographs put among a generator's images
REPLICATES = 2000


@dataclass(frozen=True)
class Mixed:
    """One mixed folder: its clusters, whether both sides were traced to their family alone, and what was found."""

    clusters: tuple[str, str]
    alone: bool
    mixed: bool
    both: bool
    decided: bool
    right: float


@dataclass(frozen=True)
class Pure:
    """One folder of one generator: whether it was split, and how many images were said to disagree."""

    clusters: tuple[str, str]
    split: bool
    kin: bool
    disagreeing: int
    images: int
    odd: int
    odd_found: int


def figures(zoo: Path, seed: int = 11) -> Iterator[dict[str, object]]:
    """A line a share of two generators, and two on folders of one: with relatives registered and without."""
    bench = Bench(gather(zoo))
    told = {"measure": "mixed", "seed": seed}
    for share in SHARES:
        cases = list(_mixes(bench, share, np.random.default_rng([seed, *share])))
        alone = [c for c in cases if c.alone]
        yield told | {"images": list(share), "strong": "reliability"} | _mix_line(cases, seed)
        yield told | {"images": list(share), "strong": "each side alone is kin"} | _mix_line(alone, seed)
    for relatives in (True, False):
        pure = list(_pures(bench, relatives, np.random.default_rng([seed, relatives])))
        yield {"measure": "pure", "relatives": relatives, "seed": seed} | _pure_line(pure, seed)


def _mix_line(cases: Sequence[Mixed], seed: int) -> dict[str, object]:
    clusters = [c.clusters for c in cases]
    return {
        "both_named": _mean(c.both for c in cases),
        "interval": interval([c.both for c in cases], clusters, seed),
        "mixed": _mean(c.mixed for c in cases),
        "both_decided": _mean(c.decided for c in cases),
        "images_in_the_right_part": _mean(c.right for c in cases if c.both),
        "n": len(cases),
        "clusters": len({c for pair in clusters for c in pair}),
    }


def _pure_line(cases: Sequence[Pure], seed: int) -> dict[str, object]:
    clusters = [c.clusters for c in cases]
    kin = [c for c in cases if c.kin]
    return {
        "mixed": _mean(c.split for c in cases),
        "interval": interval([c.split for c in cases], clusters, seed),
        "n": len(cases),
        "clusters": len({c for pair in clusters for c in pair}),
        "kin": len(kin),
        "images_disagreeing_of_kin": round(sum(c.disagreeing for c in kin) / max(sum(c.images for c in kin), 1), 4),
        "images_of_kin": sum(c.images for c in kin),
        "photographs_found_among_kin": round(sum(c.odd_found for c in kin) / max(sum(c.odd for c in kin), 1), 4),
        "photographs_among_kin": sum(c.odd for c in kin),
    }


def _mixes(bench: Bench, share: tuple[int, int], rng: np.random.Generator) -> Iterator[Mixed]:
    """Folders of every pair of lossless sets of unrelated families, in both orders where the shares differ."""
    for one, two in permutations(bench.lossless.values(), 2):
        if _line(one) == _line(two) or (share[0] == share[1] and one.name > two.name):
            continue
        background = bench.background(frozenset({one.cluster, two.cluster}))
        (inside, rest), (other, other_rest) = (
            _apart(bench, x, n, background, rng) for x, n in zip((one, two), share, strict=True)
        )
        members, families = _registry(bench, background, {one.name: rest, two.name: other_rest})
        registered = {m.name: m.reliability for m in members.members}
        ready = (x.family == KIN_FAMILY or registered.get(x.name, 0.0) >= RELIABLE for x in (one, two))
        if all(ready) and inside.reliability >= RELIABLE and other.reliability >= RELIABLE:
            homes = (_home(one, members, families), _home(two, members, families))
            yield _mixed((one.cluster, two.cluster), joined(inside, other), homes, share[0], members, families)


def _mixed(
    clusters: tuple[str, str],
    query: Profile,
    homes: tuple[set[str], set[str]],
    first: int,
    members: Population,
    families: dict[str, str],
) -> Mixed:
    truth = np.arange(len(query)) < first
    sides = [query.subset(np.flatnonzero(side).tolist()) for side in (truth, ~truth)]
    alone = [trace(side, members, families, doubt=False) for side in sides]
    parts = divide(query, members, families)
    owners = [int(truth[list(p.rows)].mean() < 0.5) for p in parts]
    right = sum(int((truth[list(p.rows)] == (o == 0)).sum()) for p, o in zip(parts, owners, strict=True))
    hits = {o for p, o in zip(parts, owners, strict=True) if p.found.family in homes[o]}
    sure = {o for p, o in zip(parts, owners, strict=True) if p.found.family in homes[o] and p.found.verdict == "kin"}
    return Mixed(
        clusters,
        all(t.verdict == "kin" and t.family in h for t, h in zip(alone, homes, strict=True)),
        bool(parts),
        len(hits) == 2,
        len(sure) == 2,
        right / len(query),
    )


def _pures(bench: Bench, relatives: bool, rng: np.random.Generator) -> Iterator[Pure]:
    for label in bench.lossless.values():
        background = bench.background(frozenset({label.cluster}))
        photographs = named("photographs", bench.material.test, background)
        for size in SIZES:
            for _ in range(DRAWS if size < max(SIZES) else 1):
                query, rest = _apart(bench, label, size, background, rng)
                members, families = _registry(bench, background, {label.name: rest}, None if relatives else label)
                parts = divide(query, members, families)
                whole = trace(query, members, families, doubt=False)
                agreed = agreement(query, [""] * size, _parts(query, parts, members, families), members, families, 0.5)
                odd = joined(query, photographs.subset(rng.permutation(len(photographs))[:ODD].tolist()))
                found = divide(odd, members, families)
                rows = agreement(odd, [""] * len(odd), _parts(odd, found, members, families), members, families, 0.5)
                yield Pure(
                    (label.cluster, label.cluster),
                    bool(parts),
                    whole.verdict == "kin" and not parts and not found,
                    sum(r.agrees is False for r in agreed),
                    size,
                    ODD,
                    sum(r.agrees is False for r in rows[size:]),
                )


def _parts(query: Profile, parts: tuple[Part, ...], members: Population, families: dict[str, str]) -> tuple[Part, ...]:
    return parts or (Part(tuple(range(len(query))), trace(query, members, families, doubt=False)),)


def _apart(
    bench: Bench, label: Label, size: int, background: Background, rng: np.random.Generator
) -> tuple[Profile, Profile | None]:
    """``size`` images of a set for the folder, and what may be registered of the rest."""
    images = bench.material.generators[label.name]
    order = rng.permutation(len(images))
    rest = order[size:] if label.family != KIN_FAMILY else order[:0]
    registered = named(label.name, images, background, rest) if len(rest) >= 2 else None
    return named("query", images, background, order[:size]), registered


def _registry(
    bench: Bench, background: Background, instead: dict[str, Profile | None], strangers_of: Label | None = None
) -> tuple[Population, dict[str, str]]:
    """The whole collection as registered, these sets replaced or left out; without relatives of ``strangers_of``."""
    members = [named(n, s, background) for n, s in bench.material.generators.items() if n not in instead]
    members += [p for p in instead.values() if p is not None]
    if strangers_of is not None:
        members = [m for m in members if _line(bench.material.labels[m.name]) != _line(strangers_of)]
    return Population.of(members), families_of(members)


def _home(label: Label, members: Population, families: dict[str, str]) -> set[str]:
    """The families that are right for a set: its own, or, of the large family, any of its members'."""
    if label.family != KIN_FAMILY:
        return {families.get(label.name, label.name)}
    homes = [families[n] for n in members.names if n in families]
    return {max(set(homes), key=homes.count)}


def _line(label: Label) -> str:
    return next((line for line in LINES if label.family.startswith(line)), label.family)


def joined(one: Profile, two: Profile) -> Profile:
    """The images of two sets as one."""
    sketches = np.concatenate([one.sketches, two.sketches])
    return profile("query", one.contents + two.contents, sketches, one.background)


def interval(values: Sequence[float], clusters: Sequence[tuple[str, str]], seed: int) -> list[float]:
    """95 % bootstrap interval of a mean over clusters; a case weighs the product of its clusters' counts."""
    names = sorted({c for pair in clusters for c in pair})
    first, second = (np.array([names.index(pair[k]) for pair in clusters]) for k in (0, 1))
    seen = np.asarray(values, dtype=np.float64)
    counts = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=REPLICATES)
    weight = np.where(first == second, counts[:, first], counts[:, first] * counts[:, second]).astype(np.float64)
    drawn = weight.sum(1) > 0
    found = (weight[drawn] @ seen) / weight[drawn].sum(1)
    return [round(float(v), 4) for v in np.quantile(found, [0.025, 0.975])]


def _mean(values: Iterable[float]) -> float:
    told = [float(v) for v in values]
    return round(sum(told) / len(told), 4) if told else float("nan")
