"""The lineage as files other programs read: GraphML, JSON, CSV, Newick and Cypher."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from difreg.errors import InputError
from difreg.files import write_whole
from difreg.lineage import similarity
from difreg.names import shown
from difreg.registry.profiles import Profile

if TYPE_CHECKING:
    import networkx as nx

SUFFIXES = {
    ".graphml": "graphml",
    ".json": "json",
    ".csv": "csv",
    ".nwk": "newick",
    ".newick": "newick",
    ".cypher": "cypher",
    ".cql": "cypher",
}
FORMS = ("graphml", "json", "csv", "newick", "cypher")


def chosen(path: Path, form: str | None) -> str:
    """The form asked for, else the one the suffix names."""
    found = form or SUFFIXES.get(path.suffix.lower())
    if found not in FORMS:
        raise InputError(
            f"'{shown(form or path.name, 60)}' names no form of export.", f"Use one of: {', '.join(FORMS)}."
        )
    return found


def write(graph: nx.MultiDiGraph[str], profiles: Sequence[Profile], path: Path, form: str) -> None:
    """Write ``graph`` to ``path``, whole or not at all; ``profiles`` are the generators of a Newick tree."""
    forms: dict[str, Callable[[], str]] = {
        "graphml": lambda: graphml(graph),
        "json": lambda: node_link(graph),
        "csv": lambda: edge_list(graph),
        "newick": lambda: newick(profiles),
        "cypher": lambda: cypher(graph),
    }
    write_whole(path, forms[form]().encode("utf-8", "backslashreplace"))


def graphml(graph: nx.MultiDiGraph[str]) -> str:
    """GraphML; lists become text, joined by semicolons, and characters XML has no place for become escapes."""
    import networkx as nx

    plain: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for key, props in graph.nodes(data=True):
        plain.add_node(_xml(key), **{k: _xml(v) for k, v in props.items()})
    for one, two, props in graph.edges(data=True):
        plain.add_edge(_xml(one), _xml(two), **{k: _xml(v) for k, v in props.items()})
    return "\n".join(nx.generate_graphml(plain)) + os.linesep


def _xml(value: Any) -> Any:
    if isinstance(value, list):
        value = "; ".join(value)
    return shown(value, 1 << 20) if isinstance(value, str) else value


def node_link(graph: nx.MultiDiGraph[str]) -> str:
    """networkx's node-link JSON (``nodes``, ``edges``)."""
    import networkx as nx

    return json.dumps(nx.node_link_data(graph, edges="edges"), indent=1, ensure_ascii=False) + "\n"


def edge_list(graph: nx.MultiDiGraph[str]) -> str:
    """One edge a row: type, the two ends with their labels, then every property any edge has."""
    rows = [(one, two, props) for one, two, props in graph.edges(data=True)]
    names = sorted({k for *_, props in rows for k in props} - {"type"})
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["type", "from_label", "from", "to_label", "to", *names])
    for one, two, props in rows:
        ends = [_cell(x) for key in (one, two) for x in (graph.nodes[key]["label"], key.partition(":")[2])]
        table.writerow([props["type"], *ends, *(_cell(props.get(n)) for n in names)])
    return stream.getvalue()


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets a leading apostrophe."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value


def newick(profiles: Sequence[Profile]) -> str:
    """Similarity tree by average linkage, which is no ancestry; with support, and by neighbour joining: `plot tree`."""
    if len(profiles) < 2:
        return "".join(f"{similarity.quoted(p.name)};\n" for p in profiles)
    distance = similarity.distances(np.stack([p.direction for p in profiles]))
    return similarity.newick(similarity.upgma(distance), [p.name for p in profiles])


def cypher(graph: nx.MultiDiGraph[str]) -> str:
    """A script of ``MERGE`` statements that makes the graph in any Cypher database."""
    lines = []
    for key, props in graph.nodes(data=True):
        own = {k: v for k, v in props.items() if k != "label"}
        lines.append(f"MERGE (n:{props['label']} {{key: {_literal(key)}}}) SET n += {_map(own)};")
    for one, two, props in graph.edges(data=True):
        own = {k: v for k, v in props.items() if k != "type"}
        ends = ", ".join(f"({x}:{graph.nodes[k]['label']} {{key: {_literal(k)}}})" for x, k in (("a", one), ("b", two)))
        lines.append(f"MATCH {ends} MERGE (a)-[r:{props['type']}]->(b) SET r += {_map(own)};")
    return "\n".join(lines) + "\n"


def _map(props: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{k}: {_literal(v)}" for k, v in sorted(props.items())) + "}"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_literal(v) for v in value) + "]"
    # JSON's escapes are Cypher's; quotes and backslashes cannot end the string.
    return json.dumps(str(value), ensure_ascii=True)
