"""Training of the nursery's autoencoders: one function a kind of run, each seeded by the run's name alone.

Mixed precision halves the time on processors with bfloat16. What is rendered is always computed in single precision.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.nursery.networks import Architecture, Critic, Decoder, Encoder, Quantiser, begin
from benchmarks.nursery.photographs import Domains, stream
from benchmarks.nursery.recipe import Recipe, Run

RATE, TUNING_RATE, WARM = 2e-3, 5e-4, 1 / 24  # the warm start's share of the steps
LATENT_NOISE = 0.1  # the encoder may answer it with a wider latent
ADVERSARIAL = 0.005
COMMITMENT = 0.25


class Autoencoder(nn.Module):
    """Encoder, codebook where there is one, decoder."""

    def __init__(self, made: Architecture) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(made), Decoder(made)
        self.quantiser = Quantiser(made.channels) if made.quantised else None
        begin(self)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def latent(self, images: Tensor, noise: float) -> tuple[Tensor, Tensor]:
        """What the decoder is given, and the commitment loss (0 without a codebook)."""
        latent = self.encoder(images)
        if self.quantiser is not None:
            found: tuple[Tensor, Tensor] = self.quantiser(latent)
            latent, commitment = found
        else:
            commitment = torch.zeros(())
        return latent + noise * torch.randn(latent.shape), commitment


@dataclass(frozen=True)
class Grower:
    """What every run needs: the recipe, the data, and the models grown so far by name."""

    recipe: Recipe
    domains: Domains
    grown: Callable[[str, Architecture], Autoencoder]

    def __call__(self, run: Run) -> dict[str, Autoencoder]:
        """The models of ``run``'s nodes."""
        rng = stream(self.recipe.seed, run.name)
        torch.manual_seed(int(rng.integers(2**31)))
        made: dict[str, Autoencoder] = _HOW[run.how](self, run, rng)
        return {name: model.eval() for name, model in made.items()}


def _optimise(parts: list[nn.Module], rate: float) -> torch.optim.Adam:
    return torch.optim.Adam([p for part in parts for p in part.parameters()], rate)


def _steps(optimiser: torch.optim.Optimizer, steps: int, *, cosine: bool) -> Iterator[int]:
    """Step numbers, the rate set for each: a warm start and a cosine to zero, or constant."""
    for step in range(steps):
        shape = (
            min(1, (step + 1) / (WARM * steps)) * (0.5 + 0.5 * np.cos(np.pi * step / steps)) + 1e-4 if cosine else 1.0
        )
        for group in optimiser.param_groups:
            group["lr"] = group.setdefault("peak", group["lr"]) * shape
        yield step


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def _mixed() -> torch.autocast:
    return torch.autocast("cpu", torch.bfloat16)


def _founder(grower: Grower, run: Run, rng: np.random.Generator) -> dict[str, Autoencoder]:
    model = Autoencoder(run.architecture).train()
    optimiser = _optimise([model.encoder, model.decoder], RATE)
    critic = Critic() if run.architecture.critic else None
    judge = torch.optim.Adam(critic.parameters(), 5e-4, betas=(0.5, 0.99)) if critic else None
    for _ in _steps(optimiser, grower.recipe.steps, cosine=True):
        images = grower.domains.batch("", rng)
        with _mixed():
            latent, commitment = model.latent(images, LATENT_NOISE)
            made = model.decoder(latent)
            loss = functional.l1_loss(made.float(), images) + COMMITMENT * commitment
            if critic:
                loss = loss - ADVERSARIAL * critic(made).float().mean()
        _descend(optimiser, loss)
        if critic and judge:
            with _mixed():  # hinge loss
                real, false = critic(images).float(), critic(made.detach()).float()
                hinge = functional.relu(1 - real).mean() + functional.relu(1 + false).mean()
            _descend(judge, hinge)
    return {run.name: model}


