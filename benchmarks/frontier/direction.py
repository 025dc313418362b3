"""Direction from weights: who is the elder of two decoders, and whom a decoder came from, on a nursery's models.

Nothing is fitted. The rules were settled on the first two trees (N1, N2), so that all figures are told of the others
too. The control is chance, or the same question with the founder left out, where every step between siblings is false.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.nursery import photographs
from benchmarks.nursery.figures import family_interval
from benchmarks.nursery.recipe import CHECKPOINTS, PLAN, Node
from benchmarks.nursery.shelf import Shelf, load
from benchmarks.nursery.training import LATENT_NOISE, TUNING_RATE, Autoencoder
from difreg.lineage.heritage import Apart, Bearer, elder, heirs
from difreg.lineage.keeping.population import Measured
from difreg.registry.background import get as get_background
from difreg.registry.profiles import profile_of
from difreg.registry.weights import Weights, distance, measure, read_weights

SEEN = frozenset({"N1", "N2", "T1"})  # families the rules were settled on
DRAWS = 100
DENOISER = "wavelet-1"
TUNED = frozenset({"A", "B", "C"})
Figure = dict[str, object]


@dataclass(frozen=True)
class Grown:
    """A nursery's decoders by their weights."""

    nodes: Mapping[str, Node]
    bearers: Mapping[str, Bearer]
    apart: Mapping[frozenset[str], Apart]

    def before(self, name: str) -> str:
        """What a decoder's weights came from; a checkpoint from the one before it in its run."""
        node = self.nodes[name]
        if node.kind in {"A", "B"} and node.percent > CHECKPOINTS[0]:
            return f"{node.family}.{node.kind}{CHECKPOINTS[CHECKPOINTS.index(node.percent) - 1]}"
        return "" if node.kind in {"D", "X"} else node.parent

    def line(self, name: str) -> list[str]:
        """All a decoder's weights came from, the nearest first; of a merge along its first parent."""
        out = []
        while name := self.before(name):
            out.append(name)
        return out


def figures(zoo: Path, nursery: Path, seed: int = 0) -> Iterator[Figure]:
    """Distances; the elder of two; spanning trees; merges; parents, with the founder registered and without; and the
    elder where founders were tuned by other optimisers than the nursery's."""
    made = read(nursery)
    yield from _distances(made)
    yield from _elders(made)
    yield from _spanning(made, nursery)
    yield from _merges(made)
    for chance in (1.0, 0.5, 0.0):
        yield from _parents(made, chance, seed)
    yield from optimisers(zoo, nursery)


def read(nursery: Path) -> Grown:
    """All decoders of a nursery, and the distances of those with the same layers."""
    shelf = Shelf(nursery)
    nodes = {name: row.node for name, row in shelf.rows().items() if shelf.model_file(name).is_file()}
    weights = {name: read_weights(shelf.model_file(name))[0] for name in nodes}
    apart = {}
    for a, b in combinations(nodes, 2):
        found = distance(weights[a], weights[b])
        if found is not None:
            apart[frozenset((a, b))] = Apart(found.relative, found.error, found.rounding)
    return Grown(nodes, {n: Bearer(n, w.norm, w.kurtosis) for n, w in weights.items()}, apart)


def _distances(made: Grown) -> Iterator[Figure]:
    """Kin by weights are nearer than 1, strangers and imitators are not."""
    groups: dict[str, list[float]] = defaultdict(list)
    for pair, known in made.apart.items():
        a, b = sorted(pair, key=list(made.nodes).index)
        one, two = made.nodes[a], made.nodes[b]
        if one.family != two.family:
            groups["strangers"].append(known.relative)
        elif {"D", "X"} & {one.kind, two.kind}:
            groups["imitator or control, and its family"].append(known.relative)
        elif not known.copy:
            groups["one family"].append(known.relative)
        else:
            groups["kept decoder"].append(known.relative)
    for name, values in groups.items():
        told = {"least": round(min(values), 4), "most": round(max(values), 4), "kin": sum(v < 1 for v in values)}
        yield {"measure": "weight distance", "which": name, **told, "pairs": len(values)}


