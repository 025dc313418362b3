"""Cypher narrowed to the nodes of one registry, for databases in which others lie beside it.

Every pattern of a node gets one more property to match, ``{registry: $...}``, so the text a user writes is the same
for every store. A pattern that cannot be read for certain is refused: a wrong answer would be worse.
"""

from __future__ import annotations

from dataclasses import dataclass

from difreg.errors import InputError
from difreg.names import shown
from difreg.storage.graphs.patterns import closings
from difreg.storage.graphs.tokens import Kind, Token, located

PARAMETER = "difreg_registry"
PROPERTY = "registry"
_TEST = f"{PROPERTY}: ${PARAMETER}"
# What ends the patterns of a MATCH; inside brackets these are names.
_CLAUSES = frozenset(
    {
        *("where", "return", "with", "match", "optional", "unwind", "call", "union", "order", "skip", "limit"),
        *("using", "finish", "offset", "filter", "let", "for", "next", "except", "intersect"),
    }
)
_SHORTEST = frozenset({"shortestpath", "allshortestpaths"})
_SUBQUERIES = frozenset({"exists", "count", "collect"})


@dataclass(frozen=True)
class Scoped:
    """A query narrowed to one registry: its text, and where text was put in as (place in the original, length)."""

    text: str
    insertions: tuple[tuple[int, int], ...]

    def original(self, offset: int) -> int:
        """The place in the user's text of a place in :attr:`text`."""
        for place, length in self.insertions:
            if place >= offset:
                break
            offset -= min(length, offset - place)
        return offset


def scope(text: str) -> Scoped:
    """``text``, which the guard let pass, with every pattern of a node narrowed by ``$difreg_registry``.

    Raises
    ------
    InputError
        If a pattern has a form that is not known here.
    """
    places = located(text)
    reader = _Reader([token for token, _ in places])
    additions = sorted((places[at][1], added) for at, added in reader.additions().items())
    out, last = [], 0
    for place, added in additions:
        out += [text[last:place], added]
        last = place
    return Scoped("".join([*out, text[last:]]), tuple((place, len(added)) for place, added in additions))


