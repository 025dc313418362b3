"""The lineage graph: the catalogue projected into networkx, with the schema every graph store shares.

A node's key is ``Label:name``; it has ``label`` and plain properties. An edge has ``type`` and plain properties. What
is not known is absent, so that no store has to tell null from missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from difreg.lineage.ancestry import Descent, Facts, Kin, Pair, ancestor_name, forbidden, infer
from difreg.lineage.caveats import COMPRESSED
from difreg.lineage.evidence import CONTRADICTED
from difreg.lineage.heritage import Heir
from difreg.lineage.keeping import weighing
from difreg.registry.fingerprints import JPEG_FLAG
from difreg.storage.catalog import Transaction
from difreg.storage.records import GeneratorRecord, KinshipRecord, VersionRecord

if TYPE_CHECKING:
    import networkx as nx


def facts(record: GeneratorRecord) -> Facts:
    """What ancestry asks of a generator."""
    parents = tuple((p.name, p.relation) for p in record.parents)
    dates = (record.released_latest, record.not_before_earliest)
    return Facts(record.name, record.observed, bool(record.base), parents, *dates, record.family)


def pairs(rows: Iterable[KinshipRecord], flagged: frozenset[str]) -> Kin:
    """Kinship by pair; a pair with a JPEG-compressed side cannot speak against a declaration."""
    return {
        frozenset((k.a, k.b)): Pair(
            10.0**k.log10_likelihood_ratio,
            k.probability,
            k.support,
            clean=k.a not in flagged and k.b not in flagged,
            kinship=k.kinship,
        )
        for k in rows
    }


def ancestry(tx: Transaction) -> list[Descent]:
    """Inferred ancestry of the registry."""
    return _ancestry(tx.generators(), tx.latest_all(), tx.kinship(), weighing.descent(tx))


def _ancestry(
    generators: Iterable[GeneratorRecord],
    latest: Iterable[VersionRecord],
    kinship: Iterable[KinshipRecord],
    heirs: Sequence[Heir],
) -> list[Descent]:
    flagged = frozenset(v.generator for v in latest if _compressed(v))
    return infer([facts(g) for g in generators], pairs(kinship, flagged), heirs)


def _compressed(version: VersionRecord) -> bool:
    return version.jpeg > JPEG_FLAG or any(code == COMPRESSED for code, _ in version.caveats)


def build(tx: Transaction) -> nx.MultiDiGraph[str]:
    """The lineage graph of the catalogue."""
    import networkx as nx

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    latest = {v.generator: v for v in tx.latest_all()}
    generators = tx.generators()
    for g in generators:
        graph.add_node(f"Generator:{g.name}", label="Generator", **_known(_generator(g, latest.get(g.name))))
    for family in tx.families():
        props = {"name": family.name, "caption": family.title, "support": family.support, "size": len(family.members)}
        graph.add_node(f"Family:{family.name}", label="Family", **_known(props))
        for member in family.members:
            graph.add_edge(f"Generator:{member}", f"Family:{family.name}", type="MEMBER_OF")
    for v in latest.values():
        graph.add_node(f"Fingerprint:{v.digest}", label="Fingerprint", **_known(_fingerprint(v)))
        graph.add_edge(f"Generator:{v.generator}", f"Fingerprint:{v.digest}", type="HAS_FINGERPRINT")
    kinship = tx.kinship()
    steps = _ancestry(generators, latest.values(), kinship, weighing.descent(tx))
    _add_declared(graph, generators, kinship, steps)
    _add_scores(graph, tx, kinship)
    _add_ancestry(graph, steps)
    return graph


def _add_declared(
    graph: nx.MultiDiGraph[str],
    generators: Iterable[GeneratorRecord],
    kinship: Iterable[KinshipRecord],
    steps: Iterable[Descent],
) -> None:
    """Declared parents; those that ancestry does not follow say what ``contradicted`` them: dates, images or a ring."""
    followed = {(d.child, d.parent) for d in steps if d.child_kind == d.parent_kind == "generator"}
    by_name = {g.name: facts(g) for g in generators}
    kin = {frozenset((k.a, k.b)): k.probability for k in kinship}
    for g in generators:
        for p in g.parents:
            probability = kin.get(frozenset((g.name, p.name)))
            against = None
            if (g.name, p.name) not in followed:
                unlike = probability is not None and probability < CONTRADICTED
                against = "dates" if forbidden(by_name[p.name], by_name[g.name]) else "images" if unlike else "ring"
            props = {"relation": p.relation, "source": p.source, "kin_probability": probability}
            ends = f"Generator:{g.name}", f"Generator:{p.name}"
            graph.add_edge(*ends, type="DECLARED_PARENT", **_known({**props, "contradicted": against}))


def _add_scores(graph: nx.MultiDiGraph[str], tx: Transaction, kinship: Iterable[KinshipRecord]) -> None:
    for k in kinship:
        if k.accepted:
            props = {
                "kinship": k.kinship,
                "cosine": k.cosine,
                "likelihood_ratio": 10.0**k.log10_likelihood_ratio,
                "probability": k.probability,
                "low": k.low,
                "high": k.high,
                "support": k.support,
            }
            graph.add_edge(f"Generator:{k.a}", f"Generator:{k.b}", type="KIN", **_known(props))
    for c in tx.cross():
        props = {"score": c.score, "auc": c.auc, "accuracy": c.accuracy, "p_value": c.p_value, "n": c.n}
        graph.add_edge(f"Generator:{c.fingerprint}", f"Generator:{c.images}", type="CROSS_DETECTS", **_known(props))


def _add_ancestry(graph: nx.MultiDiGraph[str], steps: Iterable[Descent]) -> None:
    kinds = {"generator": "Generator", "ancestor": "Ancestor"}
    for d in steps:
        ends = [f"{kinds[kind]}:{name}" for kind, name in ((d.child_kind, d.child), (d.parent_kind, d.parent))]
        for key in ends:
            if key not in graph:
                name = key.partition(":")[2]
                graph.add_node(key, label="Ancestor", name=name, family=name.removeprefix(ancestor_name("")))
        props = {"direction": d.direction, "probability": d.probability, "support": d.support, "reason": d.reason}
        graph.add_edge(*ends, type="DERIVED_FROM", **_known(props))


def _generator(g: GeneratorRecord, v: VersionRecord | None) -> dict[str, Any]:
    return {
        "name": g.name,
        "observed": g.observed,
        "base": g.base,
        "released": g.released_latest.isoformat() if g.released_latest else None,
        "not_before": g.not_before_earliest.isoformat() if g.not_before_earliest else None,
        "family": g.family,
        "certainty": g.certainty,
        "source": g.source,
        "note": g.note,
        "licence": g.licence,
        "aliases": sorted(g.aliases) or None,
        "tags": [f"{k}={v}" for k, v in sorted(g.tags.items())] or None,
        "version": v.number if v else None,
        "images": v.images if v else None,
        "created": g.created.isoformat(),
        "reliability": v.reliability if v else None,
        "separation": v.separation if v else None,
        "jpeg": _compressed(v) if v else None,
    }


def _fingerprint(v: VersionRecord) -> dict[str, Any]:
    return {
        "digest": v.digest,
        "name": f"{v.generator}:{v.number}",
        "version": v.number,
        "solver": v.solver,
        "denoiser": v.denoiser,
        "background": v.background,
        "images": v.images,
        "created": v.created.isoformat(),
    }


def _known(props: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in props.items() if v is not None and not (isinstance(v, float) and math.isnan(v))}
