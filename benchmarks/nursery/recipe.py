"""What is grown: founders, and of some a tree of tunings, grandchildren, an imitation and a merge.

A recipe is a list of runs, parents before children. Names are stable: ``N1.A50C50`` is founder N1, tuned on data A for
half of a founder's steps, then on data C for half. One run may give several nodes (checkpoints of one tuning).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.nursery.networks import Architecture

CHECKPOINTS = (5, 10, 20, 50, 100)  # per cent of a founder's steps
NOISE = 0.5  # of the latent's spread, in the images of kind K


@dataclass(frozen=True)
class Node:
    """One generator: a set of images of its own.

    Attributes
    ----------
    kind
        ``founder``; tuned on shifted colours ``A`` or urban photographs ``B``; grandchild ``C`` (of A50 or B50);
        ``E`` encoder tuned alone; ``K`` the founder with noisy latents; ``D`` distilled; ``M`` merged; ``X`` control:
        a new decoder behind the founder's encoder that never saw the founder's images.
    percent
        Steps of tuning in all, as a share of a founder's; 0 for none.
    parent
        Name of the node it was made from; empty for a founder. ``second`` is the other parent of a merge.
    data
        What it was tuned on, in order.
    own_encoder
        Whether it has an encoder trained with it.
    """

    name: str
    family: str
    kind: str
    percent: int = 0
    parent: str = ""
    second: str = ""
    data: tuple[str, ...] = ()
    own_encoder: bool = False


@dataclass(frozen=True)
class Run:
    """One training that gives ``nodes``; ``how`` names the function of :mod:`benchmarks.nursery.training`."""

    how: str
    nodes: tuple[Node, ...]
    architecture: Architecture

    @property
    def name(self) -> str:
        """Of its last node; the seed of its randomness."""
        return self.nodes[-1].name


@dataclass(frozen=True)
class Recipe:
    """All settings that change a number; nothing grown under another is ever mixed with it."""

    seed: int = 1
    steps: int = 2400
    pool: int = 32
    quick: bool = False

    def runs(self) -> Iterator[Run]:
        """All runs, parents before children."""
        founders, trees, controls, own = PLAN_QUICK if self.quick else PLAN
        for name, made in founders.items():
            yield Run("founder", (Node(name, name, "founder", own_encoder=True),), made)
        for name in trees:
            yield from _tree(name, founders[name])
        for name in controls:
            yield Run("control", (Node(f"{name}.X", name, "X"),), founders[name])
        for name in own:
            yield Run("imitate", (Node(f"{name}.Downenc", name, "D", own_encoder=True, parent=name),), founders[name])


def _tree(founder: str, made: Architecture) -> Iterator[Run]:
    def node(tail: str, kind: str, percent: int, parent: str, data: str, second: str = "") -> Node:
        above = f"{founder}.{parent}" if parent else founder
        return Node(f"{founder}.{tail}", founder, kind, percent, above, second, tuple(data))

    for data in "AB":
        yield Run("tune", tuple(node(f"{data}{p}", data, p, "", data) for p in CHECKPOINTS), made)
    yield Run("noisy", (node("K", "K", 0, "", ""),), made)
    yield Run("encoder", (node("E", "E", 50, "", "A"),), made)
    yield Run("merge", (node("M", "M", 100, "A100", "AB", f"{founder}.B100"),), made)
    yield Run("distil", (node("D", "D", 0, "", ""),), made)
    # Cousins: A50C50 and B50C50 were tuned on the same data last, A50C50 and B50F50 share none.
    for first, last in ("AC", "BC", "BF"):
        yield Run("tune", (node(f"{first}50{last}50", "C", 100, f"{first}50", first + last),), made)


_NEAREST, _TRANSPOSED, _SHUFFLE = (Architecture(u) for u in ("nearest", "transposed", "shuffle"))
_Plan = tuple[dict[str, Architecture], tuple[str, ...], tuple[str, ...], tuple[str, ...]]

PLAN: _Plan = (
    {
        **dict.fromkeys(("N1", "N2", "N3", "N4"), _NEAREST),
        **dict.fromkeys(("T1", "T2", "T3"), _TRANSPOSED),
        **dict.fromkeys(("P1", "P2", "P3"), _SHUFFLE),
        **dict.fromkeys(("G1", "G2"), Architecture("nearest", critic=True)),
        "R1": Architecture("nearest", norm=True),
        "R2": Architecture("transposed", norm=True),
        "F1": Architecture("nearest", factor=4, channels=4),
        "F2": Architecture("shuffle", factor=4, channels=4),
        "V1": Architecture("nearest", quantised=True),
        "V2": Architecture("transposed", quantised=True),
    },
    ("N1", "N2", "T1", "P1", "N3", "T2", "P2", "R1"),
    ("N1", "T1"),
    ("N1", "P1"),
)
PLAN_QUICK: _Plan = ({"N1": _NEAREST, "T1": _TRANSPOSED}, ("N1",), ("N1",), ("N1",))
FULL = Recipe()
QUICK = Recipe(steps=120, pool=4, quick=True)
