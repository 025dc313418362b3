"""Made answers, for tests of figures and pages: a trace with its evidence, a drift, and all of a registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import networkx as nx

from difreg.lineage.answers import (
    Audited,
    AuditRow,
    BackgroundShown,
    Candidate,
    Caveat,
    Drifted,
    DriftStep,
    Evidence,
    Families,
    FamilyRow,
    GeneratorRow,
    Images,
    Kin,
    Listing,
    Matrix,
    MatrixCell,
    MatrixMember,
    Provenance,
    SimilarityTree,
    Traced,
    TreeGroup,
    TreeLeaf,
    Witness,
)
from difreg.lineage.calibration import calibration_at
from difreg.lineage.figures.report import CROSS, TREE, Material
from difreg.lineage.kinship import threshold
from difreg.registry.background import Calibration

NAN = float("nan")
MADE = Provenance("0", denoiser="wavelet-1", background="background-1", prior=0.5, registry="d" * 64)
FITTED = (
    Calibration(1, 5, 0.9, 5.0, 2.0, 3.0, 1.5, -0.5, 13.8),
    Calibration(4, 5, 0.8, 9.0, 3.0, 5.0, 2.0, -0.5, 13.8),
    Calibration(16, 6, 0.7, 14.0, 4.0, 8.0, 3.0, -0.4, 13.8),
)
ACCEPTANCE = threshold(calibration_at(FITTED, 10))  # of the ten images that are traced


def background() -> BackgroundShown:
    return BackgroundShown(
        MADE,
        name="background-1",
        denoiser="wavelet-1",
        digest="b" * 64,
        photographs=71,
        negatives=71,
        whitening_sets=16,
        panel=tuple(f"panel-{k}" for k in range(16)),
        calibrations=tuple(asdict(c) for c in FITTED),
        acceptance=tuple(threshold(c) for c in FITTED),
    )


def traced(*names: str, query: str = "unknown", warnings: Sequence[str] = ("a warning",)) -> tuple[Traced, Evidence]:
    """Candidates at z 9, 7, 5 ...; the first two of one family, the third of none, the last weak and undoubted."""
    rows = []
    for k, name in enumerate(names):
        z, last = 9.0 - 2 * k, k == len(names) - 1 and k > 0
        low, high = (NAN, NAN) if last else (z - 3, z + 3)
        chance, family = (0.999 if z > ACCEPTANCE else 0.2), f"fam {names[0]}" if k < 2 else None
        rows.append(Candidate(name, 1, z / 20, z, 99.0, chance, low, high, 0.9, 0.3 if last else 0.9, family=family))
    answer = Traced(
        MADE,
        query=query,
        verdict="kin",
        family=f"fam {names[0]}" if names else None,
        title=None,
        probability=0.998,
        likelihood_ratio=99.0,
        none_probability=0.002,
        candidates=tuple(rows),
        indistinguishable=tuple(names[:2]),
        placement=None,
        parts=(),
        images=Images(10),
        reliability=0.8,
        needed_images=None,
        warnings=tuple(Caveat("made", w) for w in warnings),
    )
    seen = datetime(2026, 1, 2, tzinfo=UTC)
    witnesses = tuple(Witness(name, 1, 1, "f" * 64, 20 + k, seen, ()) for k, name in enumerate(names))
    return answer, Evidence(background(), witnesses, ())


def step(before: int, verdict: str, agreement: float = 0.97, *, warnings: Sequence[str] = ()) -> DriftStep:
    """One comparison with the next version, known to .05."""
    kin = None if agreement != agreement else Kin("g", before, 0.4, 8.0, 99.0, 0.99, 6.0, 10.0, 1.0, 0.9)
    return DriftStep(
        before=before,
        after=before + 1,
        images_before=12,
        images_after=13,
        verdict=verdict,
        probability=0.999 if verdict == "changed" else 0.1,
        agreement=agreement,
        low=agreement - 0.05,
        high=agreement + 0.05,
        p_value=0.0005,
        kinship=kin,
        warnings=tuple(Caveat("made", w) for w in warnings),
    )


def drifted(*steps: DriftStep, name: str = "service") -> Drifted:
    first, last = steps[0], steps[-1]
    overall = None
    if len(steps) > 1:
        overall = DriftStep(
            **{f: getattr(last, f) for f in last.__dataclass_fields__ if f != "before"} | {"before": first.before}
        )
    verdicts = {s.verdict for s in steps}
    verdict = next((v for v in ("changed", "open", "insufficient") if v in verdicts), "unchanged")
    return Drifted(MADE, generator=name, verdict=verdict, steps=steps, overall=overall)


def matrix(names: tuple[str, ...], metric: str = "accuracy", *, directed: bool = True) -> Matrix:
    """Of the names, the first two a family; cells say their place: row.column."""
    homes = [("family-1", "Kin"), ("family-1", "Kin"), *[(None, None)] * (len(names) - 2)]
    members = tuple(
        MatrixMember(n, 1, *home, 20, 0.3 if k == 2 else 0.9, k == 2)
        for k, (n, home) in enumerate(zip(names, homes, strict=True))
    )
    cells = tuple(
        MatrixCell(a, b, NAN, NAN, NAN, 0)
        if i == j == 2
        else MatrixCell(a, b, i / 10 + j / 100, 0.001, 0.999, 12, i < 2)
        for i, a in enumerate(names)
        for j, b in enumerate(names)
    )
    return Matrix(
        Provenance("0"), metric=metric, directed=directed, photographs=71 if directed else None, members=members,
        cells=cells,
    )  # fmt: skip


def material(*names: str, families: int = 1, text: str = "card says otherwise") -> Material:
    """A registry of these generators in so many families of neighbours; the last is weak and in none."""
    size = max((len(names) - 1) // families, 1)
    homes = {name: f"family-{k // size}" for k, name in enumerate(names[:-1]) if k // size < families}
    listed = tuple(
        GeneratorRow(n, 1, homes.get(n), 20, 0.2 if n == names[-1] else 0.9, "2023-01", None, k == 0, True)
        for k, n in enumerate(names)
    )
    groups = dict.fromkeys(homes.values())
    rows = tuple(
        FamilyRow(f, text if k == 0 else None, tuple(m for m in homes if homes[m] == f), 0.98, None)
        for k, f in enumerate(groups)
    )
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for row in rows:
        graph.add_node(f"Family:{row.family}", label="Family", name=row.family, support=0.98, size=len(row.members))
    for g in listed:
        facts = {"name": g.name, "observed": True, "base": g.base, "version": 1, "images": 20, "reliability": 0.9}
        home = {"family": g.family} if g.family else {}
        graph.add_node(f"Generator:{g.name}", label="Generator", **facts, **home)
    tree = None
    if 1 < len(names) <= TREE:
        leaves = tuple(TreeLeaf(n, 1, 0.1, homes.get(n), None, 20, 0.9, False) for n in names)
        joined, below = [], 0
        for k in range(1, len(names)):
            joined.append(TreeGroup((below, k), 0.1, 0.9, k + 1, None))
            below = len(names) + k - 1
        tree = SimilarityTree(MADE, method="upgma", replicates=100, leaves=leaves, groups=tuple(joined))
    found = tuple(AuditRow(n, n, None, 0.9, text) for n in names[:1])
    alone = tuple(n for n in names if n not in homes)
    return Material(
        Listing(MADE, generators=listed),
        Families(MADE, families=rows, singletons=alone),
        Audited(MADE, agree=(), contradict=found, silent=found),
        background(),
        graph,
        tree,
        matrix(names, "kinship", directed=False) if 1 < len(names) <= TREE else None,
        matrix(names) if 1 < len(names) <= CROSS else None,
    )
