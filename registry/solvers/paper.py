"""The solver ``paper``: the algorithm of Deep Image Fingerprint as published, from residuals that are computed once.

Sinitsa & Fried, WACV 2024. The published code denoises every image again in every epoch; here a batch's correlations
are one product of a matrix of centred unit-norm residuals with the output, which gives the same losses and the same
decisions 60 times faster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from difreg.errors import InputError, TooFewImagesError
from difreg.names import shown
from difreg.registry.sketches import LEAST_NORM, PERIOD
from difreg.registry.solvers import DEAD, Array, Solved
from difreg.registry.solvers.network import Source, device_named, repeatable, running_mean

CANVAS = 256
EPOCHS = 100
BATCH = 64
MARGIN = 0.01
LAST = 20  # stored means that make the centres of the decision
Progress = Callable[[int, int, str], None]


def solve_paper(
    fakes: Sequence[Array] | Array,
    reals: Sequence[Array] | Array,
    *,
    epochs: int = EPOCHS,
    batch: int = BATCH,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
    canvas: int = CANVAS,
    names: Sequence[str] = (),
    threads: int = 0,
) -> Solved:
    """Fit the U-Net's output by the contrastive loss over pairs of images, margin .01.

    Every epoch shuffles generated images and photographs together and cuts them into batches, the last one as short as
    it comes. Image j of a batch is paired with image j + B/2; the image left over in an odd batch sits that epoch out.
    The network stays in training mode, and nothing is held out.

    Parameters
    ----------
    fakes, reals
        n and m residuals, each (3, canvas, canvas) and in any unit, n and m of 2 or more; they need not be equal.
        Copied into one float32 matrix of (n + m) x 3 canvas^2, .79 MB an image.
    epochs
        100 as published; the published checkpoints were taken from 20 to 100, chosen by hand.
    batch
        Images a step, even.
    progress
        Called with (epochs done, epochs, what).
    canvas
        256 in the paper.
    names
        What to call the residuals in errors: those of ``fakes``, then those of ``reals``.
    threads
        0: as many as torch has. Another number changes the last bits of the result.

    Returns
    -------
    Facts: ``mu_real`` and ``mu_fake``, the means over the last 20 steps of the running fingerprint's correlation with
    photographs and with generated images; ``flipped``, whether the sign was turned; ``dead``, whether their gap is
    below .002, that is no more than noise; ``dropped``, images left out each epoch (0 or 1); ``n_fake``, ``n_real``,
    ``epochs``, ``batch``, ``device`` and ``threads``.

    Raises
    ------
    InputError
        If a residual is flat, not finite or of another size (named), or ``batch`` is odd.
    TooFewImagesError
        If there are fewer than two of either kind.
    """
    if batch < 2 or batch % 2 or epochs < 1 or canvas < 2 * PERIOD or canvas % PERIOD:
        raise InputError(
            f"Batches of {batch}, {epochs} epochs and a canvas of {canvas} pixels cannot be used.",
            "Batches must be even, epochs 1 or more, the canvas a multiple of 16 and at least 32.",
        )
    if min(len(fakes), len(reals)) < 2:
        raise TooFewImagesError(
            f"{len(fakes)} generated images and {len(reals)} photographs are too few for pairs.",
            "Give at least two of each.",
        )
    where = device_named(device)
    residuals = torch.from_numpy(_matrix(fakes, reals, canvas, names)).to(where)
    labels = torch.arange(len(residuals)) < len(fakes)
    with repeatable(threads):
        run = _Run(Source(canvas, seed, where), residuals, labels, batch)
        for epoch in range(epochs):
            run.epoch()
            if progress:
                progress(epoch + 1, epochs, "fitting the fingerprint")
        used = torch.get_num_threads()
    mu_real, mu_fake = (float(np.mean(kept[-LAST:])) for kept in (run.real, run.fake))
    sign = -1 if mu_fake < mu_real else 1
    facts = {
        "mu_real": sign * mu_real,
        "mu_fake": sign * mu_fake,
        "flipped": sign < 0,
        "dead": abs(mu_fake - mu_real) < DEAD,
        "dropped": len(residuals) % 2,
        "n_fake": len(fakes),
        "n_real": len(reals),
        "epochs": epochs,
        "batch": batch,
        "device": str(where),
        "threads": used,
    }
    return Solved(sign * run.fingerprint(), "paper", canvas, seed, len(run.losses), tuple(run.losses), facts)


class _Run:
    """The state of one fit: what is fitted, the running fingerprint, and what every step leaves behind."""

    def __init__(self, source: Source, residuals: Tensor, labels: Tensor, batch: int) -> None:
        self.source, self.residuals, self.labels, self.batch = source, residuals, labels, batch
        self.mean: Tensor | None = None
        self.losses: list[float] = []
        self.real: list[float] = []
        self.fake: list[float] = []

    def epoch(self) -> None:
        order = torch.randperm(len(self.labels), generator=self.source.generator)
        for index in torch.split(order, self.batch):
            even = index[: len(index) // 2 * 2]
            if len(even):
                self.step(even)

    def step(self, index: Tensor) -> None:
        chosen, labels = self.residuals[index.to(self.residuals.device)], self.labels[index]
        output = self.source()
        self.losses.append(self.source.step(contrastive(pearson(output, chosen), labels.to(output.device))))
        self.mean = running_mean(self.mean, output)
        stored = pearson(self.mean, chosen).cpu()
        # A small batch may hold one kind alone; the published code stores not-a-number then, which spoils the centre.
        for kept, mine in ((self.real, ~labels), (self.fake, labels)):
            if mine.any():
                kept.append(float(stored[mine].mean()))

    def fingerprint(self) -> NDArray[np.float32]:
        assert self.mean is not None  # noqa: S101 - there is at least one step
        out: NDArray[np.float32] = self.mean.cpu().numpy()
        return out


def pearson(output: Tensor, residuals: Tensor) -> Tensor:
    """Correlation of an output, (3, P, P), with (b, 3 P^2) centred unit-norm residuals: (b,).

    As published, the mean product of values standardised by the *unbiased* deviation, hence the factor (N - 1) / N.
    """
    flat = output.reshape(-1)
    centred = flat - flat.mean()
    unit = centred / centred.norm().clamp_min(LEAST_NORM)
    out: Tensor = residuals @ unit * ((len(flat) - 1) / len(flat))
    return out


def contrastive(rho: Tensor, labels: Tensor, margin: float = MARGIN) -> Tensor:
    """Mean loss, in margins, of the pairs (j, j + B/2) of an even number of correlations.

    A pair of one kind costs its distance; a pair of two kinds costs what its distance falls short of the margin.
    """
    half = len(rho) // 2
    distance = (rho[:half] - rho[half:]).abs()
    differ = labels[:half] ^ labels[half:]
    out: Tensor = torch.where(differ, (margin - distance).relu(), distance).mean() / margin
    return out


def decide(rho: Array, mu_real: float, mu_fake: float) -> NDArray[np.bool_]:
    """Whether each correlation is nearer to the generated images' centre than to the photographs'; a tie is not."""
    out: NDArray[np.bool_] = np.abs(rho - mu_fake) < np.abs(rho - mu_real)
    return out


def _matrix(
    fakes: Sequence[Array] | Array, reals: Sequence[Array] | Array, canvas: int, names: Sequence[str]
) -> NDArray[np.float32]:
    """Centred unit-norm residuals, a row an image."""
    out = np.empty((len(fakes) + len(reals), 3 * canvas * canvas), np.float32)
    flat: list[str] = []
    for k, residual in enumerate(chain(fakes, reals)):
        own = f"generated image {k + 1}" if k < len(fakes) else f"photograph {k - len(fakes) + 1}"
        name = shown(names[k], 60) if k < len(names) else own
        if residual.shape != (3, canvas, canvas):
            raise InputError(f"The residual of {name} is {residual.shape}.", f"It must be (3, {canvas}, {canvas}).")
        row = residual.astype(np.float64).ravel()
        row -= row.mean()
        norm = float(np.linalg.norm(row))
        if not np.isfinite(norm):
            raise InputError(f"The residual of {name} is not finite.", "Leave it out.")
        if not norm > LEAST_NORM:
            flat.append(name)
            continue
        out[k] = row / norm
    if flat:
        told = ", ".join(flat[:12]) + (" and more" if len(flat) > 12 else "")
        raise InputError(f"Flat images carry no residual: {told}.", "Leave them out.")
    return out
