"""The invisible watermark of the first Stable Diffusion scripts, the method ``dwtDct`` of invisible-watermark.

In the U channel's half-size Haar approximation, cut in blocks of 4 x 4, the largest value but the first of a block is
moved to a quarter or to three quarters of a step of 36, for a 0 or a 1 of the message. As the first value of a block is
never moved, images come to share a pattern of 8 x 8 pixels, which looks like a fingerprint.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MESSAGE = "StableDiffusionV1"
STEP = 36.0
BLOCK = 4
Array = NDArray[np.float64]


def marked(pixels: NDArray[np.uint8], message: str = MESSAGE) -> NDArray[np.uint8]:
    """(H, W, 3) RGB with the watermark; the sides are multiples of 8."""
    rgb = pixels.astype(np.float64)
    luma = rgb @ np.array([0.299, 0.587, 0.114])
    u = np.rint(np.clip(0.492 * (rgb[..., 2] - luma) + 128, 0, 255))
    v = 0.877 * (rgb[..., 0] - luma)
    half = u.reshape(u.shape[0] // 2, 2, u.shape[1] // 2, 2)
    moved = u + np.kron(_moved(half.sum((1, 3)) / 2, message) / 2, np.ones((2, 2)))
    blue = luma + (moved - 128) / 0.492
    red = luma + v / 0.877
    green = (luma - 0.299 * red - 0.114 * blue) / 0.587
    out: NDArray[np.uint8] = np.clip(np.rint(np.stack([red, green, blue], -1)), 0, 255).astype(np.uint8)
    return out


def _moved(approximation: Array, message: str) -> Array:
    """How far each value of the (H / 2, W / 2) approximation is moved."""
    rows, columns = (side // BLOCK for side in approximation.shape)
    blocks = approximation.reshape(rows, BLOCK, columns, BLOCK).transpose(0, 2, 1, 3).reshape(-1, BLOCK * BLOCK)
    bits = np.unpackbits(np.frombuffer(message.encode(), np.uint8))
    told = np.resize(bits, len(blocks)).astype(np.float64)
    place = np.abs(blocks[:, 1:]).argmax(1) + 1
    every = np.arange(len(blocks))
    value = blocks[every, place]
    out = np.zeros_like(blocks)
    out[every, place] = np.sign(value) * (np.abs(value) // STEP + 0.25 + 0.5 * told) * STEP - value
    return out.reshape(rows, columns, BLOCK, BLOCK).transpose(0, 2, 1, 3).reshape(approximation.shape)
