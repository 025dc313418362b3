"""Which tensors of a file of weights are the image decoder's, and one name for each whoever wrote the file.

The same decoder is called ``decoder.`` in a file of its own, ``first_stage_model.decoder.`` in a whole checkpoint of
Stable Diffusion's, and its layers have other names in diffusers than in CompVis' code. What is compared is the layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

PREFERRED = ("decoder.", "first_stage_model.decoder.", "vae.decoder.")
Shape = tuple[int, ...]
_PREFIX = re.compile(r"(?:[^.]+\.)*?decoder\.")
_ATTENTION = {
    "norm": "group_norm",
    "q": "to_q",
    "k": "to_k",
    "v": "to_v",
    "proj_out": "to_out.0",
    "query": "to_q",
    "key": "to_k",
    "value": "to_v",
    "proj_attn": "to_out.0",
}


def prefix(names: Iterable[str]) -> str:
    """What the decoder's tensors begin with; empty where none is a decoder's, so that all are taken."""
    found = {match[0] for name in names if (match := _PREFIX.match(name))}
    known = [p for p in PREFERRED if p in found]
    return known[0] if known else min(found, key=lambda p: (len(p), p), default="")


def named(names: Iterable[str], shapes: Mapping[str, Shape]) -> dict[str, tuple[str, Shape]]:
    """Name and shape a tensor is compared under, by its name in the file.

    CompVis' names of an autoencoder's layers become those of diffusers, and a convolution of one pixel the matrix that
    it is.

    Parameters
    ----------
    names
        Tensors of the decoder, with the prefix that all have.
    """
    names = list(names)
    first = prefix(names)
    bare = {name: name.removeprefix(first) for name in names}
    levels = [int(m[1]) for n in bare.values() if (m := re.match(r"up\.(\d+)\.", n))]
    out = {name: (_diffusers(n, max(levels, default=0)), _squeezed(shapes[name])) for name, n in bare.items()}
    if len({one for one, _ in out.values()}) != len(out):  # two layers under one name: leave all as they are
        return {name: (bare[name], shapes[name]) for name in names}
    return out


def _diffusers(name: str, top: int) -> str:
    name = re.sub(r"^mid\.block_(\d+)\.", lambda m: f"mid_block.resnets.{int(m[1]) - 1}.", name)
    name = re.sub(r"^mid\.attn_(\d+)\.", lambda m: f"mid_block.attentions.{int(m[1]) - 1}.", name)
    name = re.sub(r"^up\.(\d+)\.block\.", lambda m: f"up_blocks.{top - int(m[1])}.resnets.", name)
    name = re.sub(r"^up\.(\d+)\.attn\.", lambda m: f"up_blocks.{top - int(m[1])}.attentions.", name)
    name = re.sub(r"^up\.(\d+)\.upsample\.", lambda m: f"up_blocks.{top - int(m[1])}.upsamplers.0.", name)
    name = re.sub(r"^norm_out\.", "conv_norm_out.", name)
    name = name.replace(".nin_shortcut.", ".conv_shortcut.")
    return re.sub(
        r"(\.attentions\.\d+\.)([a-z_]+)(?=\.)",
        lambda m: m[1] + _ATTENTION.get(m[2], m[2]),
        name,
    )


def _squeezed(shape: Shape) -> Shape:
    return shape[:-2] if len(shape) == 4 and shape[-2:] == (1, 1) else shape
