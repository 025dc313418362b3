"""Small pictures of images an answer is about, re-encoded: nothing of a file but what it shows gets into a page.

A file is shown only if its bytes still have the digest that the answer names.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from difreg.lineage.answers import ImageRef

SIDE = 112
QUALITY = 82


def thumbnails(images: Iterable[ImageRef], files: Iterable[str]) -> Mapping[str, str]:
    """``data:`` addresses of what was looked at of each of ``files``, without those that are gone or changed."""
    digests = {image.file: image.sha256 for image in images}
    made = {file: _thumbnail(file, digests[file]) for file in dict.fromkeys(files) if file in digests}
    return {file: address for file, address in made.items() if address}


def _thumbnail(file: str, digest: str) -> str | None:
    from PIL import Image

    from difreg.registry.images import UnusableImageError, open_crop

    try:
        crop = open_crop(Path(file))
    except (UnusableImageError, OSError):
        return None
    if crop.sha256 != digest:
        return None
    stream = io.BytesIO()
    small = Image.fromarray(crop.pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    small.save(stream, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
