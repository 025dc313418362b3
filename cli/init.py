"""``difreg init``: make a home."""

from __future__ import annotations

from difreg.cli.render import Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.lineage.answers import Initialised


@verb(Panel.life, "difreg init", "difreg init --home /data/fingerprints")
def init(session: Session) -> None:
    """Make a home for a registry.

    The first add does too, so that this is only needed to choose or check the place.
    """
    with session.registry() as registry:
        answer = registry.init()
    session.answer(answer, _text, _sheet)


def _text(answer: Initialised) -> list[str]:
    return [f"made {answer.home}" if answer.created else f"{answer.home} is there already; nothing changed"]


def _sheet(answer: Initialised) -> Sheet:
    return Sheet(("home", "created"), [(answer.home, answer.created)])
