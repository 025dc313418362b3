"""The lineage graph as a drawing needs it: who is drawn under whom, and which kinship the tree already implies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import networkx as nx

DRAWN = frozenset({"Generator", "Ancestor", "Traced"})


@dataclass(frozen=True)
class Edge:
    """An edge between two drawn nodes; of ancestry from child to parent."""

    start: str
    end: str
    facts: Mapping[str, Any]

    @property
    def probability(self) -> float | None:
        """P that it holds; None where images say nothing."""
        value = self.facts.get("probability")
        return None if value is None else float(value)


@dataclass(frozen=True)
class Kindred:
    """What is drawn.

    Attributes
    ----------
    nodes
        Properties of generators and ancestors by key.
    families
        Properties of families by name.
    unit
        Of each node, the family's name it is drawn in, or its own key.
    parent
        Of each node, the one it is drawn under.
    derived, declared, kin
        Edges; ``declared`` holds only those that ``derived`` does not repeat, ``kin`` only those that neither the
        ancestry nor stronger kin imply, ``implied`` the other kin.
    stated
        Child and parent of everything declared, whether ancestry follows it or not.
    sizes
        How many generators a family has.
    """

    nodes: dict[str, Mapping[str, Any]]
    families: dict[str, Mapping[str, Any]]
    unit: dict[str, str]
    parent: dict[str, str]
    derived: list[Edge]
    declared: list[Edge]
    kin: list[Edge]
    implied: list[Edge]
    stated: frozenset[tuple[str, str]]
    sizes: Mapping[str, int]

    @property
    def edges(self) -> dict[str, list[Edge]]:
        """Edges by kind, in the order that numbers them."""
        return {"derived": self.derived, "declared": self.declared, "kin": self.kin, "implied": self.implied}

    def by_size(self) -> list[str]:
        """Families, the largest first: the order of their colours."""
        return sorted(self.families, key=lambda f: (-self.members(f), f))

    def members(self, family: str) -> int:
        """How many generators the family has."""
        return self.sizes.get(family, 0)


def read(graph: nx.MultiDiGraph[str]) -> Kindred:
    """What of ``graph`` is drawn; the same graph gives the same drawing, in whatever order it was built."""
    nodes = {key: facts for key, facts in sorted(graph.nodes(data=True)) if facts.get("label") in DRAWN}
    families = {f["name"]: f for _, f in sorted(graph.nodes(data=True)) if f.get("label") == "Family"}
    edges: dict[str, list[Edge]] = defaultdict(list)
    for start, end, facts in sorted(graph.edges(data=True), key=lambda e: (e[0], e[1], str(e[2].get("type")))):
        if start in nodes and end in nodes and start != end:
            edges[str(facts.get("type"))].append(Edge(start, end, facts))
    derived = edges["DERIVED_FROM"]
    repeated = {(e.start, e.end) for e in derived}
    declared = [e for e in edges["DECLARED_PARENT"] if (e.start, e.end) not in repeated]
    parent = _parents(nodes, derived, declared)
    sizes = Counter(str(n["family"]) for n in nodes.values() if n["label"] == "Generator" and n.get("family"))
    kin, implied = _split(edges["KIN"], derived)
    unit = _units(nodes, families, [*derived, *declared])
    stated = frozenset((e.start, e.end) for e in edges["DECLARED_PARENT"])
    return Kindred(nodes, families, unit, parent, derived, declared, kin, implied, stated, sizes)


def _parents(
    nodes: Mapping[str, Mapping[str, Any]], derived: Iterable[Edge], declared: Iterable[Edge]
) -> dict[str, str]:
    """One parent a node, without a circle: inferred before declared, generators before ancestors, likelier first."""
    ranked = sorted(derived, key=lambda e: (nodes[e.end]["label"] == "Ancestor", -(e.probability or 0), e.end))
    out: dict[str, str] = {}
    for edge in (*ranked, *declared):
        if edge.start not in out and edge.start not in _line(edge.end, out):
            out[edge.start] = edge.end
    return out


def _line(node: str, parent: Mapping[str, str]) -> list[str]:
    """``node`` and all it is drawn under."""
    out = [node]
    while out[-1] in parent:
        out.append(parent[out[-1]])
    return out


def _units(
    nodes: Mapping[str, Mapping[str, Any]], families: Mapping[str, Mapping[str, Any]], edges: Sequence[Edge]
) -> dict[str, str]:
    """Members and ancestors are drawn in their family, and so is a stub whose children mostly are."""
    out = {key: str(f["family"]) if f.get("family") in families else key for key, f in nodes.items()}
    stubs = [k for k, f in nodes.items() if f["label"] == "Generator" and not f.get("observed", True) and out[k] == k]
    changed = True
    while changed:
        changed = False
        for stub in stubs:
            inside = Counter(out[e.start] for e in edges if e.end == stub and out[e.start] in families)
            if out[stub] == stub and inside:
                out[stub], changed = inside.most_common(1)[0][0], True
    return out


def _split(kin: Iterable[Edge], derived: Iterable[Edge]) -> tuple[list[Edge], list[Edge]]:
    """Kin that join what nothing stronger joins (ancestry, then closer kin), and the others."""
    root: dict[str, str] = {}

    def find(node: str) -> str:
        while (above := root.get(node, node)) != node:
            root[node] = root.get(above, above)
            node = above
        return node

    for edge in derived:
        root[find(edge.start)] = find(edge.end)
    shown: list[Edge] = []
    implied: list[Edge] = []
    for edge in sorted(kin, key=lambda e: (-float(e.facts.get("kinship") or 0), e.start, e.end)):
        one, two = find(edge.start), find(edge.end)
        (implied if one == two else shown).append(edge)
        root[one] = two
    return shown, implied
