"""Cypher cut into tokens, so that what is a keyword and what is a name, a string or a comment is never guessed.

Where the engines' own readers differ (Unicode escapes outside or inside quotes, dashes and arrows that only look like
ASCII, invisible characters), the text is refused instead of being read one way here and another way there.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

from difreg.errors import InputError
from difreg.names import shown

LONGEST = 20_000
_NUMBER = re.compile(r"0[xXoO][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9][0-9_]*)?(?:[eE][+-]?[0-9]+)?")
_ENDS = {"\n", "\r", "\u2028", "\u2029", "\x85", "\v", "\f"}


class Kind(Enum):
    """What a token is."""

    word = "word"
    quoted = "quoted name"
    string = "string"
    number = "number"
    parameter = "parameter"
    symbol = "symbol"


@dataclass(frozen=True)
class Token:
    """A token: its text as written, and for words and quoted names the name ``folded`` to compare it by."""

    kind: Kind
    text: str
    folded: str = ""

    def is_(self, *symbols: str) -> bool:
        """Whether it is one of these symbols."""
        return self.kind is Kind.symbol and self.text in symbols


def tokenize(cypher: str) -> tuple[list[Token], str]:
    """Tokens of ``cypher``, and the text with blanks in place of comments and odd blanks, without a closing ``;``.

    Raises
    ------
    InputError
        If the text is empty or too long, a quote or comment has no end, or a character's meaning depends on the engine.
    """
    if len(cypher) > LONGEST:
        raise InputError(f"The query has {len(cypher)} characters; {LONGEST} are allowed.", "Pass lists by --param.")
    tokens: list[Token] = []
    out: list[str] = []
    position = 0
    while position < len(cypher):
        token, plain, position = _next(cypher, position)
        out.append(plain)
        if token is not None:
            tokens.append(token)
    text = "".join(out).rstrip()
    if tokens and tokens[-1].is_(";"):
        tokens.pop()
        text = text[:-1].rstrip()
    if not tokens:
        raise InputError("The query is empty.", 'Try: difreg query "MATCH (g:Generator) RETURN g.name"')
    return tokens, text


def located(text: str) -> list[tuple[Token, int]]:
    """The tokens of a text that :func:`tokenize` gave, each with its place in it."""
    out: list[tuple[Token, int]] = []
    position = 0
    while position < len(text):
        begin = position
        token, _, position = _next(text, begin)
        if token is not None:
            out.append((token, begin))
    return out


def fold(name: str) -> str:
    """``name`` as engines compare keywords, whatever letters it was disguised with."""
    return unicodedata.normalize("NFKC", name).upper().casefold()


def _next(text: str, at: int) -> tuple[Token | None, str, int]:
    """The token at a position (None for blanks and comments), how it is written out, and where the next begins."""
    character = text[at]
    if character.isspace():
        return None, "\n" if character == "\n" else " ", at + 1
    if text.startswith("//", at):
        end = next((i for i in range(at, len(text)) if text[i] in _ENDS), len(text))
        return None, " " * (end - at), end
    if text.startswith("/*", at):
        end = text.find("*/", at + 2)
        if end < 0:
            raise InputError("A comment '/*' has no end.", "Close it with '*/'.")
        return None, re.sub(r"[^\n]", " ", text[at : end + 2]), end + 2
    token = _token(text, at)
    return token, token.text, at + len(token.text)


def _token(text: str, at: int) -> Token:
    character = text[at]
    if character in "'\"":
        return Token(Kind.string, _string(text, at))
    if character == "`":
        quoted = _backticked(text, at)
        return Token(Kind.quoted, quoted, fold(quoted[1:-1]))
    if character == "$" and at + 1 < len(text) and (_starts_word(text[at + 1]) or text[at + 1].isdecimal()):
        return Token(Kind.parameter, "$" + _word(text, at + 1))
    if character == "$" and text.startswith("$`", at):
        return Token(Kind.parameter, "$" + _backticked(text, at + 1))
    number = _NUMBER.match(text, at)
    if number:
        return Token(Kind.number, number.group())
    if _starts_word(character):
        word = _word(text, at)
        return Token(Kind.word, word, fold(word))
    if character == "\\":
        raise InputError("The query holds '\\' outside quotes.", "Write the character itself, not its escape.")
    if not " " < character < "\x7f":
        hint = "Use plain - < > and blanks, and put unusual names between backticks."
        raise InputError(f"The query holds '{shown(character)}' (U+{ord(character):04X}) outside quotes.", hint)
    return Token(Kind.symbol, ".." if text.startswith("..", at) else character)


def _starts_word(character: str) -> bool:
    return character == "_" or character.isalpha()


def _word(text: str, at: int) -> str:
    end = at
    while end < len(text) and (text[end] == "_" or text[end].isalnum() or _joins(text[end])):
        end += 1
    return text[at:end]


def _joins(character: str) -> bool:
    return character > "\x7f" and unicodedata.category(character) in {"Mn", "Mc", "Pc"}


def _string(text: str, at: int) -> str:
    end = at + 1
    while end < len(text) and text[end] != text[at]:
        if text[end] == "\\":
            if text[end + 1 : end + 2] in {"u", "U"} or re.match(r"\\+[uU]", text[end:]):
                hint = "Write the character itself, or pass the text by --param."
                raise InputError("A string of the query holds a Unicode escape.", hint)
            end += 1
        end += 1
    if end >= len(text):
        raise InputError(f"A string of the query has no closing {text[at]}.", "Close it, or escape quotes inside: \\'")
    return text[at : end + 1]


def _backticked(text: str, at: int) -> str:
    """A name between backticks; two of them inside stand for one."""
    end = text.find("`", at + 1)
    while end >= 0 and text.startswith("``", end):
        end = text.find("`", end + 2)
    if end < 0:
        raise InputError("A name of the query has no closing backtick.", "Close it with `.")
    if "\\" in text[at:end]:
        raise InputError("A name between backticks holds '\\'.", "Engines read it differently: rename the property.")
    return text[at : end + 1]
