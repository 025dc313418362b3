"""What is open: the catalogue, the arrays and the background of one home, and what every verb needs of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from difreg import __version__, settings
from difreg.errors import DifregError, IncompatibleError, NotFoundError
from difreg.lineage import answers as a
from difreg.lineage.keeping.members import Members
from difreg.names import shown
from difreg.registry import denoisers
from difreg.registry.background import Background
from difreg.registry.background import get as get_background
from difreg.registry.extraction import ImageSet, Progress, extract, extract_each
from difreg.storage.blob_places import open_blobs
from difreg.storage.catalog import Catalog, Transaction
from difreg.storage.graphs.protocol import GraphStore

DENOISER = "denoiser"


class Home:
    """One registry's home, opened."""

    def __init__(self, config: settings.Settings, *, progress: Progress | None = None) -> None:
        self.settings = config
        self._progress = progress
        self._catalog = Catalog(config.database_url)
        self._blobs = open_blobs(config.blobs)
        self._denoiser = denoisers.DEFAULT
        self._store: GraphStore | None = None
        self._rehearsing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the catalogue and the graph store."""
        self._catalog.close()
        if self._store is not None:
            self._store.close()
        self._store = None

    @cached_property
    def _background(self) -> Background:
        """The yardstick of the registry's denoiser, which its first write settles."""
        with self._catalog.read() as tx:
            return get_background(tx.setting(DENOISER) or self._denoiser)

    def _settle(self, denoiser: str) -> None:
        """Choose the denoiser of a registry that is not made yet."""
        self._denoiser = denoiser
        for known in ("_background", "_members"):
            self.__dict__.pop(known, None)

    @cached_property
    def _members(self) -> Members:
        return Members(self._blobs, self._background, self.settings.index, keep=not self._rehearsing)

    @contextmanager
    def _rehearsed(self, dry_run: bool = True) -> Iterator[None]:
        """Let everything in the block be written to memory, and forgotten, if this is a ``dry_run``."""
        if not dry_run:
            yield
            return
        from difreg.storage.rehearsal import RehearsedBlobs, RehearsedCatalog

        real = self._catalog, self._blobs, self._denoiser
        self._catalog, self._blobs = RehearsedCatalog(self._catalog), RehearsedBlobs(self._blobs)
        self._rehearsing = True
        self.__dict__.pop("_members", None)
        try:
            yield
        finally:
            self._catalog.close()
            self._catalog, self._blobs, self._rehearsing = real[0], real[1], False
            self._settle(real[2])

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        """A write that settles a new registry's denoiser, and refuses one another process settled otherwise."""
        with self._catalog.write() as tx:
            settled = tx.setting(DENOISER)
            if settled is None:
                tx.set_setting(DENOISER, self._background.denoiser)
            elif settled != self._background.denoiser:
                raise IncompatibleError(
                    f"This registry's denoiser is {settled}, not {self._background.denoiser}.",
                    "Open it again; or make another: difreg --home DIR init --denoiser NAME.",
                )
            yield tx

    def _extract(
        self, images: Sequence[str | Path], at_least: int = 1, canvas: int = 0, area: str = "crop"
    ) -> ImageSet:
        return extract(
            images,
            denoiser=self._background.denoiser,
            jobs=self.settings.jobs,
            parallel=self.settings.parallel,
            progress=self._progress,
            at_least=at_least,
            canvas=canvas,
            area=area,
        )

    def _extract_each(
        self, folders: Sequence[Path], at_least: int, canvas: int = 0, area: str = "crop"
    ) -> Iterator[ImageSet | DifregError]:
        return extract_each(
            folders,
            denoiser=self._background.denoiser,
            jobs=self.settings.jobs,
            parallel=self.settings.parallel,
            progress=self._progress,
            at_least=at_least,
            canvas=canvas,
            area=area,
        )

    def _provenance(self, tx: Transaction, images: ImageSet | None = None, **more: Any) -> a.Provenance:
        b = self._background
        made = a.Provenance(__version__, denoiser=b.denoiser, background=b.name, registry=tx.digest(), **more)
        return replace(made, images=refs(images)) if images else made


def refs(images: ImageSet) -> tuple[a.ImageRef, ...]:
    """The images an answer rests on."""
    return tuple(a.ImageRef(i.file, i.sha256) for i in images.images)


def subfolders(folder: str | Path) -> list[Path]:
    """Visible subfolders by name, which is what --each goes through."""
    path = Path(folder)
    if not path.is_dir():
        raise NotFoundError(
            f"There is no folder '{shown(str(folder))}'.", "Give a folder whose subfolders hold images."
        )
    found = sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not found:
        raise NotFoundError(f"'{shown(str(folder))}' has no subfolders.", "Give a folder whose subfolders hold images.")
    return found
