"""The tables of ``docs/nursery.md``, made from the figures the benchmark printed.

python -m benchmarks.nursery.document benchmarks/nursery/measured.jsonl docs/nursery.md
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.nursery.relations import CONTROL, HARD, STRANGERS
from benchmarks.nursery.scoring import QUERY, REGISTERED
from benchmarks.nursery.yardsticks import PANELS

Figures = Sequence[Mapping[str, Any]]
TRACE, PAIR = [QUERY, REGISTERED], [QUERY, QUERY]
KIN = (
    "same decoder",
    "tuned 5 %",
    "tuned 10 %",
    "tuned 20 %",
    "tuned 50 %",
    "tuned 100 %",
    "grandchild, 50 + 50 %",
    "merge and founder",
    "merge and its parents",
    "distilled",
    "distilled, own encoder",
    "one tuning, two checkpoints",
    "tuned on A and on B",
    "cousins, same data last",
    "cousins, no data in common",
)
DATA = ("neither tuned", "one tuned", "both tuned, other data", "both tuned, same data")


def figures(path: Path) -> list[dict[str, Any]]:
    """What the benchmark printed."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _chosen(told: Figures, measure: str, panel: str = PANELS[1], n: Sequence[int] = TRACE) -> list[Mapping[str, Any]]:
    return [f for f in told if f["measure"] == measure and f.get("panel") == panel and f.get("n") == list(n)]


def _rows(head: str, rows: Sequence[Sequence[object]]) -> str:
    columns = head.count("|") - 1
    return "\n".join([head, "|---" * columns + "|", *("| " + " | ".join(map(str, r)) + " |" for r in rows)])


def relations(told: Figures) -> str:
    """Kinship and acceptance by relation."""
    trace, pair = ({f["relation"]: f for f in _chosen(told, "relation", n=n)} for n in (TRACE, PAIR))
    rows = []
    for name in (*KIN, CONTROL, *STRANGERS):
        if name in trace:
            f = trace[name]
            low, middle, high = f["z"]
            rows.append(
                (
                    name,
                    f"{f['pairs']} / {f['families']}",
                    f"{middle} [{low}, {high}]",
                    f["cosine"],
                    f"{f['reached']} {f['reached_interval']}",
                    _accepted(f),
                    pair[name]["reached"],
                    pair[name]["accepted"],
                )
            )
    return _rows(
        "| relation | pairs / families | z, median [5, 95 %] | cosine | z reached, 8 ~ 20 | accepted "
        "| 8 ~ 8, z reached |"
        " accepted |",
        rows,
    )


def _accepted(f: Mapping[str, Any]) -> str:
    return f"{f['accepted']} {f['accepted_interval']}"


def panels(told: Figures) -> str:
    """What the founders in the panel change."""
    rows = []
    for name in ("same decoder", "tuned 10 %", "tuned 50 %", "distilled", *STRANGERS, *(f"{HARD}; {d}" for d in DATA)):
        found = [{f["relation"]: f for f in _chosen(told, "relation", panel)}.get(name) for panel in PANELS]
        if all(found):
            rows.append((name, *(_accepted(f) for f in found if f), *(f["z_extremes"][3] for f in found if f)))
    return _rows(
        "| relation | accepted, panel of real | panel with founders | z of 1 in 1000, real | with founders |",
        rows,
    )


def decay(told: Figures) -> str:
    """Kinship with the founder by weight distance."""
    return _rows(
        "| weight distance | pairs / families | z, median [5, 95 %] | cosine | accepted |",
        [
            (
                "{} to {}".format(*f["weight_distance"]),
                f"{f['pairs']} / {f['families']}",
                f"{f['z'][1]} [{f['z'][0]}, {f['z'][2]}]",
                f["cosine"],
                _accepted(f),
            )
            for f in _chosen(told, "decay")
        ],
    )


def meaning(told: Figures) -> str:
    """What pairs of a kinship are, if every kind were as frequent."""
    found = _chosen(told, "meaning")
    kinds = list(found[0]["of_kind"])
    return _rows(
        f"| z | {' | '.join(kinds)} |",
        [(_bin(f["z"]), *((f["of_bin"] or {}).get(k, "") for k in kinds)) for f in found],
    )


def _bin(edges: Sequence[float | None]) -> str:
    low, high = edges
    return f"under {high:g}" if low is None else f"{low:g} and more" if high is None else f"{low:g} to {high:g}"


def founders(told: Figures) -> str:
    """How founders turned out."""
    columns = ("architecture", "founders", "psnr", "reliability_8", "reliability_32", "fold_energy")
    return _rows(
        "| architecture | founders | PSNR, dB | reliability, 8 images | 32 images | energy on the lattice |",
        [[f[c] for c in columns] for f in told if f["measure"] == "founders"],
    )


TABLES: Mapping[str, Callable[[Figures], str]] = {
    "founders": founders,
    "relations": relations,
    "panels": panels,
    "decay": decay,
    "meaning": meaning,
}


def renewed(page: str, told: Figures) -> str:
    """The page with what is between each table's two marks made again."""
    for name, make in TABLES.items():
        begin, end = f"<!-- table: {name} -->", f"<!-- end of {name} -->"
        if begin in page and end in page:
            before, rest = page.split(begin)
            page = f"{before}{begin}\n{make(told)}\n{end}{rest.split(end)[1]}"
    return page


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured", type=Path)
    parser.add_argument("page", type=Path)
    told = parser.parse_args()
    told.page.write_text(renewed(told.page.read_text(encoding="utf-8"), figures(told.measured)), encoding="utf-8")


if __name__ == "__main__":
    main()
