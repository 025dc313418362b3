"""What makes a function a verb: the options all verbs have, its place in the help, and its session."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from difreg.cli.layout import COMMON, VerbList, VerbPage, epilog
from difreg.cli.output import Format
from difreg.cli.session import Session

Home = Annotated[
    str | None,
    typer.Option("--home", metavar="DIR", help="The registry's folder.  [env: DIFREG_HOME]", rich_help_panel=COMMON),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no messages.", rich_help_panel=COMMON)]
Traceback = Annotated[bool, typer.Option("--traceback", hidden=True, help="Raise errors as they are.")]
Form = Annotated[
    Format | None, typer.Option("--format", help="Form of the answer on standard output.", rich_help_panel=COMMON)
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="Write the answer to a .json, .csv or .txt file.", rich_help_panel=COMMON
    ),
]

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say what is opened, and how it goes on.", rich_help_panel=COMMON)
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", min=0, metavar="N", help="Worker processes; 0 lets difreg choose.  [env: DIFREG_JOBS]"
    ),
]

_SHARED: dict[str, tuple[Any, Any]] = {
    "form": (Form, None),
    "output": (Output, None),
    "home": (Home, None),
    "quiet": (Quiet, False),
    "verbose": (Verbose, False),
    "traceback": (Traceback, False),
    "jobs": (Jobs, None),
}


class Panel(StrEnum):
    """Headings of the help."""

    fingerprints = "Fingerprints"
    lineage = "Lineage"
    life = "The registry's life"


@dataclass(frozen=True)
class Verb:
    """A verb of the command line, ready to be registered."""

    name: str
    panel: Panel
    examples: tuple[str, ...]
    callback: Callable[..., None]

    def register(self, app: typer.Typer, inner: Sequence[Verb] = ()) -> None:
        """Add it to ``app``, as a group where it has ``inner`` verbs: alone it does what it does."""
        if inner:
            self._register_group(app, inner)
            return
        command = app.command(self.name, cls=VerbPage, rich_help_panel=self.panel.value, epilog=epilog(self.examples))
        command(self.callback)

    def _register_group(self, app: typer.Typer, inner: Sequence[Verb]) -> None:
        @wraps(self.callback)
        def callback(**values: Any) -> None:
            ctx: typer.Context = values["ctx"]
            if ctx.invoked_subcommand is None:
                self.callback(**values)
            else:
                ctx.ensure_object(Session).settle(**{name: values[name] for name in _SHARED if name in values})

        examples = (*self.examples, *(e for v in inner for e in v.examples))
        group = typer.Typer(
            cls=VerbList, invoke_without_command=True, rich_markup_mode=None, epilog=epilog(examples), callback=callback
        )
        for v in inner:
            v.register(group)
        app.add_typer(group, name=self.name, rich_help_panel=self.panel.value)


def verb(
    panel: Panel, *examples: str, output: bool = True, images: bool = False
) -> Callable[[Callable[..., None]], Verb]:
    """Make a verb of a function whose first parameter is the :class:`Session` and whose others are Typer's.

    Its name is the function's, its help the docstring. ``output=False`` leaves ``-o`` to the function;
    ``images`` says that it denoises some, for which ``--jobs`` sets the workers.
    """
    shared = {name: spec for name, spec in _SHARED.items() if {"output": output, "jobs": images}.get(name, True)}

    def decorate(function: Callable[..., None]) -> Verb:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [
            inspect.Parameter("ctx", keyword, annotation=typer.Context),
            *(p.replace(kind=keyword) for p in own),
            *(inspect.Parameter(n, keyword, default=d, annotation=a) for n, (a, d) in shared.items()),
        ]

        def callback(**values: Any) -> None:
            session: Session = values.pop("ctx").ensure_object(Session)
            session.settle(**{name: values.pop(name) for name in shared})
            function(session, **values)

        callback.__doc__ = function.__doc__
        callback.__name__ = function.__name__
        callback.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        callback.__annotations__ = {p.name: p.annotation for p in parameters}
        return Verb(function.__name__.rstrip("_").replace("_", "-"), panel, examples, callback)

    return decorate
