"""``difreg query``: Cypher over the lineage graph."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from difreg.cli.layout import COMMON
from difreg.cli.output import chosen_format, write_file
from difreg.cli.render import Block, Grid, Sheet
from difreg.cli.session import Session
from difreg.cli.verb import Panel, verb
from difreg.errors import InputError
from difreg.lineage.answers import Queried, QuestionRow, Questions, plain
from difreg.names import shown
from difreg.numerals import UNKNOWN, count

Cypher = Annotated[
    str | None,
    typer.Argument(metavar="CYPHER", help="The question, in quotes, or @NAME of one of --list.", show_default=False),
]
Listed = Annotated[bool, typer.Option("--list", help="The cookbook: named questions and their parameters.")]
Param = Annotated[
    list[str] | None,
    typer.Option(
        "--param", metavar="NAME=VALUE", help="Value of $NAME: a number, true, null, a JSON list, else text. Many."
    ),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", help="Most rows.")]
Timeout = Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="Longest time the question may take.")]
Output = Annotated[
    Path | None,
    typer.Option(
        *("-o", "--output"),
        metavar="FILE",
        help="Write the answer to a .json, .csv or .txt file, or draw its nodes and relationships in an .html page.",
        rich_help_panel=COMMON,
    ),
]
_MOST = 1 << 63


@verb(
    Panel.lineage,
    "difreg query \"MATCH (m:Generator {name:'mj'})-[:DERIVED_FROM*1..10]->(a) RETURN a.name\"",
    "difreg query 'MATCH (g:Generator)-[:MEMBER_OF]->(f) RETURN f.name, count(g) AS members'",
    "difreg query 'MATCH (a)-[k:KIN]-(b) WHERE a.name = $name RETURN b.name, k.probability' --param name=mj",
    "difreg query --list",
    "difreg query @kin --param name=mj -o kin.html",
    output=False,
)
def query(
    session: Session,
    cypher: Cypher = None,
    listed: Listed = False,
    param: Param = None,
    limit: Limit = 1000,
    timeout: Timeout = 10.0,
    output: Output = None,
) -> None:
    """Ask the lineage graph in Cypher. Nothing is ever changed by a question.

    Nodes: Generator, Fingerprint, Family, Ancestor. Relationships: HAS_FINGERPRINT, MEMBER_OF, CROSS_DETECTS, KIN,
    DERIVED_FROM, DECLARED_PARENT. Paths of variable length need a bound: *1..10.
    """
    drawn = output is not None and output.suffix.lower() in (".html", ".htm")
    if not drawn:
        session.format, session.output = chosen_format(session.asked, output), output
    elif session.asked is not None:
        raise InputError(f"--format {session.asked.value} is not what an .html file holds.", "Leave out --format.")
    if listed or not cypher:
        if drawn or cypher or not listed:
            hint = 'Ask "MATCH (g:Generator) RETURN g.name", or @NAME, or give --list alone.'
            raise InputError("The query is empty." if not listed else "--list takes no question and no page.", hint)
        with session.registry() as registry:
            session.answer(registry.questions(), _listing, _listing_sheet)
        return
    with session.registry() as registry:
        parameters = parsed(param or (), _textual(cypher, registry.questions()))
        answer = registry.query(cypher, parameters=parameters, limit=limit, timeout=timeout)
    if answer.truncated:
        session.message(f"only the first {count(len(answer.rows), 'row')} are shown: give more --limit")
    if drawn and output is not None:
        from difreg.lineage.figures.page import answer_page

        write_file(output, answer_page(answer))
        session.message(f"wrote {output}")
    else:
        session.answer(answer, _text, _sheet)


def parsed(assignments: Sequence[str], textual: Collection[str] = ()) -> dict[str, Any]:
    """``NAME=VALUE`` as parameters: JSON scalars and lists by their type, all else and all ``textual`` ones as text.

    Raises
    ------
    InputError
        If one has no name, is given twice, or is a number no engine holds.
    """
    out: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name.removeprefix("$").isidentifier():
            raise InputError(f"'--param {shown(assignment, 60)}' is not NAME=VALUE.", "Write --param name=mj")
        name = name.removeprefix("$")
        if name in out:
            raise InputError(f"--param {shown(name, 40)} is given twice.", "Give it once.")
        out[name] = text if name in textual else _value(text)
        if not _fits(out[name]):
            hint = "Pass it as text, in double quotes."
            raise InputError(f"--param {shown(name, 40)} holds a number of more than 64 bits.", hint)
    return out


def _value(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, dict) else value


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _fits(value: Any) -> bool:
    if isinstance(value, list):
        return all(_fits(item) for item in value)
    return not isinstance(value, int) or -_MOST <= value < _MOST


def _textual(cypher: str, book: Questions) -> frozenset[str]:
    """Parameters of a named question that are text however they look: a generator may be called 42."""
    from difreg.lineage.cookbook.kinds import KINDS

    asked = cypher.strip().removeprefix("@") if cypher.lstrip().startswith("@") else ""
    return frozenset(p.name for q in book.questions if q.name == asked for p in q.parameters if KINDS[p.kind].textual)


def _listing(book: Questions) -> list[Block]:
    rows = [(f"@{q.name}", _takes(q), q.about) for q in book.questions]
    return [Grid(("question", "parameters", "answers"), rows), "Ask one: difreg query @kin --param name=NAME"]


def _takes(question: QuestionRow) -> str:
    """``a, b``, ``images=16``: what is required, and what has a default."""
    return ", ".join(p.name if p.required else f"{p.name}={p.default}" for p in question.parameters)


def _listing_sheet(book: Questions) -> Sheet:
    rows = [(q.name, q.about, _takes(q), q.cypher) for q in book.questions]
    return Sheet(("name", "about", "parameters", "cypher"), rows)


def _text(answer: Queried) -> list[Block]:
    first = count(len(answer.rows), "row") + (" (there are more)" if answer.truncated else "")
    if not answer.rows:
        return [first]
    cells = [[_cell(row[name]) for name in answer.columns] for row in answer.rows]
    numeric = frozenset(i for i, name in enumerate(answer.columns) if _numbers([row[name] for row in answer.rows]))
    return [first, Grid([shown(name, 60) for name in answer.columns], cells, numeric)]


def _numbers(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _cell(value: Any) -> str:
    """A value for people: ``(:Generator mj)``, ``[:KIN Generator:mj -> Generator:sd14]``, lists with commas."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format(value, ".6g")
    if isinstance(value, list | tuple):
        return ", ".join(_cell(item) for item in value)
    if not isinstance(value, dict):
        return str(plain(value))
    if value.keys() == {"label", "properties"}:
        named = value["properties"].get("name") or value["properties"].get("digest") or ""
        return f"(:{value['label']} {named})"
    if value.keys() == {"type", "start", "end", "properties"}:
        return f"[:{value['type']} {value['start']} -> {value['end']}]"
    if value.keys() == {"nodes", "relationships"}:
        return " .. ".join(_cell(node) for node in value["nodes"])
    return ", ".join(f"{name}: {_cell(item)}" for name, item in value.items())


def _sheet(answer: Queried) -> Sheet:
    return Sheet(
        [shown(name, 200) for name in answer.columns],
        [[_flat(plain(row[name])) for name in answer.columns] for row in answer.rows],
    )


def _flat(value: Any) -> Any:
    """Lists of plain values as they are, everything with an inner structure as JSON."""
    nested = isinstance(value, dict) or (isinstance(value, list) and any(isinstance(i, dict | list) for i in value))
    return json.dumps(value, ensure_ascii=False) if nested else value
