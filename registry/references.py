"""How people name a version of a generator: ``name``, ``name:3``, ``name:latest`` or ``name@alias``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from difreg.errors import InputError
from difreg.names import check_name, shown

LATEST = "latest"
_NUMBER = re.compile("[1-9][0-9]{0,8}")
_LIKE_A_NUMBER = re.compile("[vV]?0*([1-9][0-9]{0,8})")


@dataclass(frozen=True)
class Reference:
    """A generator, and which of its versions is meant: by number, by alias, or (both None) the latest.

    ``whole`` is True where nothing but the name was given, which for some questions means all versions.
    """

    name: str
    number: int | None = None
    alias: str | None = None
    whole: bool = True


def parse(text: str) -> Reference:
    """``text`` as a reference.

    Raises
    ------
    InputError
        If the name cannot name a generator, or what follows ``:`` or ``@`` is no number, ``latest`` or alias.
    """
    cut = re.search("[:@]", text)
    if cut is None:
        return Reference(check_name(text))
    name, mark, rest = check_name(text[: cut.start()]), cut.group(), text[cut.end() :]
    told = shown(name)
    if mark == "@":
        if rest == LATEST:
            raise InputError(f"'{LATEST}' is no alias.", f"Write {told}:{LATEST}.")
        return Reference(name, alias=check_alias(rest), whole=False)
    if rest == LATEST:
        return Reference(name, whole=False)
    if not _NUMBER.fullmatch(rest):
        like = _LIKE_A_NUMBER.fullmatch(rest)
        hint = f"Write {told}:{like[1] if like else 1}, {told}:{LATEST} or {told}@ALIAS."
        raise InputError(f"'{shown(rest, 40)}' is no version number.", hint)
    return Reference(name, number=int(rest), whole=False)


def check_alias(text: str) -> str:
    """``text`` in Unicode normal form C, if it may be an alias.

    Raises
    ------
    InputError
        If it could not name a generator either, is ``latest``, or looks like a version number.
    """
    alias = check_name(text, "version's alias")
    if alias.lower() == LATEST or _LIKE_A_NUMBER.fullmatch(alias):
        raise InputError(
            f"'{alias}' cannot be an alias: it reads as a version.", "Use a word such as prod, judged or before-launch."
        )
    return alias
