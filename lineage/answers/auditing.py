"""Answers on families' titles and on what is declared against what images say, and what a verb changed of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from difreg.lineage.answers.common import Answer


@dataclass(frozen=True)
class Change:
    """Something that a verb changed about the lineage.

    ``subject`` is the generator or family it is about. ``code`` is ``new``, ``merged``, ``split`` or ``dissolved`` of a
    family, ``joined``, ``moved`` or ``left`` of a generator and its family, ``contradicted`` or ``cleared`` of a
    generator and what is declared about it.
    """

    code: str
    subject: str
    text: str


@dataclass(frozen=True)
class FamilyTitled(Answer):
    """Answer of ``families rename``: the title the family has now, and the one ``before``; None is no title.

    It has the title now only if this is no ``dry_run``.
    """

    schema: ClassVar[str] = "difreg/families-rename"
    family: str
    title: str | None
    before: str | None
    dry_run: bool = False


@dataclass(frozen=True)
class AuditRow:
    """What images say about one declaration.

    Attributes
    ----------
    declared
        The declared parent; ``base`` where it is declared as trained from scratch; None where nothing is declared.
    inferred
        The family the images are of (a generator's name where that has none); None where they are of none for sure.
    probability
        Of what the row says. In ``agree`` that the images are kin of what is declared (for ``base``: of ``inferred``).
        In ``contradict`` that they are of ``inferred``, or, where that is None, not of what is declared. In ``silent``
        that they are kin of what is declared (where nothing is: of ``inferred``); NaN where nothing was judged.
    """

    generator: str
    declared: str | None
    inferred: str | None
    probability: float
    text: str


@dataclass(frozen=True)
class Audited(Answer):
    """Answer of ``audit``: what is declared against what the images say, a row a declaration, by generator."""

    schema: ClassVar[str] = "difreg/audit"
    agree: tuple[AuditRow, ...]
    contradict: tuple[AuditRow, ...]
    silent: tuple[AuditRow, ...]
