"""Plain help pages: verbs and options under headings, examples as typed. Nothing in them is parsed as markup."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

COMMON = "Options of every verb"


def epilog(examples: Iterable[str]) -> str:
    """Examples as the last section of a help page; ``\\b`` keeps the lines as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in examples)


class VerbPage(TyperCommand):
    """Help page of a verb: arguments, its own options, then the options of every verb."""

    def format_options(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the sections of parameters."""
        _parameters(self, ctx, formatter)


class VerbList(TyperGroup):
    """Help page of a group of verbs: its options, then the verbs under the headings of their panels."""

    def format_options(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the verbs, then the sections of parameters."""
        self.format_commands(ctx, formatter)
        _parameters(self, ctx, formatter)

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write one section a panel, the columns of all sections aligned."""
        verbs = [(n, c) for n in self.list_commands(ctx) if (c := self.get_command(ctx, n)) and not c.hidden]
        width = max(len(name) for name, _ in verbs)
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, command in verbs:
            heading = getattr(command, "rich_help_panel", None) or "Verbs"
            short = command.get_short_help_str(formatter.width - width - 6)
            panels.setdefault(str(heading), []).append((name.ljust(width), short))
        _sections(formatter, panels)


def _parameters(command: Any, ctx: typer.Context, formatter: Any) -> None:
    panels: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is None:
            continue
        plain = "Arguments" if parameter.param_type_name == "argument" else "Options"
        heading = getattr(parameter, "rich_help_panel", None) or (COMMON if parameter.name == "help" else plain)
        panels.setdefault(str(heading), []).append(record)
    _sections(formatter, panels)


def _sections(formatter: Any, panels: dict[str, list[tuple[str, str]]]) -> None:
    for heading, records in panels.items():
        with formatter.section(heading):
            formatter.write_dl(records)
