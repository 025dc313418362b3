"""``difreg tag``: give a generator labels, or take them away."""

from __future__ import annotations

from typing import Annotated

import typer

from difreg.cli.completion import generators
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import DryRun, Panel, verb
from difreg.errors import InputError
from difreg.lineage.answers import Tagged
from difreg.numerals import count


@verb(Panel.life, "difreg tag model_x team=forensics case=17", "difreg tag model_x --remove case")
def tag(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", autocompletion=generators, help="The generator.")],
    tags: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Labels to give.", show_default=False)
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="KEY", help="Take this label away; repeatable.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Give a generator labels; a key it has gets the new value."""
    from difreg.registry.metadata import check_key, parse_tag

    given = dict(parse_tag(text) for text in tags or ())
    gone = [check_key(key) for key in remove or ()]
    if not given and not gone:
        raise InputError("There is nothing to change.", "Give KEY=VALUE, or --remove KEY.")
    if both := sorted(set(given) & set(gone)):
        raise InputError(f"The tag '{both[0]}' is both given and removed.", "Decide on one.")
    with session.registry() as registry:
        answer = registry.tag(name, given, remove=gone, dry_run=dry_run)
    session.answer(answer, _text, _sheet)


def _text(answer: Tagged) -> list[Block]:
    first = f"{answer.generator} {'would have' if answer.dry_run else 'has'} {count(len(answer.tags), 'tag')}"
    return [first, Grid(("key", "value"), list(answer.tags.items()))] if answer.tags else [first]


def _sheet(answer: Tagged) -> Sheet:
    return Sheet(("generator", "key", "value"), [(answer.generator, *pair) for pair in answer.tags.items()])
