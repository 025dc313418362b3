"""Weights of a decoder as what is kept of them: moments of each tensor, and a projection that gives distances.

The weights are never kept. A count sketch (Charikar, Chen, Farach-Colton 2002) adds each weight of a matrix, with a
sign, to one of at most 1,024 numbers, a sixteenth of the weights at most; bucket and sign come from a hash of the
tensor's name and shape. It is linear, so that the difference of two sketches is the sketch of the difference, whose
length estimates |Wa - Wb|. Sums run in one order, so that every machine gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from difreg.errors import InputError
from difreg.names import shown
from difreg.registry.decoders import Shape, named, prefix

if TYPE_CHECKING:
    from torch import Tensor as Loaded

FORMAT = "difreg-weights-1"
WIDTH = 1024  # numbers a matrix is projected to, at most
SHARE = 16  # weights a number, at least
MOST = 20_000  # tensors of a file
_CHUNK = 1 << 18
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_CONVERT = "safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'x.safetensors') where you trust it"
_PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl", ".pickle")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Tensor:
    """One tensor: what it is compared under, and its moments.

    Attributes
    ----------
    kind
        How the file holds it, such as ``float16``; ``roundoff`` is the largest relative error of rounding to that.
    kurtosis
        Fourth standardised moment, 3 for a normal distribution; NaN of a constant.
    norm
        Euclidean length.
    """

    name: str
    shape: Shape
    kind: str
    roundoff: float
    mean: float
    deviation: float
    kurtosis: float
    norm: float

    @property
    def is_matrix(self) -> bool:
        """Whether it is compared. Biases and scales, which start at 0 and 1 everywhere, are not."""
        return len(self.shape) > 1

    @property
    def size(self) -> int:
        """Number of weights."""
        return math.prod(self.shape)

    @property
    def width(self) -> int:
        """Numbers of its sketch."""
        return width(self.size) if self.is_matrix else 0


@dataclass(frozen=True)
class Weights:
    """A decoder's weights, as far as they are kept.

    Attributes
    ----------
    tensors
        By name.
    sketch
        (sum of widths,) of all matrices one after the other.
    """

    tensors: tuple[Tensor, ...]
    sketch: NDArray[np.float32]

    @property
    def parameters(self) -> int:
        """Number of weights in all."""
        return sum(t.size for t in self.tensors)

    @cached_property
    def matrices(self) -> tuple[Tensor, ...]:
        """Tensors that are compared."""
        return tuple(t for t in self.tensors if t.is_matrix)

    @property
    def norm(self) -> float:
        """|W| of all matrices."""
        return math.sqrt(math.fsum(t.norm**2 for t in self.matrices))

    @property
    def kurtosis(self) -> float:
        """Mean over the matrices that are not constant."""
        known = [t.kurtosis for t in self.matrices if not math.isnan(t.kurtosis)]
        return math.fsum(known) / len(known) if known else math.nan

    @property
    def roundoff(self) -> float:
        """Largest relative rounding of a weight in its file."""
        return max(t.roundoff for t in self.matrices)

    @property
    def signature(self) -> str:
        """What two have in common whose distance is defined: names and shapes of all matrices."""
        told = json.dumps([[t.name, list(t.shape)] for t in self.matrices])
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True)
class Distance:
    """|Wa - Wb| by the root mean square of |Wa| and |Wb|: 0 for copies, about the root of 2 for strangers.

    Attributes
    ----------
    error
        Standard error of ``relative`` by the projection.
    rounding
        What ``relative`` can be between two copies in the precision of the files.
    """

    relative: float
    error: float
    rounding: float

    @property
    def is_copy(self) -> bool:
        """Whether both are the same weights but for rounding."""
        return self.relative <= self.rounding


def width(size: int) -> int:
    """Numbers that ``size`` weights are projected to."""
    return min(WIDTH, max(1, size // SHARE))


def distance(one: Weights, two: Weights) -> Distance | None:
    """The distance of two decoders by their sketches; None where their layers differ.

    The square of a count sketch's length has the mean |x|^2 and a variance of at most 2 |x|^4 / width, so that over
    tensors the relative standard error of the distance is sqrt(sum 2 s^2 / width) / (2 sum s), s the squares.
    """
    if one.signature != two.signature:
        return None
    scale = math.sqrt((one.norm**2 + two.norm**2) / 2)
    rounding = one.roundoff + two.roundoff + float(np.finfo(np.float32).eps)
    difference = one.sketch.astype(np.float64) - two.sketch
    widths = np.array([t.width for t in one.matrices])
    squares = np.array([float((part**2).sum()) for part in np.split(difference, np.cumsum(widths)[:-1])])
    total = float(squares.sum())
    if total == 0 or scale == 0:
        return Distance(0.0, 0.0, rounding)
    relative = math.sqrt(total) / scale
    return Distance(relative, relative * math.sqrt(float((2 * squares**2 / widths).sum())) / (2 * total), rounding)


def to_arrays(weights: Weights) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Arrays and facts that :func:`from_arrays` reads."""
    told = [{**asdict(t), "shape": list(t.shape)} for t in weights.tensors]
    for tensor in told:
        tensor["kurtosis"] = None if math.isnan(tensor["kurtosis"]) else tensor["kurtosis"]
    return {"sketch": weights.sketch}, {"format": FORMAT, "tensors": json.dumps(told)}