def _tune(grower: Grower, run: Run, rng: np.random.Generator) -> dict[str, Autoencoder]:
    """The parent's decoder on other data behind its frozen encoder; a model for each of the run's checkpoints."""
    first = run.nodes[0]
    model = copy.deepcopy(grower.grown(first.parent, run.architecture)).eval()
    # A grandchild's percent counts both tunings, half each.
    share = {n: n.percent // len(n.data) for n in run.nodes}
    wanted = {grower.recipe.steps * percent // 100: n.name for n, percent in share.items()}
    optimiser = _optimise([model.decoder], TUNING_RATE)
    out = {}
    for step in _steps(optimiser, max(wanted), cosine=False):
        images = grower.domains.batch(first.data[-1], rng)
        with _mixed():
            with torch.no_grad():
                latent, _ = model.latent(images, LATENT_NOISE)
            loss = functional.l1_loss(model.decoder(latent).float(), images)
        _descend(optimiser, loss)
        if step + 1 in wanted:
            out[wanted[step + 1]] = copy.deepcopy(model)
    return out


def _encoder(grower: Grower, run: Run, rng: np.random.Generator) -> dict[str, Autoencoder]:
    (node,) = run.nodes
    model = copy.deepcopy(grower.grown(node.parent, run.architecture)).eval()
    optimiser = _optimise([model.encoder], TUNING_RATE)
    for _ in _steps(optimiser, grower.recipe.steps * node.percent // 100, cosine=False):
        images = grower.domains.batch(node.data[-1], rng)
        with _mixed():
            latent, _ = model.latent(images, LATENT_NOISE)
            loss = functional.l1_loss(model.decoder(latent).float(), images)
        _descend(optimiser, loss)
    return {node.name: model}


def _distil(grower: Grower, run: Run, rng: np.random.Generator) -> dict[str, Autoencoder]:
    """A new decoder that imitates the founder's behind the founder's encoder."""
    return _behind(grower, run, rng, grower.grown(run.nodes[0].parent, run.architecture))


def _control(grower: Grower, run: Run, rng: np.random.Generator) -> dict[str, Autoencoder]:
    """A new decoder behind the founder's encoder, on photographs: like :func:`_distil`, without a teacher."""
    return _behind(grower, run, rng, None)


def _behind(grower: Grower, run: Run, rng: np.random.Generator, teacher: Autoencoder | None) -> dict[str, Autoencoder]:
    model = Autoencoder(run.architecture).eval()
    founder = grower.grown(run.nodes[0].family, run.architecture)
    model.encoder, model.quantiser = copy.deepcopy(founder.encoder), copy.deepcopy(founder.quantiser)
    optimiser = _optimise([model.decoder], RATE)
    for _ in _steps(optimiser, grower.recipe.steps, cosine=True):
        images = grower.domains.batch("", rng)
        with _mixed():
            with torch.no_grad():
                latent, _ = model.latent(images, LATENT_NOISE)
                target = teacher.decoder(latent).float() if teacher else images
            loss = functional.l1_loss(model.decoder(latent).float(), target)
        _descend(optimiser, loss)
    return {run.name: model}


def _imitate(grower: Grower, run: Run, rng: np.random.Generator) -> dict[str, Autoencoder]:
    """A whole autoencoder, its own encoder too, that learns to give the founder's image of a photograph."""
    teacher = grower.grown(run.nodes[0].parent, run.architecture)
    model = Autoencoder(run.architecture).train()
    optimiser = _optimise([model.encoder, model.decoder], RATE)
    for _ in _steps(optimiser, grower.recipe.steps, cosine=True):
        images = grower.domains.batch("", rng)
        with _mixed():
            with torch.no_grad():
                target = teacher.decoder(teacher.latent(images, 0)[0]).float()
            latent, commitment = model.latent(images, LATENT_NOISE)
            loss = functional.l1_loss(model.decoder(latent).float(), target) + COMMITMENT * commitment
        _descend(optimiser, loss)
    return {run.name: model}


def _merge(grower: Grower, run: Run, _: np.random.Generator) -> dict[str, Autoencoder]:
    """The mean of two decoders' weights."""
    (node,) = run.nodes
    model = copy.deepcopy(grower.grown(node.parent, run.architecture))
    other = grower.grown(node.second, run.architecture).decoder.state_dict()
    model.decoder.load_state_dict({k: (v + other[k]) / 2 for k, v in model.decoder.state_dict().items()})
    return {node.name: model}


def _noisy(grower: Grower, run: Run, _: np.random.Generator) -> dict[str, Autoencoder]:
    """The founder itself; the noise comes when it is rendered."""
    return {run.name: copy.deepcopy(grower.grown(run.nodes[0].parent, run.architecture))}


_HOW: Mapping[str, Callable[[Grower, Run, np.random.Generator], dict[str, Autoencoder]]] = {
    "founder": _founder,
    "tune": _tune,
    "encoder": _encoder,
    "distil": _distil,
    "control": _control,
    "imitate": _imitate,
    "merge": _merge,
    "noisy": _noisy,
}


def weight_distance(one: nn.Module, two: nn.Module) -> float:
    """Length of the difference of two decoders' weights, by the length of the second's."""
    a, b = (torch.cat([p.detach().flatten() for p in m.parameters()]) for m in (one, two))
    return float((a - b).norm() / b.norm())
