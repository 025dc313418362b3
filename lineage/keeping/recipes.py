"""How ``add`` solves a fingerprint: what the solver needs besides the images, checked before any image is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from difreg.errors import InputError, NotFoundError
from difreg.names import shown
from difreg.registry.extraction import SUFFIX, ImageSet, Progress
from difreg.registry.images import AREAS, photographs_beside
from difreg.registry.solving import CANVAS, LEAST, SOLVERS, Solution, photographs_digest, solve

if TYPE_CHECKING:
    from difreg.registry.background import Background

DEVICES = ("cpu", "cuda", "auto")


@dataclass(frozen=True)
class Recipe:
    """Settings of one ``add``.

    Attributes
    ----------
    reals
        Folder of photographs for ``unet`` and ``paper``; where None, ``0_real`` of folders in the paper's layout.
    device
        ``cpu``, ``cuda`` or ``auto``.
    area
        ``crop`` or ``whole``.
    """

    solver: str = "lattice"
    reals: str | Path | None = None
    seed: int = 0
    device: str = "auto"
    area: str = "crop"

    @property
    def told(self) -> dict[str, Any]:
        """What an answer's provenance says of it."""
        return {"solver": self.solver, "seed": self.seed if self.needs_images else None}

    @property
    def needs_images(self) -> bool:
        """Whether sketches are not enough for the solver."""
        return self.solver in CANVAS

    @property
    def canvas(self) -> int:
        """Canvas that residuals are folded on; 0 where sketches do."""
        return CANVAS.get(self.solver, 0)

    @property
    def least(self) -> int:
        """Fewest images."""
        return LEAST[self.solver]

    def check(self, images: Sequence[str | Path] = (), *, append: bool = False) -> None:
        """Refuse what cannot be solved.

        Raises
        ------
        InputError
            If the solver, device or area does not exist, or the solver needs what is not given.
        NotFoundError
            If the folder of photographs does not exist.
        """
        check_area(self.area)
        if self.solver not in SOLVERS:
            raise InputError(f"There is no solver '{shown(self.solver, 40)}'.", f"Use one of: {', '.join(SOLVERS)}.")
        if self.device not in DEVICES:
            raise InputError(f"There is no device '{shown(self.device, 40)}'.", f"Use one of: {', '.join(DEVICES)}.")
        if not 0 <= self.seed < 1 << 63:
            raise InputError(f"The seed {self.seed} cannot be used.", "Give a number from 0 up.")
        if not self.needs_images:
            return
        if append:
            raise InputError(
                f"The solver {self.solver} needs the images again, and earlier ones are kept as sketches alone.",
                "Give all images without --append, or use --solver lattice.",
            )
        sketched = [g for g in images if str(g).endswith(SUFFIX)]
        if sketched:
            raise InputError(
                f"{shown(str(sketched[0]))} holds sketches; the solver {self.solver} needs the images themselves.",
                "Give the images, or use --solver lattice.",
            )
        if self.reals is not None and not Path(self.reals).exists():
            raise NotFoundError(f"There is no folder '{shown(str(self.reals))}'.", "Give --reals DIR of photographs.")
        if self.solver == "paper" and images and not self.photographs(images):
            raise InputError(
                "The solver paper needs photographs.",
                "Give --reals DIR of some, or a folder that holds 0_real beside 1_fake.",
            )

    def refusals(self, folders: Sequence[Path]) -> dict[Path, InputError]:
        """Those of ``folders``, each a generator's, that lack what the solver needs."""
        out: dict[Path, InputError] = {}
        for folder in folders:
            try:
                self.check([folder])
            except InputError as error:
                out[folder] = error
        return out

    def photographs(self, images: Sequence[str | Path]) -> list[Path]:
        """Where the photographs for these images lie; empty where the solver takes none."""
        if not self.needs_images:
            return []
        return [Path(self.reals)] if self.reals is not None else photographs_beside(images)

    def settings(self, reals: ImageSet | None) -> dict[str, object]:
        """What :attr:`difreg.registry.profiles.Profile.settings` will be."""
        solved = {"seed": self.seed, "photographs": photographs_digest(reals)} if self.needs_images else {}
        return {**solved, **({"area": self.area} if self.area != AREAS[0] else {})}

    def solve(
        self, found: ImageSet, background: Background, reals: ImageSet | None, progress: Progress | None
    ) -> Solution | None:
        """Solve; None for ``lattice``, whose closed form needs the sketches alone.

        Raises
        ------
        InputError
            If a photograph is one of the generated images too.
        """
        if not self.needs_images:
            return None
        mine = {i.content for i in found.images}
        both = [i.file for i in (reals.images if reals else ()) if i.content in mine]
        if both:
            raise InputError(
                f"{shown(both[0])} is among the photographs and among the generated images.", "Take it out of one."
            )
        return solve(self.solver, found, background, reals, seed=self.seed, device=self.device, progress=progress)


def check_area(area: str) -> None:
    """Refuse an area that is not ``crop`` or ``whole``."""
    if area not in AREAS:
        raise InputError(f"There is no area '{shown(area, 40)}'.", f"Use one of: {', '.join(AREAS)}.")
