"""Titles of families: what people call what difreg numbers."""

from __future__ import annotations

from difreg.errors import InputError, NotFoundError
from difreg.lineage.keeping.naming import meant
from difreg.names import check_title, shown
from difreg.storage.catalog import Transaction


def give(tx: Transaction, family: str, title: str) -> tuple[str, str | None, str | None]:
    """Give a family a title, or take it away where that is empty; its name, and its title before and now.

    Raises
    ------
    InputError, NotFoundError
        If the title is another family's or cannot be one, or no family has that name.
    """
    known = {f.name: f for f in tx.families()}
    if family not in known:
        raise NotFoundError(f"No family is called '{shown(family)}'.", meant(family, known, "See `difreg families`."))
    now = check_title(title) if title.strip() else None
    taken = next((f.name for f in known.values() if f.name != family and now in (f.name, f.title)), None)
    if now is not None and taken is not None:
        raise InputError(f"'{shown(now)}' is {shown(taken)} already.", "Give a title that tells them apart.")
    before = known[family].title
    if now != before:
        tx.set_title(family, now)
        told = f"title: {now}" if now else "title: removed"
        tx.log("families rename", family, told + (f", was {before}" if before else ""), {"title": [before, now]})
    return family, before, now
