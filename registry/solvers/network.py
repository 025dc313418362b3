"""The network whose output is the fingerprint: the U-Net of Deep Image Fingerprint, and what keeps its runs repeatable.

Fixed noise goes in, the fingerprint comes out; only the weights are fitted. Strided up-sampling four deep is why 90 %
of a fingerprint lies on the 16-periodic lattice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from difreg.errors import InputError
from difreg.names import shown

INPUTS = 16  # channels of noise
WIDTH = 32  # channels of the first block; doubled at each of four levels
DEPTH = 4
SLOPE = 0.01
LEARNING_RATE = 5e-4
NOISE_RANGE = 0.1  # of the fixed noise, uniform from 0
NOISE_STEP = 0.03  # standard deviation of the noise added anew each step
DECAY = 0.99  # of the running mean of outputs


class UNet(nn.Module):
    """Sinitsa & Fried, WACV 2024: 3 705 667 weights, four levels of 32 to 256 channels.

    An encoder block is twice (3 x 3 convolution, batch normalisation, leaky ReLU) and halves the canvas by its maximum;
    a decoder block does the same to the skip connection and what comes from below, and doubles the canvas by a 2 x 2
    transposed convolution. A 1 x 1 convolution and tanh end it.

    Parameters
    ----------
    circular
        Pad the canvas with itself instead of zeros, for a canvas that is one period of the fingerprint.
    """

    def __init__(self, *, circular: bool = False) -> None:
        super().__init__()
        widths = [INPUTS] + [WIDTH << level for level in range(DEPTH)]
        deep = widths[-1]
        self.down = nn.ModuleList(_twice(a, b, circular) for a, b in pairwise(widths))
        self.middle = nn.Sequential(_twice(deep, deep, circular), _doubled(deep))
        self.up = nn.ModuleList(
            nn.Sequential(_twice(2 * below, made, circular), _doubled(made))
            for below, made in zip(widths[:1:-1], widths[-2:0:-1], strict=True)
        )
        self.top = _twice(2 * WIDTH, WIDTH, circular)
        self.last = nn.Conv2d(WIDTH, 3, 1)

    def forward(self, noise: Tensor) -> Tensor:
        """(n, 16, P, P) noise to (n, 3, P, P) in (-1, 1), P a multiple of 16."""
        skips: list[Tensor] = []
        x = noise
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = functional.max_pool2d(x, 2)
        x = self.middle(x)
        for block in (*self.up, self.top):
            x = block(torch.cat([skips.pop(), x], 1))
        return torch.tanh(self.last(x))


def _twice(inputs: int, outputs: int, circular: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    mode: Literal["circular", "zeros"] = "circular" if circular else "zeros"
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, padding_mode=mode), nn.BatchNorm2d(outputs)]
        layers += [nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers)


def _doubled(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(channels, channels, 2, stride=2), nn.BatchNorm2d(channels))


class Source:
    """A network with its noise and optimiser; each call is one output, each :meth:`step` one step on a loss of it.

    All randomness is drawn on the processor from ``seed``, so that a device changes rounding alone, and the caller's
    own random state is left as it was. ``jitter`` is the standard deviation of what is added to the noise each time.
    """

    def __init__(
        self,
        canvas: int,
        seed: int,
        device: torch.device,
        *,
        circular: bool = False,
        learning_rate: float = LEARNING_RATE,
        jitter: float = NOISE_STEP,
    ) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.network = UNet(circular=circular).to(device).train()
        self.noise = NOISE_RANGE * torch.rand((1, INPUTS, canvas, canvas), generator=self.generator)
        self.jitter = jitter
        self.device = device
        self.optimiser = torch.optim.AdamW(self.network.parameters(), learning_rate, fused=True)

    def __call__(self) -> Tensor:
        """The next output, (3, canvas, canvas)."""
        fresh = torch.randn(self.noise.shape, generator=self.generator)
        out: Tensor = self.network((self.noise + self.jitter * fresh).to(self.device))[0]
        return out

    def step(self, loss: Tensor) -> float:
        """One optimiser step down ``loss``; its value."""
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return float(loss.detach())


def running_mean(before: Tensor | None, output: Tensor) -> Tensor:
    """Exponential mean of outputs, decay .99, begun with the first."""
    now = output.detach()
    return now.clone() if before is None else DECAY * before + (1 - DECAY) * now


def device_named(name: str) -> torch.device:
    """The device called ``name``: ``cpu``, ``cuda``, ``cuda:1``, or ``auto`` for a GPU where there is one.

    Raises
    ------
    InputError
        If torch knows or has no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    # Each kind of device has its own error for not being there.
    except Exception as error:
        raise InputError(f"There is no device '{shown(name)}' here.", "Use --device cpu, cuda or auto.") from error
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"Solving on '{shown(name)}' is not supported.", "Use --device cpu, cuda or auto.")
    return device


@contextmanager
def repeatable(threads: int = 0) -> Iterator[None]:
    """Deterministic algorithms, on ``threads`` threads (0: as many as torch has), inside the block."""
    before = torch.get_num_threads()
    strict, warn = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    fast = torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.backends.cudnn.benchmark = fast
        torch.use_deterministic_algorithms(strict, warn_only=warn)
