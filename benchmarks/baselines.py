"""Ways to learn, from residuals of a few generated images and photographs, to score an image: ours and others'.

Every one is a function ``(fakes, reals, seed) -> scorer``; a scorer gives a number an image, higher where it looks
generated. None sees the images it is judged on. ``lattice``
also knows how photographs of the background vary, as in the product.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.residuals import Residuals
from difreg.registry.detection import Noise
from difreg.registry.images import CROP, GRID
from difreg.registry.sketches import PERIOD

Array = NDArray[np.float64]
Scorer = Callable[[Residuals], Array]
Solver = Callable[[Residuals, Residuals, int], Scorer]
STEPS, BATCH, VIEW, RATE = 150, 16, 128, 2e-3


def correlation(fingerprint: NDArray[Any]) -> Scorer:
    """Scores by correlation with a (3, P, P) fingerprint; the scale is free, since only ranks are judged."""
    flat = fingerprint.reshape(-1).astype(np.float64)
    period = fingerprint.shape[-1]
    return lambda judged: judged.period(period).reshape(len(judged), -1) @ flat


def difference(fakes: Residuals, reals: Residuals, _: int = 0) -> Scorer:
    """The difference of mean sketches, unfiltered."""
    return correlation(fakes.period(PERIOD).mean(0) - reals.period(PERIOD).mean(0))


def lattice(fakes: Residuals, reals: Residuals, _: int = 0, *, noise: Noise) -> Scorer:
    """The filter matched to the difference of mean sketches in the noise of the background's photographs."""
    return correlation(noise.matched(fakes.period(PERIOD).mean(0) - reals.period(PERIOD).mean(0)))


def marra(fakes: Residuals, reals: Residuals, _: int = 0) -> Scorer:
    """The difference of whole mean residuals (Marra, Gragnaniello, Verdoliva, Poggi, MIPR 2019)."""
    made = (fakes.whole.mean(0) - reals.whole.mean(0)).ravel()
    return lambda judged: (judged.whole.reshape(len(judged), -1) @ made).astype(np.float64)


def unet(fakes: Residuals, reals: Residuals, seed: int = 0) -> Scorer:
    """The U-Net on a periodic canvas of 32 pixels."""
    from difreg.registry.solvers.unet import solve_unet

    return correlation(solve_unet(_two(fakes).folded, reals.folded, seed=seed).array)


def paper(fakes: Residuals, reals: Residuals, seed: int = 0) -> Scorer:
    """The published algorithm, 100 epochs."""
    from difreg.registry.solvers.paper import solve_paper

    return correlation(solve_paper(_two(fakes).whole, _two(reals).whole, seed=seed, threads=1).array)


def _two(images: Residuals) -> Residuals:
    """A single image twice: the product's solvers ask for two, and a copy changes neither means nor losses."""
    return images if len(images) > 1 else images[np.array([0, 0])]


class SmallNet(nn.Sequential):
    """Four strided convolutions, stride 16 in all: what repeats every 16 pixels survives the mean at the end."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for before, after in ((3, 16), (16, 32), (32, 64), (64, 64)):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.GroupNorm(4, after), nn.ReLU()]
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 1))


def cnn(fakes: Residuals, reals: Residuals, seed: int = 0) -> Scorer:
    """A small convolutional classifier of residuals, trained on random views that keep the 16-pixel grid."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = SmallNet()
    rng = np.random.default_rng(seed)
    classes = [torch.from_numpy(some.whole).clamp(-3, 3) for some in (reals, fakes)]
    wanted = torch.arange(BATCH).remainder(2).float()
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        views = torch.stack([_view(classes[k % 2], rng) for k in range(BATCH)])
        loss = nn.functional.binary_cross_entropy_with_logits(net(views).squeeze(1), wanted)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    net.eval()

    def score(judged: Residuals) -> Array:
        with torch.inference_mode():
            found = net(torch.from_numpy(judged.whole).clamp(-3, 3)).squeeze(1)
        return np.asarray(found.numpy(), np.float64)

    return score


def _view(images: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """A random part of a random image, its corner on the grid."""
    k, top, left = rng.integers(len(images)), *(GRID * rng.integers((CROP - VIEW) // GRID + 1, size=2))
    return images[k, :, top : top + VIEW, left : left + VIEW]


NAMES = ("marra", "cnn", "difference", "lattice", "unet", "paper")


def solvers(make: Residuals) -> dict[str, Solver]:
    """All of :data:`NAMES`; ``make`` are the background's photographs."""
    filtered = partial(lattice, noise=Noise.of(make.period(PERIOD)))
    found: tuple[Solver, ...] = (marra, cnn, difference, filtered, unet, paper)
    return dict(zip(NAMES, found, strict=True))


WHOLE = frozenset({"marra", "cnn", "paper"})
"""Solvers that need whole residuals."""


def available(name: str) -> bool:
    """Whether this difreg has what the solver needs."""
    if name not in {"unet", "paper"}:
        return name in NAMES
    try:
        return find_spec(f"difreg.registry.solvers.{name}") is not None
    except ModuleNotFoundError:
        return False
