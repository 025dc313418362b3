"""``difreg alias``: let a word such as ``prod`` name one version of a generator, and move it."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg.cli.completion import generators
from difreg.cli.render import Sheet
from difreg.cli.session import Session
from difreg.cli.verb import DryRun, Panel, verb
from difreg.lineage.answers import Aliased


@verb(
    Panel.life,
    "difreg alias model_x:3 prod",
    "difreg show model_x@prod",
    "difreg alias --remove model_x prod",
)
def alias(
    session: Session,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME[:VERSION]", autocompletion=generators, help="The version; of a bare name the latest."
        ),
    ],
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="What to call it.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the alias of NAME away.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Name a version of a generator; the alias moves if it named another.

    NAME@ALIAS then means that version wherever a generator is asked for. What an alias named at any time is in
    the history.
    """
    with session.registry() as registry:
        change = registry.unalias if remove else registry.alias
        answer = change(name, alias, dry_run=dry_run)
    session.answer(answer, _text, _sheet)


def _text(answer: Aliased) -> list[str]:
    called = f"{answer.generator}@{answer.alias}"
    if answer.version is None:
        return [f"{'would remove' if answer.dry_run else 'removed'} {called}, which was version {answer.before}"]
    if answer.before == answer.version:
        return [f"{called} is version {answer.version} already"]
    means = "would be" if answer.dry_run else "is"
    return [f"{called} {means} version {answer.version}" + (f", it was {answer.before}" if answer.before else "")]


def _sheet(answer: Aliased) -> Sheet:
    columns = ("generator", "alias", "version", "before", "dry_run")
    return Sheet(columns, [[getattr(answer, column) for column in columns]])