def _elders(made: Grown) -> Iterator[Figure]:
    """Parent and child, and ancestor and descendant: whom each sign calls the elder."""
    signs: dict[str, Callable[[Bearer, Bearer], Bearer | None]] = {
        "length": lambda a, b: min(a, b, key=lambda x: x.norm),
        "kurtosis": lambda a, b: min(a, b, key=lambda x: x.kurtosis),
        "both": elder,
    }
    tuned = [n for n, node in made.nodes.items() if node.kind in TUNED]
    kinds = {
        "parent and child": [(made.nodes[n].parent, n) for n in tuned],
        "ancestor and descendant": [(a, n) for n in tuned for a in made.line(n)],
    }
    for which, pairs in kinds.items():
        for sign, read_sign in signs.items():
            found = [read_sign(made.bearers[a], made.bearers[n]) for a, n in pairs]
            told = [(e is made.bearers[a], made.nodes[a].family) for e, (a, _) in zip(found, pairs, strict=True) if e]
            yield from _shares({"measure": "elder", "which": which, "sign": sign}, told, len(pairs))


def _shares(head: Figure, told: Sequence[tuple[bool, str]], asked: int) -> Iterator[Figure]:
    """The share right of what was told, of all families and of those the rules were not settled on, and by family."""
    for families in ("all", "unseen"):
        some = [(ok, f) for ok, f in told if families == "all" or f not in SEEN]
        if not some:
            continue
        by_family: dict[str, list[bool]] = defaultdict(list)
        for ok, f in some:
            by_family[f].append(ok)
        row: Figure = {
            **head,
            "families": families,
            "right": round(float(np.mean([ok for ok, _ in some])), 4),
            "interval": family_interval([float(ok) for ok, _ in some], [(f, f) for _, f in some]),
            "told": len(some),
            "by_family": {f: [sum(oks), len(oks)] for f, oks in by_family.items()},
        }
        yield {**row, "asked": asked} if families == "all" else row


def _spanning(made: Grown, nursery: Path) -> Iterator[Figure]:
    """Share of the least spanning tree's edges that are true, merges left out; ``chance`` is of a tree at random.

    By the weights' distance, and by the images alone: the cosine of whitened templates of all images.
    """
    background = get_background(DENOISER)
    templates = {
        name: Measured.of(profile_of(g.images, background, name)).direction.ravel()
        for name, g in load(nursery, DENOISER).items()
        if name in made.nodes
    }
    ways: dict[str, Callable[[str, str], float]] = {
        "weights": lambda a, b: made.apart[frozenset((a, b))].relative,
        "images": lambda a, b: -float(templates[a] @ templates[b]),
    }
    families = defaultdict(list)
    for name in templates:
        if made.nodes[name].kind in {"founder", *TUNED}:
            families[made.nodes[name].family].append(name)
    for which, far in ways.items():
        told, chance = [], []
        for family, names in families.items():
            done, todo = {names[0]}, set(names[1:])
            while todo:
                a, b = min(((a, b) for a in done for b in todo), key=lambda pair: far(*pair))
                told.append((a == made.before(b) or b == made.before(a), family))
                done.add(b)
                todo.remove(b)
            chance += [2 / len(names)] * (len(names) - 1)
        head = {"measure": "spanning tree", "by": which, "chance": round(float(np.mean(chance or [0])), 4)}
        yield from _shares(head, told, len(told))


def _merges(made: Grown) -> Iterator[Figure]:
    found = {h.name: h for h in heirs(list(made.bearers.values()), made.apart)}
    true = {n: {node.parent, node.second} for n, node in made.nodes.items() if node.kind == "M"}
    right = sum(n in found and {c[0] for c in found[n].parents} == both for n, both in true.items())
    false = sum(h.merged and n not in true for n, h in found.items())
    yield {"measure": "merges", "both_parents_named": right, "merges": len(true), "falsely_called": false}


