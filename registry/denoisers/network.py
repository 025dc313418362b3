"""Small convolutional denoisers trained to bring out periodic patterns (``training.py`` beside this file makes them).

Not denoisers in the usual sense: a random 16-periodic pattern is hidden in a photograph, and the network learns an
output whose fold over 16 x 16 tiles correlates with it, which is all that a fingerprint is read from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional

PEAK = 255.0


class Extractor(nn.Module):
    """3 x 3 convolutions without biases, ReLU between; RGB in [0, 1] in, residual out, both (n, 3, H, W)."""

    def __init__(self, width: int, depth: int, gain: float = 16.0) -> None:
        super().__init__()
        self.gain = gain
        channels = [3, *[width] * (depth - 1), 3]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in pairwise(channels))

    def forward(self, images: Tensor) -> Tensor:
        """Residual of images, without high-pass."""
        x = self.gain * (images - 0.5)
        for conv in self.convs[:-1]:
            x = functional.relu(conv(x), inplace=True)
        out: Tensor = self.convs[-1](x)
        return out


class NetworkDenoiser:
    """A shipped network by name; ``limit`` clips the residual at so many root mean squares (0: not at all)."""

    def __init__(self, name: str, limit: float = 0.0) -> None:
        self.name = name
        self.limit = limit
        path = files("difreg.registry.denoisers.weights").joinpath(f"{name}.safetensors")
        with safe_open(str(path), "pt") as stored:
            shape = json.loads(stored.metadata()["shape"])
            self._net = Extractor(shape["width"], shape["depth"], shape["gain"])
            self._net.load_state_dict({key: stored.get_tensor(key).float() for key in stored.keys()})  # noqa: SIM118
        self._net.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @contextmanager
    def calm(self) -> Iterator[None]:
        """One thread an operation: sums then do not depend on the number of processors."""
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def residual(self, crop: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Residual of one image: (H, W, 3) grey levels 0..255 in, (3, H, W) out, in no unit (the scale cancels)."""
        images = torch.from_numpy(np.array(crop.transpose(2, 0, 1), dtype=np.float32)[None] / PEAK)
        with torch.inference_mode():
            found = self._net(images.to(memory_format=torch.channels_last))[0].contiguous()
        out: NDArray[np.float64] = found.numpy().astype(np.float64)
        if self.limit:
            bound = self.limit * float(np.sqrt((out * out).mean()))
            np.clip(out, -bound, bound, out=out)
        return out
