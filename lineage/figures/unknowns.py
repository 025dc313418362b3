"""The unknowns of a trace in a lineage: a node a traced set, under the parent it was given or beside its nearest kin.

The answer is read from a file that anybody may have written: what is not as ``difreg trace`` writes it is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from difreg.errors import InputError
from difreg.names import shown

if TYPE_CHECKING:
    import networkx as nx

NEAREST = 10  # kin of an unknown that are drawn
_HINT = "Write it with: difreg trace IMAGES... --format json -o ANSWER.json"


def read(path: Path) -> list[dict[str, Any]]:
    """The traces in a file of ``difreg trace`` or ``difreg trace --each``.

    Raises
    ------
    InputError
        If it cannot be read, or holds something else.
    """
    try:
        body = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{shown(str(path))} is no answer of trace: {shown(str(error), 100)}.", _HINT) from error
    kind = body.get("schema") if isinstance(body, dict) else None
    traces = [body] if kind == "difreg/trace" else body.get("traces") if kind == "difreg/trace-each" else None
    if not isinstance(traces, list) or not all(isinstance(t, dict) for t in traces):
        raise InputError(f"{shown(str(path))} is no answer of trace.", _HINT)
    return traces


def add(graph: nx.MultiDiGraph[str], traces: Iterable[Mapping[str, Any]]) -> None:
    """Add each trace to ``graph`` as a node labelled ``Traced``, with its edges.

    Raises
    ------
    InputError
        If a trace lacks what it should have, or names generators that the graph does not hold.
    """
    for number, trace in enumerate(traces):
        try:
            _add(graph, trace, f"Traced:{number}")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"A trace in the answer is incomplete: {shown(str(error), 60)}.", _HINT) from error


def _add(graph: nx.MultiDiGraph[str], trace: Mapping[str, Any], key: str) -> None:
    probability = _number(trace["probability"])
    facts = {
        "name": str(trace["query"]).rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1] or "unknown",
        "verdict": str(trace["verdict"]),
        "probability": probability,
        "none": _number(trace["none_probability"]),
        "likelihood_ratio": _number(trace["likelihood_ratio"]),
        "images": int(trace["images"]["used"]),
        "reliability": _number(trace.get("reliability")),
    }
    if trace["verdict"] == "kin" and trace.get("family"):
        facts["family"] = str(trace["family"])
    graph.add_node(key, label="Traced", **_known(facts))
    placement = trace.get("placement")
    if placement:
        label = "Ancestor" if placement["kind"] == "ancestor" else "Generator"
        parent = _held(graph, f"{label}:{placement['parent']}")
        step = {"direction": placement.get("direction"), "probability": probability, "reason": str(placement["reason"])}
        graph.add_edge(key, parent, type="DERIVED_FROM", **_known(step))
    if trace["verdict"] == "kin":
        for kin in _accepted(trace):
            numbers = {k: _number(kin.get(k)) for k in _KIN}
            graph.add_edge(key, _held(graph, f"Generator:{kin['generator']}"), type="KIN", **_known(numbers))
    elif trace["verdict"] == "mixed":
        for part in trace["parts"]:
            if part["verdict"] == "kin" and part.get("nearest"):
                near = {k: _number(part.get(k)) for k in ("probability", "likelihood_ratio")}
                graph.add_edge(key, _held(graph, f"Generator:{part['nearest']}"), type="KIN", **_known(near))


_KIN = ("kinship", "likelihood_ratio", "probability", "low", "high", "support")


def _accepted(trace: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The nearest candidates that pass the threshold the trace was made with."""
    least = _number(trace.get("provenance", {}).get("threshold")) or 0.5
    passing = [c for c in trace["candidates"] if (_number(c.get("probability")) or 0) >= least]
    return sorted(passing, key=lambda c: (-(_number(c.get("kinship")) or 0), str(c["generator"])))[:NEAREST]


def _held(graph: nx.MultiDiGraph[str], key: str) -> str:
    if key not in graph:
        raise InputError(
            f"The trace names {shown(key.partition(':')[2], 60)}, which this registry does not hold.",
            "Trace the images again with this registry.",
        )
    return key


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in facts.items() if v is not None}
