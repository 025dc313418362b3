"""Reader of the checkpoints that the paper's code writes, without running anything that is in them.

A checkpoint is a torch archive of a dictionary of one tensor and three lists of numbers. Archives can carry code; only
torch's restricted reader is used, on files whose parts are stored plainly and are no larger than a checkpoint can be.
"""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from difreg.errors import InputError, NotFoundError
from difreg.names import shown
from difreg.registry.solvers import DEAD, Solved

SUFFIXES = frozenset({".pt", ".pth", ".pkl"})
SHAPE = (1, 3, 256, 256)
LAST = 20
MAX_BYTES = 128 << 20  # the paper's code may save a copy of the fingerprint for each of 66 images: 52 MB
MAX_STEPS = 1 << 20
LAYOUT = "The paper's code writes {'Fingerprint', 'Train Real', 'Train Fake', 'Loss'} with torch.save."


def read_checkpoint(folder: Path) -> Solved:
    """The fingerprint in a folder as the paper's code writes it, ``chk_0.pt`` beside ``train_hypers.pt``.

    Parameters
    ----------
    folder
        The folder, or the checkpoint itself. A folder must hold one ``.pt``, ``.pth`` or ``.pkl`` whose name does not
        speak of hyper-parameters; those are never opened.

    Returns
    -------
    Solver ``paper``, canvas 256, no seed. The sign is turned, if need be, so that generated images score above
    photographs. Facts: ``foreign`` (True: its denoiser is not ours), ``file``, ``flipped``, ``mu_real`` and ``mu_fake``
    (means of the last 20 stored values; they belong to that denoiser).

    Raises
    ------
    NotFoundError
        If there is no such folder or no checkpoint in it.
    InputError
        If there are several, or the one there is damaged, needs code to be read, is not of the paper's layout, or is
        dead: its two means are closer than .002, so that not even its sign is known.
    """
    path = _find(folder)
    name = shown(path.name, 60)
    _check_archive(path, name)
    found = _load(path, name)
    array = _fingerprint(found.get("Fingerprint"), name)
    real, fake = (_curve(found.get(key), key, name) for key in ("Train Real", "Train Fake"))
    losses = _curve(found.get("Loss"), "Loss", name, largest=1e6)
    mu_real, mu_fake = float(real[-LAST:].mean()), float(fake[-LAST:].mean())
    if abs(mu_fake - mu_real) < DEAD:
        raise InputError(
            f"The fingerprint in {name} is dead: generated images correlate {mu_fake:.4f}, photographs {mu_real:.4f}.",
            "Train it longer, or add the generator's images instead.",
        )
    sign = -1 if mu_fake < mu_real else 1
    facts = {
        "foreign": True,
        "file": path.name,
        "flipped": sign < 0,
        "mu_real": sign * mu_real,
        "mu_fake": sign * mu_fake,
    }
    return Solved(sign * array, "paper", SHAPE[-1], None, len(fake), tuple(losses.tolist()), facts)


def _find(folder: Path) -> Path:
    if folder.is_file():
        return folder
    if not folder.is_dir():
        raise NotFoundError(f"There is no folder '{shown(str(folder))}'.", "Give a folder that holds chk_0.pt.")
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    found = [p for p in files if "hyper" not in p.name.lower()]
    if not found:
        raise NotFoundError(
            f"There is no checkpoint (.pt, .pth or .pkl) in '{shown(str(folder))}'.", "Give a folder with chk_0.pt."
        )
    if len(found) > 1:
        told = ", ".join(shown(p.name, 60) for p in found[:6])
        raise InputError(f"'{shown(str(folder))}' holds {len(found)} checkpoints: {told}.", "Give one of the files.")
    return found[0]


def _check_archive(path: Path, name: str) -> None:
    """Refuse what is no plainly stored archive of a checkpoint's size, before torch looks at it."""
    try:
        large = path.stat().st_size > MAX_BYTES
        # A plain pickle, or torch's format before 1.6: their sizes are claims, and reading them is running them.
        if not large and not zipfile.is_zipfile(path):
            raise InputError(f"{name} is no torch archive.", LAYOUT)
        if not large:
            with zipfile.ZipFile(path) as archive:
                parts = archive.infolist()
            large = sum(part.file_size for part in parts) > MAX_BYTES
            if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
                raise InputError(f"{name} is compressed, which torch.save never does.", LAYOUT)
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InputError(f"{name} cannot be read: it is damaged.", LAYOUT) from error
    if large:
        raise InputError(f"{name} is larger than a checkpoint can be ({MAX_BYTES >> 20} MB).", LAYOUT)


def _load(path: Path, name: str) -> dict[Any, Any]:
    import torch

    try:
        # Mapped, so that nothing beyond the file is read or allocated, whatever size a part of it claims.
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{name} holds more than tensors and numbers; reading it could run code, so it is refused.", LAYOUT
        ) from error
    # The bytes are hostile until proven otherwise, and the reader has an error for every way to break them.
    except Exception as error:
        raise InputError(f"{name} cannot be read: it is damaged ({type(error).__name__}).", LAYOUT) from error
    if not isinstance(found, dict):
        raise InputError(f"{name} holds no dictionary.", LAYOUT)
    return found


def _fingerprint(found: object, name: str) -> NDArray[np.float32]:
    import torch

    if not isinstance(found, torch.Tensor) or found.layout is not torch.strided or found.device.type != "cpu":
        raise InputError(f"{name} has no 'Fingerprint' tensor.", LAYOUT)
    if tuple(found.shape) != SHAPE or found.dtype is not torch.float32:
        shape = " x ".join(map(str, found.shape[:8]))
        raise InputError(
            f"The fingerprint in {name} is {shape} {found.dtype}.", "It must be 1 x 3 x 256 x 256 torch.float32."
        )
    array: NDArray[np.float32] = found.detach()[0].clone().numpy()
    if not np.isfinite(array).all() or not array.std() > 0:
        raise InputError(f"The fingerprint in {name} is constant or not finite.", "Train it again.")
    return array


def _curve(found: object, key: str, name: str, largest: float = 1.0) -> NDArray[np.float64]:
    """A list of numbers, none larger in magnitude than ``largest``.

    Not-a-number is left out: the paper's code stores it where a short last batch held images of one kind alone.
    """
    listed = isinstance(found, list) and 1 <= len(found) <= MAX_STEPS
    if not listed or not all(isinstance(x, float) for x in found):  # type: ignore[attr-defined]
        raise InputError(f"{name} has no list of numbers '{key}'.", LAYOUT)
    out = np.array(found, np.float64)
    out = out[~np.isnan(out)]
    if not len(out) or not (np.abs(out) <= largest).all():
        raise InputError(f"'{key}' in {name} holds values that no training leaves.", LAYOUT)
    return out