def _parents(made: Grown, founder: float, seed: int) -> Iterator[Figure]:
    """Half of each family registered, drawn anew, its founder in the share ``founder`` of draws: whose parent is right?

    Right is the nearest registered ancestor. ``chance`` is that of a registered relative drawn at random.
    """
    rng = np.random.default_rng(seed)
    grown: dict[str, list[str]] = defaultdict(list)
    for n, node in made.nodes.items():
        if node.kind in TUNED:
            grown[node.family].append(n)
    told, asked, chances = [], 0, []
    for family, names in grown.items():
        for _ in range(DRAWS):
            drawn = [n for n in names if rng.random() < 0.5]
            there = [*([family] if rng.random() < founder else []), *drawn]
            named = {h.name: h.parents[0][0] for h in heirs([made.bearers[n] for n in there], made.apart)}
            for n in drawn:
                registered = [a for a in made.line(n) if a in there]
                asked += bool(registered)
                if n in named:
                    told.append((registered[:1] == [named[n]], family))
                    chances.append(bool(registered) / (len(there) - 1))
    head = {"measure": "parent named", "founder_registered": founder, "draws": DRAWS, "have_an_ancestor": asked}
    yield from _shares({**head, "chance": round(float(np.mean(chances or [0])), 4)}, told, len(told))


OPTIMISERS: dict[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "Adam": lambda m: torch.optim.Adam(m.parameters(), TUNING_RATE),
    "AdamW, decay .01": lambda m: torch.optim.AdamW(m.parameters(), TUNING_RATE, weight_decay=0.01),
    "AdamW, decay .1": lambda m: torch.optim.AdamW(m.parameters(), TUNING_RATE, weight_decay=0.1),
    "SGD, momentum .9": lambda m: torch.optim.SGD(m.parameters(), 0.02, momentum=0.9),
    "Adam, a tenth of the rate": lambda m: torch.optim.Adam(m.parameters(), TUNING_RATE / 10),
}


def optimisers(zoo: Path, nursery: Path) -> Iterator[Figure]:
    """Founders with a tree tuned by a tenth of their steps: do both signs still call the founder the elder?"""
    shelf = Shelf(nursery)
    recipe = shelf.recipe()
    domains = photographs.Domains(photographs.load(zoo, recipe.pool, recipe.seed))
    founders = {name: PLAN[0][name] for name in PLAN[1] if shelf.model_file(name).is_file()}
    for way, make in OPTIMISERS.items():
        found: dict[str, list[bool | None]] = {"length": [], "kurtosis": [], "both": []}
        far = []
        for name, made in founders.items():
            model = Autoencoder(made).eval()
            state = {k: torch.from_numpy(v.copy()) for k, v in shelf.model(name).items()}
            model.load_state_dict(state, strict=False)
            before = _weights(model)
            model = copy.deepcopy(model)
            rng, optimiser = photographs.stream(recipe.seed, f"{name} {way}"), make(model.decoder)
            torch.manual_seed(int(rng.integers(2**31)))
            for _ in range(recipe.steps // 10):
                images = domains.batch("B", rng)
                with torch.no_grad():
                    latent, _ = model.latent(images, LATENT_NOISE)
                loss = functional.l1_loss(model.decoder(latent), images)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            after = _weights(model)
            apart = distance(before, after)
            far.append(apart.relative if apart else float("nan"))
            old, new = Bearer("old", before.norm, before.kurtosis), Bearer("new", after.norm, after.kurtosis)
            both = elder(old, new)
            found["length"].append(old.norm < new.norm)
            found["kurtosis"].append(old.kurtosis < new.kurtosis)
            found["both"].append(None if both is None else both is old)
        told = {k: {"right": v.count(True), "wrong": v.count(False), "open": v.count(None)} for k, v in found.items()}
        yield {"measure": "optimisers", "by": way, "distance": round(float(np.median(far)), 4), **told}


def _weights(model: Autoencoder) -> Weights:
    single = float(np.finfo(np.float32).eps) / 2
    return measure({k: (v.numpy(), "float32", single) for k, v in model.decoder.state_dict().items()})
