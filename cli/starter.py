"""``difreg starter``: the registry that ships with difreg."""

from __future__ import annotations

from difreg.cli.render import Sheet
from difreg.cli.session import Session
from difreg.cli.verb import DryRun, Panel, verb
from difreg.lineage.answers import StarterInstalled
from difreg.names import shown
from difreg.numerals import count

_COLUMNS = ("generator", "action", "versions", "note")


@verb(Panel.life, "difreg starter install", "difreg starter install --home /data/fingerprints")
def install(session: Session, dry_run: DryRun = False) -> None:
    """Load generators of known origin that ship with difreg, to trace images against.

    It brings fingerprints, sketches and what is declared, no images. A generator that is here already under one of
    their names stays as it is. A second time there is nothing to do.
    """
    with session.registry() as registry:
        answer = registry.install_starter(dry_run=dry_run)
    session.answer(answer, told, _sheet)


def told(answer: StarterInstalled) -> list[str]:
    """What was installed, and what was left alone and why."""
    added = sum(g.versions > 0 for g in answer.generators)
    families = f"{answer.families} {'family' if answer.families == 1 else 'families'}"
    if answer.changed:
        did, see = ("would install", "") if answer.dry_run else ("installed", " (see difreg families)")
        lines = [f"{did} {answer.starter}: {count(added, 'generator')}, {families}{see}"]
    else:
        lines = [f"{answer.starter} is installed already; nothing to do"]
    if answer.restored:
        did = "would be restored" if answer.dry_run else "restored"
        lines.append(f"{count(len(answer.restored), 'missing or damaged array')} {did} from it")
    left = (g for g in answer.generators if g.action == "skipped")
    return lines + [f"left as it is: {shown(g.name)} ({shown(g.note or '')})" for g in left]


def _sheet(answer: StarterInstalled) -> Sheet:
    return Sheet(_COLUMNS, [(g.name, g.action, g.versions, g.note) for g in answer.generators])
