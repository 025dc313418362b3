"""The table of ``docs/robustness.md`` from the printed lines: ``python -m benchmarks.robustness.document``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).parent / "measured.jsonl"


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown, a line a cell."""
    lines = ["| set | treatment | AUC | verdict | P(family) | reliability | warnings | no relatives registered |"]
    lines.append("|" + "---|" * 8)
    for r in rows:
        alone = r["without_relatives"]
        verdict = f"**{r['verdict']}**" if r["right"] else r["verdict"]
        cells = (
            r["set"],
            r["treatment"],
            _short(r["auc"]),
            verdict,
            _short(r["probability"]),
            _short(r["reliability"]),
            ", ".join(r["warnings"]) or "none",
            alone["verdict"],
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1) if value < 1 else "1"


def main() -> None:
    """Print it."""
    rows = [json.loads(line) for line in MEASURED.read_text("utf-8").splitlines()]
    sys.stdout.write(table([r for r in rows if r["measure"] == "cell"]) + "\n")


if __name__ == "__main__":
    main()
