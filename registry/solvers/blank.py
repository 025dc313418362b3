"""The blank-image experiment: what the method's network leaves in an image when there is nothing to learn.

The U-Net is fitted to one flat grey image. What its output still holds at the frequencies of its up-sampling strides
is the architecture's own fingerprint: no data asked for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from difreg.errors import InputError
from difreg.registry.sketches import PERIOD
from difreg.registry.solvers.network import NOISE_RANGE, Source, device_named, repeatable

LEVEL = 0.5  # of the blank image, in a range of 0 to 1
SIZE = 128
STEPS = 1000
EVERY = 100  # steps from one snapshot to the next
LEARNING_RATE = 5e-5
MARGIN = 1.0
STRIDES = (2, 4, 8, 16)
DRAWS = 64  # of noise, for a mean output
AROUND = 3  # frequencies to each side of a peak that it is compared with
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Snapshot:
    """The (3, P, P) output before a step, in a range of 0 to 1 where it fits, and its loss."""

    step: int
    loss: float
    output: NDArray[np.float32]


@dataclass(frozen=True)
class Blank:
    """One run.

    Attributes
    ----------
    losses
        Before each step.
    snapshots
        Every hundred steps, the untrained network's output first and the last output last.
    means
        Of the untrained and the last network, with the mean of its outputs for 64 other draws of noise: what it leaves
        whatever it is given.
    seconds
        It took, snapshots included.
    """

    size: int
    steps: int
    seed: int
    learning_rate: float
    losses: tuple[float, ...]
    snapshots: tuple[Snapshot, ...]
    means: tuple[Snapshot, ...]
    seconds: float


def fit_blank(
    *,
    size: int = SIZE,
    steps: int = STEPS,
    seed: int = 0,
    learning_rate: float = LEARNING_RATE,
    device: str = "cpu",
    progress: Callable[[int, int, str], None] | None = None,
) -> Blank:
    """Fit the method's U-Net to a flat grey image (.5), from fixed noise, by squared error over a margin of 1.

    Parameters
    ----------
    size
        Pixels on a side, a multiple of 16, 32 or more.
    steps
        Of AdamW; on one processor about .2 s each at 128 pixels.

    Returns
    -------
    The same numbers for the same arguments on the same machine, ``seconds`` apart.

    Raises
    ------
    InputError
        If size, steps or learning rate cannot be used.
    """
    if size < 2 * PERIOD or size % PERIOD or size > 1024:
        raise InputError(f"A blank image of {size} pixels cannot be used.", "Use a multiple of 16 from 32 to 1024.")
    if steps < 1:
        raise InputError("At least one step is needed.", f"Give more steps; {STEPS} is usual.")
    if not 0 < learning_rate < 1:
        raise InputError(f"A learning rate of {learning_rate:g} cannot be used.", f"Use one such as {LEARNING_RATE:g}.")
    started = time.monotonic()
    losses: list[float] = []
    snapshots: list[Snapshot] = []
    means: list[Snapshot] = []
    # One thread, so that the order of sums, and the last bits, are the same wherever it runs.
    with repeatable(threads=1):
        source = Source(size, seed, device_named(device), learning_rate=learning_rate, jitter=0.0)
        for step in range(steps + 1):
            output = source()
            loss = ((output - LEVEL) ** 2).mean() / MARGIN
            if step % EVERY == 0 or step == steps:
                snapshots.append(Snapshot(step, float(loss.detach()), output.detach().cpu().numpy()))
            if step in (0, steps):
                means.append(Snapshot(step, float(loss.detach()), _mean(source, seed)))
            if step < steps:
                losses.append(source.step(loss))
            if progress:
                progress(step, steps, "fitting")
    took = time.monotonic() - started
    return Blank(size, steps, seed, learning_rate, tuple(losses), tuple(snapshots), tuple(means), took)


def _mean(source: Source, seed: int) -> NDArray[np.float32]:
    """Mean output over noise that the network was not fitted to."""
    draws = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        noise = (NOISE_RANGE * torch.rand(source.noise.shape, generator=draws) for _ in range(DRAWS))
        made = torch.stack([source.network(one.to(source.device))[0] for one in noise])
    out: NDArray[np.float32] = made.double().mean(0).float().cpu().numpy()
    return out


def energy(output: NDArray[np.float32]) -> Array:
    """(P, P) energy by frequency of a (3, P, P) output, all channels together, their means removed."""
    centred = output.astype(np.float64) - output.mean((1, 2), keepdims=True, dtype=np.float64)
    power: Array = (np.abs(np.fft.fft2(centred)) ** 2).sum(0)
    return power


def stride_ratios(power: Array) -> dict[int, float]:
    """Energy at the frequencies each of :data:`STRIDES` leaves, over that around them.

    Up-sampling by a stride s leaves patterns of period s: frequencies that are multiples of P / s on both axes. Those
    a smaller stride leaves too are counted there. Each frequency is compared with the mean of the up to 48 within three
    of it that are on no lattice; the ratio is of sums over the stride's frequencies.
    """
    size = len(power)
    reach = min(AROUND, size // max(STRIDES) - 1)
    steps = np.arange(-reach, reach + 1)
    out: dict[int, float] = {}
    counted = {(0, 0)}
    for stride in STRIDES:
        places = range(0, size, size // stride)
        mine = [(r, c) for r in places for c in places if (r, c) not in counted]
        counted.update(mine)
        peak = around = 0.0
        for r, c in mine:
            window = power[np.ix_((r + steps) % size, (c + steps) % size)]
            peak += float(power[r, c])
            around += float((window.sum() - power[r, c]) / (window.size - 1))
        out[stride] = peak / max(around, 1e-300)
    return out
