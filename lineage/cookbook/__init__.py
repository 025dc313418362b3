"""Named questions to the lineage graph, one Cypher text each that runs unchanged in every store.

A question is a file beside this one: its first comment says what it answers, the following ones name its parameters
(``// $name kind = default: meaning``), and the rest is Cypher to paste wherever Cypher is taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from difreg.errors import InputError, NotFoundError
from difreg.lineage.cookbook.kinds import KINDS
from difreg.names import shown

ORDER = (
    *("ancestors", "descendants", "common-ancestor", "siblings", "kin", "strongest-path"),
    *("families", "bridges", "orphans", "contradicted", "undeclared", "unregistered"),
    *("changed", "few-images", "one-sided"),
)
_PARAMETER = re.compile(r"// \$(\w+) (\w+)(?: = (.+?))?: (.+)")


@dataclass(frozen=True)
class Parameter:
    """A value a question needs; ``kind`` is a key of :data:`difreg.lineage.cookbook.kinds.KINDS`."""

    name: str
    kind: str
    about: str
    required: bool
    default: Any = None


@dataclass(frozen=True)
class Question:
    """A named question."""

    name: str
    about: str
    parameters: tuple[Parameter, ...]
    cypher: str

    def bound(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A value for every parameter, from ``given`` or its default, each of its kind.

        Raises
        ------
        InputError
            If one is missing, unknown or of another kind.
        """
        names = [p.name for p in self.parameters]
        unknown = sorted(set(given) - set(names))
        if unknown:
            takes = f"It takes {_told(names)}." if names else "Leave it out: it takes none."
            raise InputError(f"@{self.name} has no parameter '{shown(unknown[0], 40)}'.", takes)
        missing = [p for p in self.parameters if p.required and p.name not in given]
        if missing:
            wanted = " ".join(f"--param {p.name}={KINDS[p.kind].example}" for p in missing)
            raise InputError(f"@{self.name} needs {_told([p.name for p in missing])}.", f"Give it: {wanted}")
        return {p.name: self._value(p, given[p.name]) if p.name in given else p.default for p in self.parameters}

    def _value(self, parameter: Parameter, value: Any) -> Any:
        kind = KINDS[parameter.kind]
        try:
            return kind.read(value)
        except ValueError:
            told = value if isinstance(value, str) else json.dumps(value, default=str)
            message = f"@{self.name} takes {kind.told} as {parameter.name}, not '{shown(told, 60)}'."
            raise InputError(message, f"Write --param {parameter.name}={kind.example}") from None


@cache
def questions() -> tuple[Question, ...]:
    """All of them, in the order in which a newcomer reads them."""
    folder = files("difreg.lineage.cookbook")
    return tuple(_parsed(name, folder.joinpath(f"{name}.cypher").read_text("utf-8")) for name in ORDER)


def find(name: str) -> Question:
    """The question with a name, with or without the ``@``.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    from difflib import get_close_matches

    bare = name.strip().removeprefix("@")
    for question in questions():
        if question.name == bare:
            return question
    close = get_close_matches(bare, ORDER, 1)
    hint = f"Did you mean @{close[0]}?" if close else "See them: difreg query --list"
    raise NotFoundError(f"The cookbook has no question '@{shown(bare, 60)}'.", hint)


def _parsed(name: str, text: str) -> Question:
    lines = text.splitlines()
    comments = [line for line in lines if line.startswith("// ")]
    parameters = tuple(_parameter(line) for line in comments[1:])
    cypher = "\n".join(lines[len(comments) :]).strip()
    return Question(name, comments[0].removeprefix("// "), parameters, cypher)


def _parameter(line: str) -> Parameter:
    match = _PARAMETER.fullmatch(line)
    if match is None:
        raise ValueError(f"not a parameter: {line!r}")
    name, kind, default, about = match.groups()
    return Parameter(name, kind, about, default is None, None if default is None else json.loads(default))


def _told(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