class _Reader:
    """Finds the patterns of nodes among the tokens of a query."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._closing = closings(tokens)
        self._nodes: set[int] = set()

    def additions(self) -> dict[int, str]:
        """What to put in before which token."""
        for at, token in enumerate(self._tokens):
            if token.kind is Kind.word and token.folded == "match" and not self._is_name(at):
                self._patterns(at + 1, len(self._tokens))
            elif token.is_("{") and self._opens_patterns(at):
                self._patterns(at + 1, self._closing[at])
            elif token.is_("(") and self._linked(at):
                self._nodes.add(at)
        return dict(self._addition(at) for at in self._nodes)

    def _is_name(self, at: int) -> bool:
        """Whether a word is a property, label or key rather than a clause."""
        before, after = self._at(at - 1), self._at(at + 1)
        return (before is not None and before.is_(".", ":", "|", "&", "!", "$")) or (
            before is not None and before.is_("{", ",") and after is not None and after.is_(":")
        )

    def _at(self, at: int) -> Token | None:
        return self._tokens[at] if 0 <= at < len(self._tokens) else None

    def _opens_patterns(self, at: int) -> bool:
        """Whether ``EXISTS {``, ``COUNT {`` or ``COLLECT {`` is followed by a pattern without MATCH."""
        before, after = self._at(at - 1), self._at(at + 1)
        if before is None or before.kind is not Kind.word or before.folded not in _SUBQUERIES or after is None:
            return False
        return after.is_("(") or (after.kind in {Kind.word, Kind.quoted} and self._is_equals(at + 2))

    def _is_equals(self, at: int) -> bool:
        token = self._at(at)
        return token is not None and token.is_("=")

    def _patterns(self, at: int, end: int) -> None:
        """The patterns that begin there, up to the clause or bracket that ends them."""
        while at < end:
            token = self._tokens[at]
            if token.is_("("):
                self._group(at)
                at = self._closing[at]
            elif token.is_("[", "{"):
                at = self._closing[at]
            elif token.is_(")", "]", "}") or (token.kind is Kind.word and token.folded in _CLAUSES):
                return
            at += 1

    def _group(self, at: int) -> None:
        """What lies between the parentheses of a pattern: a node, or a path in them."""
        inside, before = self._tokens[at + 1], self._at(at - 1)
        shortest = before is not None and before.kind is Kind.word and before.folded in _SHORTEST
        named = inside.kind in {Kind.word, Kind.quoted} and self._is_equals(at + 2)
        if shortest or inside.is_("(") or named:
            self._patterns(at + 1, self._closing[at])
        elif self._is_node(at):
            self._nodes.add(at)
        else:
            hint = "Write nodes as (name:Label {property: value}), and conditions after WHERE."
            raise InputError(f"The pattern at '({shown(inside.text, 40)}' cannot be read for certain.", hint)

    def _linked(self, at: int) -> bool:
        """Whether a relationship joins this node to another one, as it can in any expression."""
        if not self._is_node(at):
            return False
        following = self._past_arrow(self._closing[at] + 1)
        if following is not None and self._is_node(following):
            return True
        return any(
            self._past_arrow(self._closing[other] + 1) == at and self._is_node(other)
            for other in range(max(0, at - 200), at)
            if self._tokens[other].is_("(") and self._closing[other] < at
        )

    def _past_arrow(self, at: int) -> int | None:
        """The position of the parenthesis after ``-[...]->``, ``--``, ``<--`` and the like, which begin at ``at``."""
        token = self._at(at)
        if token is not None and token.is_("<"):
            at += 1
        if not self._is_dash(at):
            return None
        at += 1
        token = self._at(at)
        if token is not None and token.is_("["):
            at = self._closing[at] + 1
        if not self._is_dash(at):
            return None
        at += 1
        token = self._at(at)
        if token is not None and token.is_(">"):
            at += 1
        token = self._at(at)
        return at if token is not None and token.is_("(") else None

    def _is_dash(self, at: int) -> bool:
        token = self._at(at)
        return token is not None and token.is_("-")

    def _is_node(self, at: int) -> bool:
        """Whether ``(name :Label {map} WHERE condition)`` stands there, each part of which may be missing."""
        if not self._tokens[at].is_("("):
            return False
        end = self._closing[at]
        at = self._after_labels(at + 1, end)
        token = self._tokens[at]
        if token.is_("{"):
            at = self._closing[at] + 1
            token = self._tokens[at]
        return at == end or (token.kind is Kind.word and token.folded == "where")

    def _after_labels(self, at: int, end: int) -> int:
        """The position after the name and the labels of a node."""
        name = self._tokens[at]
        if at < end and name.kind in {Kind.word, Kind.quoted} and name.folded != "where":
            at += 1
        token = self._tokens[at]
        if at < end and (token.is_(":") or (token.kind is Kind.word and token.folded == "is")):
            at += 1
            while at < end and self._is_label(self._tokens[at]):
                at = self._closing.get(at, at) + 1
        return at

    @staticmethod
    def _is_label(token: Token) -> bool:
        """Whether a token, or the parenthesis that it opens, is part of an expression of labels."""
        named = token.kind in {Kind.word, Kind.quoted} and token.folded != "where"
        return named or token.is_("(", ":", "|", "&", "!", "%")

    def _addition(self, at: int) -> tuple[int, str]:
        """Where in the node that begins there the test goes, and how it is written."""
        place = self._after_labels(at + 1, self._closing[at])
        if not self._tokens[place].is_("{"):
            return place, f" {{{_TEST}}} "
        empty = self._closing[place] == place + 1
        return self._closing[place], _TEST if empty else f", {_TEST}"
