"""Write ``reference.md`` beside this file from the commands themselves, so that it cannot lag behind them.

``python docs/reference.py`` writes it (``make reference``); a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from difreg.cli.layout import COMMON
from difreg.cli.main import app

PAGE = Path(__file__).with_name("reference.md")
INTRODUCTION = """\
# Every command and option

Written by `docs/reference.py` from the commands themselves: what `difreg VERB --help` says. Exit codes, streams and
environment variables are in [cli.md](cli.md).
"""


def page() -> str:
    """The whole page, as Markdown."""
    front: Any = typer.main.get_command(app)
    commands = list(_commands(front, _context(front, "difreg")))
    common = dict(row for _, ctx in commands for row in _panels(ctx).get(COMMON, ()))
    sections = [_section(ctx) for _, ctx in commands]
    told = f"## Options of every verb\n\nBefore the verb or after it.\n\n{_table('option', common.items())}"
    before = f"## difreg\n\n{_table('option', _panels(_context(front, 'difreg'))['Options'])}"
    return "\n".join((INTRODUCTION, told, before, *sections))


def _context(command: Any, name: str, parent: Any = None) -> Any:
    return command.context_class(command, info_name=name, parent=parent, **command.context_settings)


def _commands(group: Any, parent: Any) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        ctx = _context(command, name, parent)
        yield name, ctx
        if hasattr(command, "commands"):
            yield from _commands(command, ctx)


def _section(ctx: Any) -> str:
    """A command: what it does, how it is called, its own arguments and options, examples as typed."""
    command = ctx.command
    usage = " ".join((ctx.command_path, *command.collect_usage_pieces(ctx)))
    parts = [f"## {ctx.command_path}", *_escaped(command.help or "").split("\n\n"), f"```text\n{usage}\n```"]
    for heading, rows in _panels(ctx).items():
        if heading != COMMON:
            plain = {"Arguments": "argument", "Options": "option"}.get(heading, heading)
            parts.append(_table(plain, rows).rstrip())
    examples = re.sub(r"^\x08?\s*Examples:\n", "", (command.epilog or "").replace("\b\n", ""))
    if examples.strip():
        lines = "\n".join(line.removeprefix("  ") for line in examples.splitlines())
        parts.append(f"```sh\n{lines}\n```")
    return "\n\n".join(parts) + "\n"


def _panels(ctx: Any) -> dict[str, list[tuple[str, str]]]:
    """Parameters by the heading they have on the help page, as (how it is written, what it does)."""
    panels: dict[str, list[tuple[str, str]]] = {}
    for parameter in ctx.command.get_params(ctx):
        plain = "Arguments" if parameter.param_type_name == "argument" else "Options"
        under = getattr(parameter, "rich_help_panel", None) or (COMMON if parameter.name == "help" else plain)
        record = parameter.get_help_record(ctx)
        if record is not None:
            written, does = record
            shown = written.partition(" ")[0] if plain == "Arguments" else written
            panels.setdefault(str(under), []).append((shown, does))
    return panels


def _table(column: str, rows: Any) -> str:
    lines = [f"| {column} | |", "|---|---|"]
    lines += [f"| `{written.replace('|', chr(92) + '|')}` | {_escaped(does)} |" for written, does in rows]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Text of a help page that Markdown shows as it is."""
    paragraphs = text.replace("\b", "").strip().split("\n\n")
    escape = re.compile(r"(`[^`]+`)|([\\`*_\[\]<>|#$])")  # code in backticks stays
    return "\n\n".join(escape.sub(lambda m: m[1] or f"\\{m[2]}", " ".join(p.split())) for p in paragraphs)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
