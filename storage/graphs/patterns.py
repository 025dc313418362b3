"""Bounds of Cypher's paths of variable length, in both notations: ``-[:T*1..9]->`` and ``((a)-[:T]->(b)){1,9}``.

A path without an upper bound can take for ever on one engine and stops silently after ten steps on another.
"""

from __future__ import annotations

from difreg.errors import InputError
from difreg.storage.graphs.tokens import Kind, Token

MOST = 50
DEEPEST = 50
HINT = f"Write *1..{MOST}."
_PAIRS = {"(": ")", "[": "]", "{": "}"}
# A pattern between the parentheses of one of these is its argument; after any other word it may be repeated.
_FUNCTIONS = frozenset(
    {
        *("size", "length", "exists", "isempty", "nodes", "relationships", "shortestpath", "allshortestpaths"),
        *("count", "collect", "sum", "avg", "min", "max", "head", "last", "tail", "reverse", "coalesce"),
        *("tostring", "tointeger", "tofloat", "round", "abs"),
    }
)


def closings(tokens: list[Token]) -> dict[int, int]:
    """Position of the bracket that closes each bracket that is opened.

    Raises
    ------
    InputError
        If they do not match, or are nested more than 50 deep.
    """
    out: dict[int, int] = {}
    stack: list[int] = []
    for at, token in enumerate(tokens):
        if token.is_(*_PAIRS):
            stack.append(at)
            if len(stack) > DEEPEST:
                raise InputError(f"The query nests brackets more than {DEEPEST} deep.", "Use WITH to name its parts.")
        elif token.is_(*_PAIRS.values()):
            if not stack or _PAIRS[tokens[stack[-1]].text] != token.text:
                raise InputError(f"A '{token.text}' of the query closes nothing.", "Check its brackets.")
            out[stack.pop()] = at
    if stack:
        raise InputError(f"A '{tokens[stack[-1]].text}' of the query is never closed.", "Check its brackets.")
    return out


def check(tokens: list[Token], closing: dict[int, int]) -> None:
    """Refuse every path of variable length without an upper bound of at most 50.

    Raises
    ------
    InputError
        If there is one.
    """
    opening = {end: begin for begin, end in closing.items()}
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else None
        if token.is_("[") and before is not None and before.is_("-"):
            _check_star(tokens, at, closing)
        elif token.is_("+", "*", "{") and _repeats(tokens, at, opening):
            _check_quantifier(tokens, at)


def _check_star(tokens: list[Token], begin: int, closing: dict[int, int]) -> None:
    """A star between the brackets of a relationship, unless it multiplies in its properties or its WHERE."""
    at, filtered = begin + 1, False
    while at < closing[begin]:
        token = tokens[at]
        if at in closing:
            at = closing[at]
        elif token.kind is Kind.word and token.folded == "where" and at > begin + 1:
            before = tokens[at - 1]
            filtered |= not (before.is_(":", "|", "&", "!") or before.folded == "is")
        elif token.is_("*"):
            low, dots, high, end = _range(tokens, at + 1)
            if not filtered or dots or tokens[end].is_("]", "{"):
                _check_bound(high if dots else low)
        at += 1


def _range(tokens: list[Token], at: int) -> tuple[str | None, bool, str | None, int]:
    """``low``, whether there are dots, ``high``, and the position after them."""
    numbers: list[str | None] = [None, None]
    dots = False
    for _ in range(3):
        if at < len(tokens) and tokens[at].kind is Kind.number and numbers[dots] is None:
            numbers[dots] = tokens[at].text
        elif at < len(tokens) and tokens[at].is_("..") and not dots:
            dots = True
        else:
            break
        at += 1
    return numbers[0], dots, numbers[1], at


def _check_bound(bound: str | None) -> None:
    if bound is None or not bound.isdecimal():
        raise InputError("The query follows relationships without an upper bound.", HINT)
    if int(bound) > MOST:
        raise InputError(f"The query follows up to {bound[:9]} relationships; {MOST} are allowed.", HINT)


def _repeats(tokens: list[Token], at: int, opening: dict[int, int]) -> bool:
    """Whether the sign there repeats the pattern before it, rather than adding, multiplying or opening a block."""
    last = at - 1
    if last > 0 and tokens[last].is_(">"):
        last -= 1
        if not tokens[last].is_("-"):
            return False
    if last > 0 and tokens[last].is_("-"):
        return tokens[last - 1].is_("-") or _is_relationship(tokens, opening.get(last - 1))
    begin = opening.get(last)
    if begin is None or not tokens[begin].is_("("):
        return False
    caller = tokens[begin - 1] if begin else None
    if caller is not None and caller.kind is Kind.word and caller.folded in _FUNCTIONS:
        return False
    return any(_arrow(tokens, inside) for inside in range(begin + 1, last))


def _is_relationship(tokens: list[Token], begin: int | None) -> bool:
    return begin is not None and begin > 0 and tokens[begin].is_("[") and tokens[begin - 1].is_("-")


def _arrow(tokens: list[Token], at: int) -> bool:
    """Whether a relationship follows the node that is closed there."""
    one, two = (tokens[at + i] if at + i < len(tokens) else None for i in (1, 2))
    if not tokens[at].is_(")") or one is None or two is None:
        return False
    return (one.is_("-") and two.is_("[", "-", ">")) or (one.is_("<") and two.is_("-"))


def _check_quantifier(tokens: list[Token], at: int) -> None:
    """``+`` and ``*`` have no bound, ``{2}``, ``{1,9}`` and ``{,9}`` have one, and any other brace is a block."""
    if not tokens[at].is_("{"):
        _check_bound(None)
    inside = tokens[at + 1 : at + 4]
    if not inside or not (inside[0].kind is Kind.number or inside[0].is_(",")):
        return
    end = next(i for i in range(at, len(tokens)) if tokens[i].is_("}"))
    last = tokens[end - 1]
    _check_bound(last.text if last.kind is Kind.number else None)
