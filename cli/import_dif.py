"""``difreg import-dif``: a fingerprint that the paper's own code solved."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg.cli.render import Sheet
from difreg.cli.session import Session
from difreg.cli.verb import DryRun, Panel, verb
from difreg.cli.views import caveats
from difreg.lineage.answers import ImportedDif

_COLUMNS = ("generator", "version", "created", "digest", "file", "denoiser", "scores", "dry_run")


@verb(
    Panel.fingerprints,
    "difreg import-dif checkpoints/sd14 --name sd14-paper",
    "difreg import-dif checkpoints/sd14 --name sd14-paper --assume-denoiser wavelet-1",
)
def import_dif(
    session: Session,
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Holds chk_0.pt; or that file.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="The generator.")],
    assume_denoiser: Annotated[
        str | None,
        typer.Option("--assume-denoiser", metavar="NAME", help="The denoiser it is taken to be solved with."),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Import a fingerprint that the code of the Deep Image Fingerprint paper solved.

    It has no images: it takes no part in kinship and families. A checkpoint does not name its denoiser; only if you
    say that it was this registry's does it score images. Nothing in the file is run.
    """
    with session.registry() as registry:
        answer = registry.import_dif(folder, name, assume_denoiser=assume_denoiser, dry_run=dry_run)
    session.answer(answer, _text, _sheet)


def _text(answer: ImportedDif) -> list[str]:
    what = f"{answer.generator} version {answer.version}"
    did = "would import" if answer.dry_run else "imported"
    first = f"{did} {what} from {answer.file}" if answer.created else f"{what} is this fingerprint already"
    return [first, *caveats(answer.warnings)]


def _sheet(answer: ImportedDif) -> Sheet:
    return Sheet(_COLUMNS, [tuple(getattr(answer, column) for column in _COLUMNS)])
