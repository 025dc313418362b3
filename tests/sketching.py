"""Images of made generators as ``.sketch`` files: what registers without the time that denoising takes."""

from __future__ import annotations

from pathlib import Path

import painting

from difreg.registry import denoisers
from difreg.registry.extraction import ImageInfo, ImageSet, write_sketch


def sketch_file(
    folder: Path, number: int, n: int = 12, seed: int = 0, first: int = 0, imitated: int | None = None
) -> Path:
    """A file of ``n`` images of the made generator ``number``, those from ``first`` on of the ones ``seed`` gives.

    One that imitates another (``imitated``) has the faint periods of that one.
    """
    direction = painting.pattern(number) if imitated is None else painting.imitation(imitated, number)
    folder.mkdir(parents=True, exist_ok=True)
    hashes = painting.contents(1000 * number + seed, first + n)[first:]
    images = tuple(ImageInfo(f"{h[:6]}.png", 1, h, h) for h in hashes)
    path = folder / f"{number}-{seed}-{first}-{n}{'' if imitated is None else f'-like-{imitated}'}.sketch"
    sketches = painting.sketched(direction, first + n, 1000 * number + seed, 30.0)[first:]
    write_sketch(ImageSet(denoisers.DEFAULT, images, sketches / 100), path)
    return path
