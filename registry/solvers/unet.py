"""The solver ``unet``: the method's network on a small periodic canvas, fitted to the gap of mean correlations.

The published contrastive loss stops at a gap of .01 and then fits noise; the mean gap of a unit-norm fingerprint does
not stop. It is linear in the images, so their mean difference is all a step needs: one inner product of 3 P^2 numbers.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from difreg.errors import InputError, TooFewImagesError
from difreg.registry.images import CROP
from difreg.registry.sketches import LEAST_NORM, PERIOD
from difreg.registry.solvers import Array, Solved, correlate
from difreg.registry.solvers.network import Source, device_named, repeatable, running_mean

CANVAS = 32
STEPS = 100
LEAST_IMAGES = 2


def solve_unet(
    fakes: Array,
    reals: Array,
    *,
    canvas: int = CANVAS,
    steps: int = STEPS,
    seed: int = 0,
    device: str = "cpu",
    held_out: tuple[Array, Array] | None = None,
) -> Solved:
    """Fit the U-Net's output so that generated images correlate with it more than photographs do.

    The fingerprint is the exponential mean (decay .99) of the outputs, centred and scaled to unit norm: against the
    last output it was .02 better in held-out AUC on its own canvas, and equal once folded to 16 pixels.

    Parameters
    ----------
    fakes
        (n, 3, canvas, canvas) folds of the generated images (:func:`difreg.registry.solvers.folded`), n >= 2.
    reals
        (m, 3, canvas, canvas) folds of photographs, or their mean (3, canvas, canvas).
    canvas
        Period in pixels, a multiple of 16, at least 32.
    steps
        Optimiser steps; about 20 ms each on one processor.
    device
        ``cpu``, ``cuda`` or ``auto``.
    held_out
        (fakes, reals) that are not fitted; the step whose fingerprint has the largest gap on them is kept. Never give
        images whose scores are reported.

    Returns
    -------
    Facts: ``mu_real``, ``mu_fake`` (correlations of the training images), ``device``, ``n_fake``, ``n_real`` (0 where
    only their mean was given), and with ``held_out`` its ``held_out_gap``. The same inputs and seed give the same
    bytes on the same machine.

    Raises
    ------
    InputError
        If shapes do not fit, values are not finite, or generated images and photographs have the same mean.
    TooFewImagesError
        If there are fewer than two generated images.
    """
    if canvas < 2 * PERIOD or canvas % PERIOD:
        raise InputError(f"A canvas of {canvas} pixels cannot be used.", "Use a multiple of 16, 32 or more.")
    if steps < 1:
        raise InputError("At least one step is needed.", "Give more steps; 100 is usual.")
    target = _mean_gap(fakes, reals, canvas, LEAST_IMAGES)
    norm = float(np.linalg.norm(target))
    if not norm > LEAST_NORM:
        raise InputError("The generated images and the photographs have the same mean residual.", "Give other images.")
    watched = None if held_out is None else _mean_gap(*held_out, canvas, 1)
    where = device_named(device)
    # More threads than one cost more than they bring on so small a canvas.
    with repeatable(threads=1):
        array, step, losses = _fit(
            target / norm, norm * CROP / canvas, watched, steps, Source(canvas, seed, where, circular=True)
        )
    # The gap was maximised, so this turns nothing round unless there were too few steps to learn from.
    if (array * target).sum() < 0:
        array = -array
    mean_real = reals if reals.ndim == 3 else reals.mean(0)
    facts = {
        "mu_real": float(correlate(array, mean_real[None])[0]),
        "mu_fake": float(correlate(array, fakes).mean()),
        "n_fake": len(fakes),
        "n_real": 0 if reals.ndim == 3 else len(reals),
        "device": str(where),
    }
    if watched is not None:
        facts["held_out_gap"] = float(correlate(array, watched[None])[0])
    return Solved(array.astype(np.float32), "unet", canvas, seed, step, losses, facts)


def _fit(
    target: NDArray[np.float64], scale: float, watched: NDArray[np.float64] | None, steps: int, source: Source
) -> tuple[NDArray[np.float64], int, tuple[float, ...]]:
    """The fingerprint, the step it is of, and the loss (minus the gap of correlations) of every step."""
    wanted = torch.tensor(target, dtype=torch.float32, device=source.device)
    mean: torch.Tensor | None = None
    best, best_step, best_gap = np.zeros_like(target), 0, -np.inf
    losses: list[float] = []
    for step in range(1, steps + 1):
        output = source()
        losses.append(source.step(-scale * (_unit(output) * wanted).sum()))
        mean = running_mean(mean, output)
        if watched is None and step < steps:
            continue
        now = _unit(mean.double()).cpu().numpy()
        gap = np.inf if watched is None else float((now * watched).sum())
        if gap > best_gap:
            best, best_step, best_gap = now, step, gap
    return best, best_step, tuple(losses)


def _unit(output: torch.Tensor) -> torch.Tensor:
    centred = output - output.mean()
    out: torch.Tensor = centred / centred.norm().clamp_min(LEAST_NORM)
    return out


def _mean_gap(fakes: Array, reals: Array, canvas: int, least: int) -> NDArray[np.float64]:
    """Mean of generated images less mean of photographs, (3, canvas, canvas), its own mean removed."""
    wanted = (3, canvas, canvas)
    if fakes.ndim != 4 or fakes.shape[1:] != wanted or reals.ndim not in (3, 4) or reals.shape[-3:] != wanted:
        raise InputError(
            f"Folds of {fakes.shape} and {reals.shape} do not fit a canvas of {canvas} pixels.",
            f"Generated images must be (n, 3, {canvas}, {canvas}), photographs the same or their mean.",
        )
    if len(fakes) < least or not reals.size:
        raise TooFewImagesError(
            f"{len(fakes)} generated images and {len(reals)} photographs are too few.",
            f"Give at least {least} generated images and one photograph, or the photographs' mean.",
        )
    gap = fakes.mean(0, dtype=np.float64) - (reals if reals.ndim == 3 else reals.mean(0, dtype=np.float64))
    if not np.isfinite(gap).all():
        raise InputError("Some residuals are not finite.", "Fold them again from the images.")
    out: NDArray[np.float64] = gap - gap.mean()
    return out
