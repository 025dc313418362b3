"""Made lineage graphs with the schema of ``difreg.lineage.graph``, for tests of figures and pages."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import networkx as nx

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "\"'><svg onload=alert(3)>",
    "\x1b[31mred\x07",
    "\u202etxet\u202c \u200fright",
    "<b>bold</b> <a href='javascript:alert(4)'>x</a><br>$\\alpha$ &lt;b&gt; %{x}",
    "--><!--<script>\u2028",
)


class Lineage:
    """A graph that grows by a line a fact."""

    def __init__(self) -> None:
        self.graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()

    def generator(self, name: str, family: str | None = None, *, observed: bool = True, **facts: Any) -> str:
        key = f"Generator:{name}"
        measured = {"version": 1, "images": 20, "reliability": 0.91} if observed else {}
        known = {"name": name, "observed": observed, "base": False, **measured, **facts}
        self.graph.add_node(key, label="Generator", **known, **({"family": family} if family else {}))
        if family:
            self.graph.add_edge(key, f"Family:{family}", type="MEMBER_OF")
        return key

    def family(self, name: str, size: int, caption: str | None = None) -> None:
        facts = {"name": name, "support": 0.985, "size": size} | ({"caption": caption} if caption else {})
        self.graph.add_node(f"Family:{name}", label="Family", **facts)

    def ancestor(self, family: str) -> str:
        key = f"Ancestor:ancestor of {family}"
        self.graph.add_node(key, label="Ancestor", name=f"ancestor of {family}", family=family)
        return key

    def derived(self, child: str, parent: str, probability: float | None = 0.9999, reason: str = "declared") -> None:
        facts: dict[str, Any] = {"direction": "declared", "reason": reason}
        if probability is not None:
            facts |= {"probability": probability, "support": 1.0}
        self.graph.add_edge(child, parent, type="DERIVED_FROM", **facts)

    def kin(self, one: str, two: str, z: float = 17.2, probability: float = 0.99999) -> None:
        facts = {"kinship": z, "low": z - 3.6, "high": z + 3.5, "likelihood_ratio": 3.2e5, "support": 1.0}
        self.graph.add_edge(one, two, type="KIN", probability=probability, **facts)

    def declared(self, child: str, parent: str, **facts: Any) -> None:
        self.graph.add_edge(child, parent, type="DECLARED_PARENT", **({"relation": "fine-tune"} | facts))


def registry() -> nx.MultiDiGraph[str]:
    """A family of 14 under its ancestor and base, one of 4 without direction, one of 2, 20 alone, 5 stubs."""
    made = Lineage()
    made.family("family-1", 14, "Stable Diffusion v1.x")
    ancestor = made.ancestor("family-1")
    base = made.generator("sd14", "family-1", base=True, released="2022-08-22")
    made.derived(ancestor, base, None)
    big = [
        made.generator(f"dreambooth-of-something-{i:02}", "family-1", not_before=f"2023-{i + 1:02}") for i in range(12)
    ]
    mj = made.generator("midjourney", "family-1", released="2022-07", note="early")
    for key in big[:8]:
        made.derived(key, ancestor, 0.9995)
    for key, p in zip([*big[8:11], mj], (0.97, 0.8, 0.4, 0.992), strict=True):
        made.derived(key, base, p, reason="sd14 is trained from scratch, nothing is declared about this one")
    made.derived(big[11], big[10], 0.55)
    for one, two in combinations([base, *big, mj], 2):
        made.kin(one, two)
    made.family("family-2", 4)
    loose = [made.generator(f"upscaler-{i}", "family-2") for i in range(4)]
    for n, (one, two) in enumerate(combinations(loose, 2)):
        made.kin(one, two, z=4.0 + n, probability=0.6 + n / 20)
    made.family("family-3", 2)
    pair = [made.generator(n, "family-3") for n in ("stylegan2-ffhq", "stylegan2-ada")]
    made.kin(*pair)
    made.derived(pair[1], pair[0], 0.93)
    for i in range(16):
        made.generator(f"alone-{i:02}", jpeg=i == 3)
    for i in range(4):
        stub = made.generator(f"stub-{i}", observed=False)
        child = made.generator(f"child-of-stub-{i}", jpeg=i == 1)
        made.declared(child, stub, source="model card")
        made.derived(child, stub, None)
    stub = made.generator("unseen-checkpoint", observed=False)
    made.declared(big[0], stub, source="model card")
    made.declared(big[1], stub)
    contradicted = made.generator("says-it-is-sd14", jpeg=True)
    made.declared(contradicted, base)
    made.declared(loose[0], pair[0], relation="distilled")
    return made.graph


def hostile() -> nx.MultiDiGraph[str]:
    """A graph in which everything a person can type is an attack."""
    made = Lineage()
    keys = []
    for n, text in enumerate(HOSTILE):
        family = f"family-{n}"
        made.family(family, 2, text)
        keys = [made.generator(text + end, family, note=text, certainty=text) for end in ("", "2")]
        made.kin(*keys)
        if n % 2:
            made.derived(keys[1], keys[0], 0.99, reason=text)
        made.declared(made.generator(f"{text}3", note=text), keys[0], relation=text, source=text)
    return made.graph