def from_arrays(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, str]) -> Weights:
    """What :func:`to_arrays` made.

    Raises
    ------
    InputError
        If it did not make them.
    """
    try:
        told = json.loads(facts["tensors"])
        tensors = tuple(
            Tensor(
                **{
                    **t,
                    "shape": tuple(int(n) for n in t["shape"]),
                    "kurtosis": math.nan if t["kurtosis"] is None else t["kurtosis"],
                }
            )
            for t in told
        )
        made = Weights(tensors, arrays["sketch"])
        sound = facts["format"] == FORMAT and made.sketch.shape == (sum(t.width for t in tensors),)
        sound = sound and bool(made.matrices) and bool(np.isfinite(made.sketch).all())
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"Its weights are not on record as difreg writes them: {shown(str(error), 80)}.") from error
    if not sound:
        raise InputError("Its weights are not on record as difreg writes them.")
    return made


def measure(tensors: Mapping[str, tuple[Any, str, float]]) -> Weights:
    """The weights of tensors given as (numpy array, kind, roundoff) by name; for those that are at hand already."""
    out, sketches = [], []
    for name in sorted(tensors):
        values, kind, roundoff = tensors[name]
        tensor, sketch = _tensor(name, values.shape, kind, roundoff, lambda v=values: _chunks(v.reshape(-1)))
        out.append(tensor)
        sketches.append(sketch)
    return Weights(tuple(out), np.concatenate([*sketches, np.empty(0)]).astype(np.float32))


def read_weights(path: Path) -> tuple[Weights, str]:
    """Measure the decoder in a safetensors file, one tensor at a time.

    Returns
    -------
    The weights, and the prefix of the tensors taken: empty where none is named a decoder's, and all are.

    Raises
    ------
    InputError
        If it is no safetensors file, or its decoder cannot be measured.
    """
    from safetensors import SafetensorError, safe_open

    told = shown(path.name, 60)
    _check(path, told)
    try:
        with safe_open(path, framework="pt") as file:
            return _measured(file, told)
    except (SafetensorError, OSError, OverflowError, RuntimeError, TypeError, ValueError) as error:
        text = f"{told} is no well-formed safetensors file: {shown(str(error).splitlines()[0] if str(error) else '')}."
        raise InputError(text, "Download or save it again; a file that was cut short is of no use.") from error


def _check(path: Path, told: str) -> None:
    """Refuse what is no file, and a pickle, whatever it is called, before anything parses it."""
    if path.exists() and not path.is_file():  # a pipe would block, a device never end
        raise InputError(f"{told} is not a regular file.", "Give a .safetensors file.")
    try:
        with path.open("rb") as stream:
            head = stream.read(9)
    except OSError as error:
        raise InputError(f"{told} cannot be read: {error.strerror}.", "Check the path.") from error
    pickled = head[:2] == b"PK" or (head[:1] == b"\x80" and head[8:] != b"{")
    if pickled or (path.suffix.lower() in _PICKLES and head[8:] != b"{"):
        text = f"{told} is a pickle, which runs whatever code it holds when it is opened; difreg never does."
        raise InputError(text, f"Convert it: {_CONVERT}.")


