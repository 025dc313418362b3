"""Cypher is checked here before any engine sees it: it may only read the graph, and only so much of it.

Engines protect themselves too, each in its own way and with its own gaps (the embedded one reads files by LOAD CSV even
when read-only), so the same rules hold before all of them. What is not known to be harmless is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from difreg.errors import InputError
from difreg.names import shown
from difreg.storage.graphs import patterns
from difreg.storage.graphs.patterns import closings
from difreg.storage.graphs.tokens import Kind, Token, tokenize

BEGIN = ("match", "optional", "with", "unwind", "return", "call")
WRITE = frozenset(
    {
        *("create", "insert", "merge", "set", "remove", "foreach", "delete", "detach", "nodetach"),
        *("drop", "alter", "grant", "deny", "revoke"),
    }
)
PROCEDURES = frozenset({"db.labels", "db.relationshiptypes", "db.propertykeys"})
NAMESPACES = frozenset({"date", "datetime", "localdatetime", "time", "localtime", "duration", "point", "vector"})
MOST = 50  # parts joined by UNION, and steps of a chain such as a.b.c: longer ones overflow engines
_JOINS = frozenset({"union", "except", "intersect"})
_READ = "Queries only read: begin with MATCH, OPTIONAL MATCH, WITH, UNWIND, RETURN or CALL { ... }."


@dataclass(frozen=True)
class Checked:
    """A query that may run: its text without comments, and the names of the parameters it uses."""

    text: str
    parameters: frozenset[str]


def check(cypher: str) -> Checked:
    """``cypher`` without its comments, if it only reads and every part of it is bounded.

    Raises
    ------
    InputError
        If it would change anything, read a file, run a procedure that is not known to be harmless, hold more than one
        statement, or follow relationships without a bound.
    """
    tokens, text = tokenize(cypher)
    if any(token.is_(";") for token in tokens):
        raise InputError("The query holds more than one statement.", "Ask one at a time, without ';' between.")
    closing = closings(tokens)
    _check_words(tokens)
    _check_begin(tokens[0])
    for at, token in enumerate(tokens):
        if token.kind is Kind.word and token.folded == "call" and not _names(tokens, at):
            _check_call(tokens, at, closing)
    _check_functions(tokens)
    _check_size(tokens)
    patterns.check(tokens, closing)
    names = {token.text[1:].strip("`") for token in tokens if token.kind is Kind.parameter}
    return Checked(text, frozenset(names))


def _check_words(tokens: list[Token]) -> None:
    for at, token in enumerate(tokens):
        if token.kind is not Kind.word or _names(tokens, at):
            continue
        word, following = token.folded, [t.folded for t in tokens[at + 1 : at + 4] if t.kind is not Kind.quoted]
        if word in WRITE:
            hint = f"Queries only read. If it is a name, write `{shown(token.text, 20)}` between backticks."
            raise InputError(f"{word.upper()} would change the graph.", hint)
        if word == "load" and following[:1] == ["csv"]:
            raise InputError("LOAD CSV would read a file.", "Pass the rows by --param, and UNWIND them.")
        if word == "periodic" or (word == "in" and {"transactions", "transaction"} & set(following)):
            raise InputError("Queries cannot open transactions.", "Leave out IN TRANSACTIONS and PERIODIC COMMIT.")
        if word == "format" and following[:1] == ["csv"]:
            raise InputError("FORMAT CSV is not Cypher.", "Leave it out, and give --format csv.")


def _check_begin(first: Token) -> None:
    if first.folded not in BEGIN or first.kind is not Kind.word:
        raise InputError(f"A query cannot begin with '{shown(first.text, 40)}'.", _READ)


def _names(tokens: list[Token], at: int) -> bool:
    """Whether the word there can only be a name: a property after ``.``, a label after ``:``, a key before ``:``."""
    before = tokens[at - 1] if at else None
    if before is None:
        return False
    earlier = tokens[at - 2] if at > 1 else None
    if before.is_("."):
        named = {Kind.word, Kind.quoted, Kind.parameter}
        return earlier is not None and (earlier.kind in named or earlier.is_(")", "]", "}", "{", ","))
    if before.is_(":"):
        return earlier is None or not earlier.is_(":")
    after = [token.is_(":") for token in tokens[at + 1 : at + 3]]
    return before.is_("{", ",") and after[:1] == [True] and after != [True, True]


def _dotted(tokens: list[Token], at: int) -> tuple[str, int]:
    """The dotted name that begins there, and the position after it."""
    parts = []
    while at < len(tokens) and tokens[at].kind in {Kind.word, Kind.quoted}:
        parts.append(tokens[at].folded)
        at += 1
        if at >= len(tokens) or not tokens[at].is_("."):
            break
        at += 1
    return ".".join(parts), at


def _check_call(tokens: list[Token], at: int, closing: dict[int, int]) -> None:
    following = at + 1
    if following in closing and tokens[following].is_("("):
        following = closing[following] + 1
    if following < len(tokens) and tokens[following].is_("{"):
        return
    name = _dotted(tokens, at + 1)[0]
    if name not in PROCEDURES:
        hint = "Only CALL { ... } and CALL db.labels, db.relationshipTypes and db.propertyKeys are allowed."
        raise InputError(f"The procedure '{shown(name, 60)}' cannot be called.", hint)


def _check_functions(tokens: list[Token]) -> None:
    """Functions with a namespace are a server's plug-ins, of which nothing is known; those of the language pass."""
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else None
        if token.kind not in {Kind.word, Kind.quoted} or (before is not None and before.is_(".")):
            continue
        name, end = _dotted(tokens, at)
        called = end < len(tokens) and tokens[end].is_("(")
        procedure = before is not None and before.folded == "call" and name in PROCEDURES
        if called and "." in name and name.partition(".")[0] not in NAMESPACES and not procedure:
            raise InputError(f"The function '{shown(name, 60)}' is not part of Cypher.", "Use Cypher's own functions.")


def _check_size(tokens: list[Token]) -> None:
    if sum(token.kind is Kind.word and token.folded in _JOINS for token in tokens) > MOST:
        raise InputError(f"The query joins more than {MOST} parts by UNION.", "Ask for them in several queries.")
    chain = 0
    for token in tokens:
        if token.is_("."):
            chain += 1
        elif token.kind not in {Kind.word, Kind.quoted}:
            chain = 0
        if chain > MOST:
            raise InputError(f"A name of the query has more than {MOST} parts.", "Shorten the chain of dots.")
