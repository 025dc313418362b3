"""Training of the network denoisers: the fold of the output must recover a periodic pattern hidden in a photograph.

A random 16-periodic pattern (random energy a period, a coefficient and a colour; .1 to 1.5 grey levels) is added to a
crop of a photograph, rounded to 8 bits as reality does, and the network learns an output whose high-passed 16 x 16 fold
points where the pattern does (1 - cosine). Seeded; an interrupted run goes on from its checkpoint.

    python -m difreg.registry.denoisers.training --photographs DIR --size default -o periodic-1.safetensors
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from difreg.registry.denoisers.network import Extractor
from difreg.registry.sketches import CUTOFF, PERIOD

Array = NDArray[np.float64]
LIST = "photographs-1.csv"
BATCH, CROP, RATE = 8, 96, 2e-3
STRENGTH = (0.1, 1.5)  # grey levels of standard deviation
BOOST, WARM = 10.0, 600  # patterns start so many times stronger, for so many steps
LASTING = 0.998  # of the running mean of the weights, which is what is kept
FREQUENCY = np.arange(PERIOD)
SPATIAL = PERIOD // np.gcd(np.gcd.outer(FREQUENCY, FREQUENCY), PERIOD)  # period of each Fourier coefficient of a tile
SHARE = {2: 0.15, 4: 0.2, 8: 1.0, 16: 1.0}  # strength of each period in the target; see docs/denoisers.md


@dataclass(frozen=True)
class Size:
    """A network and how long it is trained."""

    width: int
    depth: int
    steps: int


SIZES = {"default": Size(32, 6, 4500), "fast": Size(16, 5, 8000)}


def pattern(rng: np.random.Generator) -> Array:
    """Random (3, 16, 16) pattern of zero mean and unit standard deviation."""
    power = np.zeros((PERIOD, PERIOD))
    for share, period in zip(rng.dirichlet([0.6] * 4), (2, 4, 8, 16), strict=True):
        peaks = np.where(period == SPATIAL, rng.gamma(rng.choice([0.3, 1.0, 5.0]), 1, power.shape), 0)
        peaks = peaks + np.roll(peaks[::-1, ::-1], (1, 1), (0, 1))  # symmetric, as a real pattern's are
        power += share * peaks / peaks.sum()
    mix = rng.normal(size=(3, 3))
    if rng.random() < 0.5:  # mostly grey, otherwise any mix of colours
        mix = mix * np.array([1, 0.7, 0.7]) @ np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / 2
    if rng.random() < 0.3:
        mix = mix[:1] * np.ones((3, 1))
    noise = np.fft.fft2(rng.normal(size=(3, PERIOD, PERIOD)))
    made: Array = np.tensordot(mix.T, np.fft.ifft2(noise * np.sqrt(power)).real, 1)
    made -= made.mean((1, 2), keepdims=True)
    unit: Array = made / (made.std() + 1e-9)
    return unit


def crop(photographs: list[NDArray[np.uint8]], rng: np.random.Generator) -> Array:
    """(96, 96, 3) grey levels with fractions, of a random photograph, flipped and transposed at random."""
    image = photographs[rng.integers(len(photographs))]
    top, left = (rng.integers(side - CROP + 1) for side in image.shape[:2])
    part = image[top : top + CROP, left : left + CROP]
    part = part[:, ::-1] if rng.random() < 0.5 else part
    part = part.transpose(1, 0, 2) if rng.random() < 0.5 else part
    return part + rng.uniform(-0.5, 0.5, part.shape)


def batch(photographs: list[NDArray[np.uint8]], rng: np.random.Generator, boost: float) -> tuple[Tensor, Tensor]:
    """Photographs with a pattern, (8, 3, 96, 96) in [0, 1], and the patterns sought, (8, 3, 16, 16)."""
    shares = np.select([period == SPATIAL for period in SHARE], list(SHARE.values()), 0.0)
    images, wanted = [], []
    for _ in range(BATCH):
        made = pattern(rng)
        strength = boost * np.exp(rng.uniform(*np.log(STRENGTH)))
        tiled = np.tile(made.transpose(1, 2, 0), (CROP // PERIOD, CROP // PERIOD, 1))
        seen = np.clip(np.rint(crop(photographs, rng) + strength * tiled), 0, 255)
        images.append(seen.transpose(2, 0, 1) / 255)
        wanted.append(np.fft.ifft2(np.fft.fft2(made) * shares).real)
    return torch.from_numpy(np.stack(images)).float(), torch.from_numpy(np.stack(wanted)).float()


def folded(residuals: Tensor) -> Tensor:
    """Sketches, (n, 3, 16, 16), of (n, 3, H, W) residuals; what :func:`difreg.registry.sketches.sketch` does to one."""
    spectrum = torch.fft.rfft2(residuals)
    rows, columns = (torch.fft.fftfreq(residuals.shape[-2]), torch.fft.rfftfreq(residuals.shape[-1]))
    passed = torch.fft.irfft2(spectrum * (torch.hypot(rows[:, None], columns) >= CUTOFF), s=residuals.shape[-2:])
    unit = passed / (passed.flatten(1).norm(dim=1) + 1e-6)[:, None, None, None]
    n, channels, height, width = unit.shape
    out: Tensor = unit.reshape(n, channels, height // PERIOD, PERIOD, width // PERIOD, PERIOD).mean((2, 4))
    return out


def start(size: Size) -> Extractor:
    """A network whose first layer begins as high-pass filters: flat content gives nothing."""
    net = Extractor(size.width, size.depth)
    for conv in net.convs:
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")  # type: ignore[arg-type]
    with torch.no_grad():
        first = net.convs[0].weight
        first -= first.mean((2, 3), keepdim=True)  # type: ignore[operator]
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def train(photographs: list[NDArray[np.uint8]], size: Size, output: Path, seed: int = 0) -> None:
    """Train and write the weights to ``output``; its checkpoint, beside it, ends in ``.ckpt``."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net = start(size)
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-4, betas=(0.9, 0.99))
    mean = {k: v.clone() for k, v in net.state_dict().items()}
    first, checkpoint = 0, output.with_suffix(".ckpt")
    if checkpoint.exists():
        stored = torch.load(checkpoint, weights_only=True)
        net.load_state_dict(stored["net"])
        optimiser.load_state_dict(stored["optimiser"])
        mean, first = stored["mean"], stored["step"]
    begun, losses = time.process_time(), []
    for step in range(first, size.steps):
        rng = np.random.default_rng([seed, step])
        images, wanted = batch(photographs, rng, max(1.0, BOOST ** (1 - step / WARM)))
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 100) * (0.5 + 0.5 * np.cos(np.pi * step / size.steps)) + 1e-6
        found = folded(net(images.to(memory_format=torch.channels_last)))
        loss = 1 - functional.cosine_similarity(found.flatten(1), wanted.flatten(1), dim=1).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
        with torch.no_grad():
            for key, value in net.state_dict().items():
                mean[key].lerp_(value, 1 - min(LASTING, (step + 1) / (step + 20)))
        if (step + 1) % 250 == 0 or step + 1 == size.steps:
            spent = time.process_time() - begun
            print(f"step {step + 1} loss {np.mean(losses):.4f} cpu {spent:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
            losses = []
            state = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "mean": mean, "step": step + 1}
            torch.save(state, checkpoint)
            shape = json.dumps({"width": size.width, "depth": size.depth, "gain": net.gain})
            facts = {"shape": shape, "steps": str(step + 1), "seed": str(seed)}
            save_file({k: v.contiguous() for k, v in mean.items()}, str(output), facts)


def read_photographs(folder: Path) -> list[NDArray[np.uint8]]:
    """The photographs of ``folder`` that the committed list puts in the half *make*; the other half is never seen."""
    text = files("difreg.registry.backgrounds").joinpath(LIST).read_text(encoding="utf-8")
    names = [row["file"] for row in csv.DictReader(text.splitlines()) if row["half"] == "make"]
    return [np.asarray(Image.open(folder / name).convert("RGB")) for name in names]


def main() -> None:
    """Train one size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=Path, required=True, help="folder of the listed photographs")
    parser.add_argument("--size", choices=SIZES, default="default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, required=True)
    told = parser.parse_args()
    train(read_photographs(told.photographs), SIZES[told.size], told.output, told.seed)


if __name__ == "__main__":
    main()