def _measured(file: Any, told: str) -> tuple[Weights, str]:
    names = list(file.keys())
    if len(names) > MOST:
        raise InputError(f"{told} holds {len(names)} tensors, more than {MOST}.", "Give the decoder's own file.")
    first = prefix(names)
    shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names if name.startswith(first)}
    tensors, sketches = [], []
    for name, (called, shape) in sorted(named(shapes, shapes).items(), key=lambda item: item[1]):
        values = file.get_tensor(name)
        if not values.is_floating_point() or not values.numel():
            continue
        kind, roundoff = _kind(values, name, told)
        try:
            tensor, sketch = _tensor(called, shape, kind, roundoff, lambda v=values: _loaded(v))
        except _NotFiniteError as error:
            text = f"The tensor {shown(name, 80)} of {told} holds values that are no finite numbers."
            raise InputError(text, "Such a decoder makes no images: save it again.") from error
        tensors.append(tensor)
        sketches.append(sketch)
    made = Weights(tuple(tensors), np.concatenate([*sketches, np.empty(0)]).astype(np.float32))
    if not made.matrices or not made.norm:
        raise InputError(
            f"{told} holds no weights of a decoder.", "Give the file with the model's image decoder (VAE)."
        )
    return made, first


def _kind(values: Loaded, name: str, told: str) -> tuple[str, float]:
    import torch

    kind = str(values.dtype).removeprefix("torch.")
    try:
        values.reshape(-1)[:1].to(torch.float64)
        return kind, float(torch.finfo(values.dtype).eps) / 2
    except (RuntimeError, TypeError, NotImplementedError) as error:
        text = f"The tensor {shown(name, 80)} of {told} is of the kind {kind}, which cannot be measured."
        raise InputError(text, "Save it as float16 or bfloat16.") from error


def _loaded(values: Loaded) -> Iterator[Array]:
    import torch

    flat = values.reshape(-1)
    for start in range(0, len(flat), _CHUNK):
        yield flat[start : start + _CHUNK].to(torch.float64).numpy()


def _chunks(flat: NDArray[Any]) -> Iterator[Array]:
    for start in range(0, flat.size, _CHUNK):
        yield flat[start : start + _CHUNK].astype(np.float64)


class _NotFiniteError(Exception):
    pass


def _tensor(name: str, shape: Shape, kind: str, roundoff: float, chunks: Any) -> tuple[Tensor, Array]:
    """Moments and sketch of the values that ``chunks()`` gives, as often as it is asked."""
    size, total, squares = math.prod(shape), 0.0, 0.0
    wide = width(size) if len(shape) > 1 else 0
    sketch, place, seed = np.zeros(wide), 0, _seed(name, shape)
    for part in chunks():
        if not np.isfinite(part).all():
            raise _NotFiniteError
        total, squares = total + _sum(part), squares + _sum(part * part)
        if wide:
            bucket, sign = _hashed(seed, place, part.size, wide)
            sketch += np.bincount(bucket, weights=sign * part, minlength=wide)
        place += part.size
    mean, second, fourth = total / size, 0.0, 0.0
    for part in chunks():
        square = (part - mean) * (part - mean)
        second, fourth = second + _sum(square), fourth + _sum(square * square)
    flat = second <= size * (roundoff * mean) ** 2
    kurtosis = math.nan if flat else size * fourth / second**2
    return Tensor(name, shape, kind, roundoff, mean, math.sqrt(second / size), kurtosis, math.sqrt(squares)), sketch


def _sum(values: Array) -> float:
    """The sum in order; numpy's own takes an order that is the processor's."""
    return float(np.add.accumulate(values)[-1])


def _seed(name: str, shape: Shape) -> np.uint64:
    told = json.dumps([name, list(shape)]).encode()
    return np.uint64(int.from_bytes(hashlib.blake2b(told, digest_size=8).digest(), "little"))


def _hashed(seed: np.uint64, start: int, count: int, wide: int) -> tuple[NDArray[np.int64], Array]:
    """Buckets and signs of weights ``start`` and on, by SplitMix64 (Steele, Lea, Flood 2014) of their places."""
    with np.errstate(over="ignore"):
        x = np.arange(start, start + count, dtype=np.uint64) * _GOLDEN + seed
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    bucket = ((x >> np.uint64(32)) * np.uint64(wide)) >> np.uint64(32)
    return bucket.astype(np.int64), 1.0 - 2.0 * (x & np.uint64(1)).astype(np.float64)
