"""The nursery's networks: autoencoders of some hundred thousand weights, told apart by how they upsample.

The decoder is what leaves a fingerprint. Each way of upsampling that real decoders use is here: nearest neighbour and a
convolution, transposed convolution, pixel shuffle; with or without group normalisation, a quantised latent, a critic.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

WIDTHS = (48, 32, 24, 16)  # of the decoder, from latent to pixels at a factor of 8; a factor of 4 drops the first
GROUPS = 4
CODES = 512
KEEP = 0.99  # of a code's running mean, a step


@dataclass(frozen=True)
class Architecture:
    """What two founders share that differ in their seed alone.

    Attributes
    ----------
    upsampling
        ``nearest``, ``transposed`` or ``shuffle``.
    factor
        Pixels a side of one latent position, 8 or 4.
    channels
        Of the latent.
    norm, quantised, critic
        Group normalisation in the decoder; a codebook (VQ); an adversarial loss in training.
    """

    upsampling: str
    factor: int = 8
    channels: int = 8
    norm: bool = False
    quantised: bool = False
    critic: bool = False

    @property
    def name(self) -> str:
        """One word a part, such as ``nearest-f8-norm``."""
        parts = ("norm" if self.norm else "", "vq" if self.quantised else "", "gan" if self.critic else "")
        return "-".join([self.upsampling, f"f{self.factor}", *(p for p in parts if p)])

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of the decoder's stages, from the latent on."""
        return WIDTHS if self.factor == 8 else WIDTHS[1:]


def _conv(inside: int, outside: int, norm: bool = False) -> list[nn.Module]:
    return [
        nn.Conv2d(inside, outside, 3, padding=1),
        *([nn.GroupNorm(GROUPS, outside)] if norm else []),
        nn.SiLU(),
    ]


def _up(how: str, inside: int, outside: int) -> list[nn.Module]:
    if how == "transposed":
        return [nn.ConvTranspose2d(inside, outside, 4, stride=2, padding=1)]
    if how == "shuffle":
        return [nn.Conv2d(inside, 4 * outside, 3, padding=1), nn.PixelShuffle(2)]
    return [nn.Upsample(scale_factor=2.0, mode="nearest"), nn.Conv2d(inside, outside, 3, padding=1)]


def begin(network: nn.Module) -> None:
    """Weights that keep the signal's size from layer to layer (He et al. 2015); torch's own let it fade."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            # A transposed convolution of stride 2 sums a quarter of its taps into each pixel.
            fan = layer.weight[0].numel() if isinstance(layer, nn.Conv2d) else layer.weight[:, 0].numel() / 4
            nn.init.normal_(layer.weight, std=(1.6 / fan) ** 0.5)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]


class Encoder(nn.Module):
    """(n, 3, H, W) in [-1, 1] to (n, channels, H / factor, W / factor)."""

    def __init__(self, made: Architecture) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inside = 3
        for width in reversed(made.widths[:-1]):
            layers += [nn.Conv2d(inside, width, 4, stride=2, padding=1), nn.SiLU()]
            inside = width
        self.layers = nn.Sequential(*layers, *_conv(inside, inside), nn.Conv2d(inside, made.channels, 3, padding=1))

    def forward(self, images: Tensor) -> Tensor:
        """The latent."""
        out: Tensor = self.layers(images)
        return out


class Decoder(nn.Module):
    """The way back from a latent to (n, 3, H, W)."""

    def __init__(self, made: Architecture) -> None:
        super().__init__()
        first, *rest = made.widths
        layers = _conv(made.channels, first, made.norm)
        layers += [*_conv(first, first, made.norm), *_conv(first, first, made.norm)]
        for inside, outside in zip((first, *rest), rest, strict=False):
            layers += [*_up(made.upsampling, inside, outside)]
            layers += [nn.GroupNorm(GROUPS, outside)] if made.norm else []
            layers += [nn.SiLU(), *_conv(outside, outside, made.norm)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(rest[-1], 3, 3, padding=1))

    def forward(self, latent: Tensor) -> Tensor:
        """Images in about [-1, 1]."""
        out: Tensor = self.layers(latent)
        return out


class Quantiser(nn.Module):
    """A codebook learned by running means (van den Oord et al. 2017, A.1); idle codes begin again at a latent."""

    codes: Tensor
    counts: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.randn(CODES, channels))
        self.register_buffer("counts", torch.zeros(CODES))

    def nearest(self, flat: Tensor) -> Tensor:
        """Index, (n,), of the code nearest to each of (n, channels)."""
        with torch.autocast("cpu", enabled=False):
            distance = (self.codes**2).sum(1) - 2 * flat @ self.codes.T
        return distance.argmin(1)

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """The latent made of codes, with the gradient passed straight through, and the commitment loss."""
        flat = latent.movedim(1, -1).reshape(-1, latent.shape[1]).float()
        chosen = self.nearest(flat.detach())
        if self.training:
            self._learn(flat.detach(), chosen)
        found = self.codes[chosen].reshape(latent.movedim(1, -1).shape).movedim(-1, 1)
        return latent + (found - latent).detach(), ((latent - found) ** 2).mean()

    @torch.no_grad()
    def _learn(self, flat: Tensor, chosen: Tensor) -> None:
        counts = torch.bincount(chosen, minlength=CODES).float()
        sums = torch.zeros_like(self.codes).index_add_(0, chosen, flat)
        pace = (1 - KEEP) * (counts > 0)
        mean = sums / counts.clamp(min=1)[:, None]
        self.codes.lerp_(mean, pace[:, None] * torch.ones_like(mean))
        self.counts.mul_(KEEP).add_(counts, alpha=1 - KEEP)
        idle = (self.counts < 0.01).nonzero().flatten()[: len(flat)]
        self.codes[idle] = flat[torch.randperm(len(flat))[: len(idle)]]
        self.counts[idle] = 1.0


class Critic(nn.Module):
    """A patch discriminator (Isola et al. 2017) for the adversarial founders: a score for every 8 x 8 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(16, 32, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(32, 48, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(48, 1, 3, padding=1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Scores, higher for real."""
        out: Tensor = self.layers(images)
        return out
