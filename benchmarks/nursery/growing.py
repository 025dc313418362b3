"""Growing a nursery: every run that is missing is trained, every set that is missing rendered and sketched.

One process, one thread. What is there is never made again, so that an interrupted growth goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from benchmarks.nursery.networks import Architecture
from benchmarks.nursery.photographs import Domains, load
from benchmarks.nursery.recipe import Node, Recipe, Run
from benchmarks.nursery.rendering import keep_sketches, render
from benchmarks.nursery.shelf import Row, Shelf
from benchmarks.nursery.training import Autoencoder, Grower, weight_distance

Told = Callable[[str], None]


def grow(zoo: Path, folder: Path, recipe: Recipe, denoisers: Sequence[str], told: Told = lambda _: None) -> Shelf:
    """Grow what ``recipe`` names and is not in ``folder`` yet; ``told`` hears of every run."""
    torch.set_num_threads(1)
    photographs = load(zoo, recipe.pool, recipe.seed)
    shelf = Shelf(folder)
    shelf.start(recipe, photographs.files)

    def grown(name: str, made: Architecture) -> Autoencoder:
        model = Autoencoder(made)
        model.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in shelf.model(name).items()})
        return model.eval()

    grower = Grower(recipe, Domains(photographs), grown)
    for run in recipe.runs():
        begun = time.process_time()
        if trained := not all(shelf.model_file(n.name).exists() for n in run.nodes):
            for name, model in grower(run).items():
                shelf.keep_model(name, {k: v.detach().contiguous().numpy() for k, v in model.state_dict().items()})
        spent = time.process_time() - begun
        for node in run.nodes:
            missing = [d for d in denoisers if not shelf.sketch_file(node.name, d).exists()]
            if trained or missing or node.name not in shelf.rows():
                images, psnr = render(grown(node.name, run.architecture), node, photographs, recipe.seed)
                keep_sketches(images, node.name, missing, shelf)
                before = shelf.rows().get(node.name)
                shelf.add(_row(node, run, grown, psnr, spent if trained or not before else before.seconds))
        told(f"{run.name}: {spent:.0f} s of training, {time.process_time() - begun:.0f} s in all")
    return shelf


def _row(node: Node, run: Run, grown: Callable[[str, Architecture], Autoencoder], psnr: float, seconds: float) -> Row:
    mine = grown(node.name, run.architecture).decoder
    founder = grown(node.family, run.architecture).decoder
    parent = grown(node.parent, run.architecture).decoder if node.parent else founder
    return Row(
        node,
        run.architecture.name,
        round(weight_distance(mine, founder), 4),
        round(weight_distance(mine, parent), 4),
        round(psnr, 2),
        round(seconds, 1),
    )
