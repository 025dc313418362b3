"""What a kinship means, by decoders of known ancestry: the sentence of ``difreg compare``.

Kin covers descent, a shared decoder, imitation and merging. The background's table says, of grown pairs with such a
kinship, how many were of each kind, were all kinds as frequent: a description, and no posterior for a case.
"""

from __future__ import annotations

from difreg import numerals
from difreg.lineage.answers import Meaning
from difreg.numerals import count
from difreg.registry.background import Background


def meaning(kinship: float, images: int, background: Background) -> Meaning | None:
    """The row of ``background``'s table for a pair whose smaller set has ``images``; None where it has none."""
    tables = {int(n): rows for n, rows in background.facts.get("meaning", {}).items()}
    known = [n for n in tables if n <= images]
    if not known:
        return None
    for row in tables[max(known)]:
        low, high = row["z"]
        if (low is None or kinship >= low) and (high is None or kinship < high) and row["of_bin"]:
            return Meaning(max(known), low, high, dict(row["of_bin"]), _text(max(known), low, high, row["of_bin"]))
    return None


def _text(images: int, low: float | None, high: float | None, shares: dict[str, float]) -> str:
    between = f"below {high:g}" if low is None else f"of {low:g} or more" if high is None else f"of {low:g} to {high:g}"
    told = ", ".join(f"{kind} {numerals.share(share)}" for kind, share in shares.items() if share >= 0.0005)
    given = f"{count(images, 'image')} each, all kinds as frequent"
    return f"of grown pairs with a kinship {between} ({given}): {told}"
