"""``difreg graph``: the lineage graph in the store that ``DIFREG_GRAPH_URL`` names."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from typing import Annotated

import typer

from difreg.cli.failures import FINDING
from difreg.cli.render import Block, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import DryRun, Panel, verb
from difreg.lineage.answers import Answer, GraphFollowed, GraphStatus, GraphSynced
from difreg.numerals import UNKNOWN, count


class FailOn(StrEnum):
    """Findings that make the exit status 1."""

    behind = "behind"


@verb(Panel.lineage, "difreg graph sync", "DIFREG_GRAPH_URL=bolt://localhost:7687 difreg graph sync")
def sync(
    session: Session,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Take all out of the store first.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Bring the graph store to the registry's state.

    Only what changed since the last sync is sent, and what is stale is removed. A sync that is cut off is made whole by
    the next one.
    """
    with session.registry() as registry:
        answer = registry.graph_sync(rebuild=rebuild, dry_run=dry_run)
    session.answer(answer, _synced, _sheet)


@verb(Panel.lineage, "difreg graph status", "difreg graph status --fail-on behind")
def status(
    session: Session,
    fail_on: Annotated[
        FailOn | None, typer.Option("--fail-on", help="Exit with 1 if it is behind or cannot be reached.")
    ] = None,
) -> None:
    """Show what the graph store holds, and how far behind the registry it is."""
    with session.registry() as registry:
        answer = registry.graph_status()
    session.answer(answer, _status, _sheet)
    if fail_on is not None and not answer.current:
        raise typer.Exit(FINDING)


def tell(session: Session, followed: GraphFollowed | None) -> None:
    """Say, in one line, that a server's graph did not follow a change."""
    if followed is not None and not followed.current:
        session.message(f"the graph is behind: {followed.problem} Then: difreg graph sync")


def _synced(answer: GraphSynced) -> list[Block]:
    total = f"{count(answer.nodes, 'node')}, {count(answer.edges, 'edge')}"
    would = "would be " if answer.dry_run else ""
    sent = f"{count(answer.sent_nodes, 'node')} and {count(answer.sent_edges, 'edge')} {would}sent"
    removed = f"{count(answer.removed_nodes, 'node')} and {count(answer.removed_edges, 'edge')} {would}removed"
    changed = any((answer.sent_nodes, answer.sent_edges, answer.removed_nodes, answer.removed_edges))
    return [f"{answer.store} at {answer.place}: {total}", f"{sent}, {removed}" if changed else "nothing had changed"]


def _status(answer: GraphStatus) -> list[Block]:
    lines: list[Block] = [f"{answer.store} at {answer.place}"]
    if answer.problem:
        lines.append(f"not reachable: {answer.problem}")
        return lines
    if answer.registry:
        lines.append(f"registry: {answer.registry}")
    if answer.nodes is not None and answer.edges is not None:
        synced = answer.synced.isoformat(timespec="seconds") if answer.synced else UNKNOWN
        lines.append(f"{count(answer.nodes, 'node')}, {count(answer.edges, 'edge')}, last synced {synced}")
    if answer.current:
        lines.append("it is of the registry's state")
    elif answer.synced is None:
        lines.append("nothing was synced yet: the next query or difreg graph sync does it")
    else:
        late = f"{count(answer.changes, 'change')} since" if answer.changes else "it is not of the registry's state"
        cut = "" if answer.digest else "; the last sync did not come to its end"
        lines.append(f"behind: {late}{cut}")
    return lines


def _sheet(answer: Answer) -> Sheet:
    columns = [field.name for field in fields(answer) if field.name != "provenance"]
    return Sheet(columns, [[getattr(answer, column) for column in columns]])
