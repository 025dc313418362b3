"""``difreg sketch``: the numbers an image set is judged by, for those who cannot share images."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg.cli.render import Sheet
from difreg.cli.session import Session, expand
from difreg.cli.solving import Area, AreaOption
from difreg.cli.verb import Panel, verb
from difreg.cli.views import used
from difreg.lineage.answers import Sketched


@verb(
    Panel.fingerprints,
    "difreg sketch unknown/ -o unknown.sketch",
    "difreg trace unknown.sketch",
    output=False,
    images=True,
)
def sketch(
    session: Session,
    images: Annotated[list[str], typer.Argument(metavar="IMAGES", help="Files, folders, globs; - reads paths.")],
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="The .sketch file to write.")],
    area: AreaOption = Area.crop,
) -> None:
    """Write the numbers that an image set is judged by.

    A sketch file is accepted wherever images are, and holds none of their content.
    """
    with session.registry() as registry:
        answer = registry.sketch(expand(images), output, area=area.value)
    session.skipped(answer.images)
    session.answer(answer, _text, _sheet)


def _text(answer: Sketched) -> list[str]:
    return [f"wrote {answer.file}: {used(answer.images)}"]


def _sheet(answer: Sketched) -> Sheet:
    row = (answer.file, answer.images.used, len(answer.images.skipped))
    return Sheet(("file", "images_used", "images_skipped"), [row])
