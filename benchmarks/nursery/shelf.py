"""What a nursery keeps on disk, and the loader of it: models, sketches and one table, each written whole.

``nursery.json`` names every set with its ancestry; a set's sketches are the product's own ``.sketch`` files, a folder a
denoiser, so that ``difreg compare`` takes them too. Models are kept so that an interrupted growth goes on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.nursery.recipe import Node, Recipe
from difreg.errors import InputError
from difreg.files import write_whole
from difreg.registry.extraction import ImageSet, read_sketch
from difreg.storage.blobs import dumps, loads

FORMAT = "difreg-nursery-1"
TABLE = "nursery.json"
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One set in the table: its node, its architecture's name, and how it turned out.

    Attributes
    ----------
    distance
        |dW| / |W| of the decoder's weights to the founder's; 0 for a founder.
    parent_distance
        The same to the parent's.
    psnr
        Of its images to the photographs they show, in decibels.
    seconds
        Processor time of the run that grew it, checkpoints of one run sharing it.
    """

    node: Node
    architecture: str
    distance: float
    parent_distance: float
    psnr: float
    seconds: float


@dataclass(frozen=True)
class Grown:
    """One set with its images' sketches.

    Attributes
    ----------
    images
        Sketches (n, 3, 16, 16), n about 64, with the hashes of the pixels.
    pools
        (n,) ``a`` or ``b``: pools of photographs without a common one.
    photographs
        (n,) number of the photograph in its pool.
    """

    row: Row
    images: ImageSet
    pools: NDArray[np.str_]
    photographs: NDArray[np.int64]

    @property
    def name(self) -> str:
        """The node's name."""
        return self.row.node.name

    @property
    def family(self) -> str:
        """The founder's name."""
        return self.row.node.family

    @property
    def sketches(self) -> Array:
        """(n, 3, 16, 16)."""
        return self.images.sketches

    def of(self, pool: str) -> NDArray[np.int64]:
        """Indices of the images of one pool."""
        return np.flatnonzero(self.pools == pool)


class Shelf:
    """The folder of one nursery, grown by one recipe."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, recipe: Recipe, photographs: Mapping[str, tuple[str, ...]]) -> None:
        """Make the table, or check that it is of this recipe.

        Raises
        ------
        InputError
            If another recipe grew what lies there.
        """
        if not (self.folder / TABLE).exists():
            self._write({"format": FORMAT, "recipe": asdict(recipe), "photographs": photographs, "sets": []})
        if self._read()["recipe"] != asdict(recipe):
            raise InputError(
                f"{self.folder} holds a nursery of another recipe.", "Give another --work, or remove that folder."
            )

    def _read(self) -> dict[str, Any]:
        try:
            table: dict[str, Any] = json.loads((self.folder / TABLE).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{self.folder} holds no nursery: {error}.", "Grow one: --only grow.") from error
        if table.get("format") != FORMAT:
            raise InputError(f"{self.folder} holds no nursery of this version.", "Give another --work.")
        return table

    def _write(self, table: dict[str, Any]) -> None:
        write_whole(self.folder / TABLE, (json.dumps(table, indent=1) + "\n").encode())

    def recipe(self) -> Recipe:
        """The recipe of what lies here."""
        return Recipe(**self._read()["recipe"])

    def rows(self) -> dict[str, Row]:
        """Sets in the table, in the order grown."""
        out = {}
        for found in self._read()["sets"]:
            node = Node(**{**found["node"], "data": tuple(found["node"]["data"])})
            out[node.name] = Row(**{**found, "node": node})
        return out

    def add(self, row: Row) -> None:
        """Put a set into the table, in the place of one of its name."""
        table = self._read()
        sets = {r["node"]["name"]: r for r in table["sets"]}
        sets[row.node.name] = asdict(row)
        self._write({**table, "sets": list(sets.values())})

    def sketch_file(self, name: str, denoiser: str) -> Path:
        """Where the sketches of a set lie."""
        return self.folder / "sketches" / denoiser / f"{name}.sketch"

    def model_file(self, name: str) -> Path:
        """Where the weights of a set lie."""
        return self.folder / "models" / f"{name}.safetensors"

    def keep_model(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write weights."""
        write_whole(self.model_file(name), dumps(dict(arrays), {}))

    def model(self, name: str) -> dict[str, NDArray[Any]]:
        """Weights that were kept."""
        arrays, _ = loads(self.model_file(name).read_bytes())
        return arrays


def load(folder: Path, denoiser: str) -> dict[str, Grown]:
    """The sets of the nursery in ``folder`` whose sketches by ``denoiser`` are there, by name, in the order grown."""
    shelf = Shelf(folder)
    out = {}
    for name, row in shelf.rows().items():
        if (file := shelf.sketch_file(name, denoiser)).is_file():
            images = read_sketch(file, denoiser)
            pools = np.array([i.file[0] for i in images.images])
            numbers = np.array([int(Path(i.file).stem[1:]) for i in images.images])
            out[name] = Grown(row, images, pools, numbers)
    return out
