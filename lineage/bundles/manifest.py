"""The manifest of a bundle: what is declared about generators and what their versions rest on, as versioned JSON.

It holds no score: kinship, families, reliability and caveats are measured again where the bundle is read, so that a
bundle can only bring images' sketches and what somebody declares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from difreg import __version__
from difreg.errors import DifregError, IncompatibleError, InputError
from difreg.names import check_name, shown
from difreg.registry.metadata import RELATIONS, DeclaredParent, Metadata, parse_tag
from difreg.registry.references import check_alias
from difreg.storage.records import ImageRecord, SkippedRecord

FORMAT = "difreg-bundle"
SCHEMA = 1
LONGEST = 10_000  # characters of a text
FACTS = ("released", "not_before", "base", "source", "certainty", "note", "licence", "url")
_HASH = re.compile("[0-9a-f]{64}")
_LARGEST = (1 << 63) - 1
T = TypeVar("T")


@dataclass(frozen=True)
class BundledVersion:
    """A version as it travels; ``files`` carry no folders."""

    number: int
    digest: str
    identity: str
    solver: str
    denoiser: str
    background: str
    canvas: int
    seed: int | None
    tool: str
    created: datetime
    files: tuple[ImageRecord, ...]
    skipped: tuple[SkippedRecord, ...]


@dataclass(frozen=True)
class BundledGenerator:
    """A generator as it travels: with its versions, or as a stub without any."""

    name: str
    observed: bool
    declared: Metadata
    aliases: Mapping[str, int]
    versions: tuple[BundledVersion, ...]


@dataclass(frozen=True)
class BundledTitle:
    """The title of a family, known by its members."""

    title: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """All that a bundle says."""

    denoiser: str
    generators: tuple[BundledGenerator, ...]
    titles: tuple[BundledTitle, ...]


def dumps(manifest: Manifest) -> bytes:
    """``manifest`` as bytes; the same content always gives the same."""
    body = {
        "format": FORMAT,
        "schema": SCHEMA,
        "difreg": __version__,
        "denoiser": manifest.denoiser,
        "generators": [_generator(g) for g in manifest.generators],
        "titles": [{"title": t.title, "members": list(t.members)} for t in manifest.titles],
    }
    return (json.dumps(body, sort_keys=True, indent=1, allow_nan=False) + "\n").encode("ascii")


def _generator(g: BundledGenerator) -> dict[str, Any]:
    facts = {fact: getattr(g.declared, fact) for fact in FACTS}
    return {
        "name": g.name,
        "observed": g.observed,
        **{fact: value for fact, value in facts.items() if value is not None},
        "parents": [[p.name, p.relation, p.source] for p in g.declared.parents],
        "tags": dict(g.declared.tags),
        "aliases": dict(g.aliases),
        "versions": [_version(v) for v in g.versions],
    }


def _version(v: BundledVersion) -> dict[str, Any]:
    own = {key: value for key, value in vars(v).items() if key not in {"created", "files", "skipped"}}
    return {
        **own,
        "created": v.created.isoformat(),
        "images": [[i.file, i.size, i.sha256, i.pixels] for i in v.files],
        "skipped": [[s.file, s.code, s.reason] for s in v.skipped],
    }


def loads(data: bytes) -> Manifest:
    """The manifest in ``data``; nothing in it is trusted, fields this difreg does not know are left alone.

    Raises
    ------
    InputError
        If it is none, or anything in it cannot be.
    IncompatibleError
        If a newer difreg wrote it.
    """
    try:
        body = json.loads(data, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _bad(f"its manifest is no JSON: {shown(str(error), 100)}") from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise _bad("its manifest is not that of a bundle")
    schema = body.get("schema")
    if schema != SCHEMA or isinstance(schema, bool):
        newer = isinstance(schema, int) and schema > SCHEMA
        hint = "Upgrade difreg: pip install --upgrade difreg." if newer else "Export it again."
        raise IncompatibleError(
            f"The bundle has schema {shown(repr(schema), 20)}; this difreg reads schema {SCHEMA}.", hint
        )
    try:
        generators = tuple(_read_generator(g) for g in _list(body, "generators"))
        titles = tuple(BundledTitle(_text(t, "title"), _names(t, "members")) for t in _list(body, "titles", []))
        made = Manifest(_text(body, "denoiser"), generators, titles)
    except DifregError as error:
        raise _bad(error.message.rstrip(".")) from error
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _bad(f"what its manifest says, or leaves out, of {shown(str(error), 100)} cannot be") from error
    names = [g.name for g in made.generators]
    if len(set(names)) != len(names):
        raise _bad("a generator is in it twice")
    return made


def _bad(why: str) -> InputError:
    return InputError(f"This is no sound bundle: {why}.", "Get it again: difreg export bundle -o FILE.difreg.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a name is used twice")
    return out


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _kind(value: Any, kind: type[T], what: str) -> T:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(what)
    return value


def _list(body: Any, key: str, default: Any = None) -> list[Any]:
    return _kind(body.get(key, default), list, key)


def _short(value: Any, what: str) -> str:
    text = _kind(value, str, what)
    if len(text) > LONGEST or "\0" in text or (not text.isprintable() and any(0xD800 <= ord(c) < 0xE000 for c in text)):
        raise ValueError(what)
    return text


def _text(body: Any, key: str) -> str:
    return _short(_kind(body, dict, "an object")[key], key)


def _number(value: Any, what: str) -> int:
    number = _kind(value, int, what)
    if not 0 <= number <= _LARGEST:
        raise ValueError(what)
    return number


def _maybe(value: Any, read: Callable[[Any, str], T], what: str) -> T | None:
    return None if value is None else read(value, what)


def _name(value: Any, what: str = "name") -> str:
    name = check_name(_short(value, what))
    if name != value:
        raise ValueError(what)
    return name


def _names(body: Any, key: str) -> tuple[str, ...]:
    return tuple(_name(n) for n in _list(body, key))


def _read_generator(body: Any) -> BundledGenerator:
    name = _name(_kind(body, dict, "a generator")["name"])
    observed = _kind(body["observed"], bool, "observed")
    facts: dict[str, Any] = {f: _maybe(body.get(f), _short, f) for f in FACTS if f != "base"}
    parents = tuple(_read_parent(p) for p in _list(body, "parents", []))
    tags = dict(_tag(k, v) for k, v in _kind(body.get("tags", {}), dict, "tags").items())
    base = _maybe(body.get("base"), lambda v, what: _kind(v, bool, what), "base")
    declared = Metadata(**facts, base=base, parents=parents, tags=tags)
    if name in {p.name for p in parents}:
        raise ValueError(f"{name} as its own parent")
    versions = tuple(_read_version(v) for v in _list(body, "versions", []))
    numbers = [v.number for v in versions]
    if bool(versions) != observed or len({bool(v.files) for v in versions}) > 1 or sorted(set(numbers)) != numbers:
        raise ValueError(f"the versions of {name}")
    aliases = {check_alias(k): _number(v, "alias") for k, v in _kind(body.get("aliases", {}), dict, "aliases").items()}
    if not set(aliases.values()) <= set(numbers):
        raise ValueError(f"an alias of {name}")
    return BundledGenerator(name, observed, declared, aliases, versions)


def _tag(key: str, value: Any) -> tuple[str, str]:
    if parse_tag(f"{key}={_short(value, 'a tag')}") != (key, value):
        raise ValueError("a tag")
    return key, value


def _read_parent(row: Any) -> DeclaredParent:
    name, relation, source = _kind(row, list, "a parent")
    if relation not in RELATIONS:
        raise ValueError("a relation")
    return DeclaredParent(_name(name), relation, _maybe(source, _short, "a source"))


def _read_version(body: Any) -> BundledVersion:
    created = datetime.fromisoformat(_text(body, "created"))
    if created.tzinfo is None:
        raise ValueError("the zone of a time")
    created = created.astimezone(UTC)
    return BundledVersion(
        number=_number(body["number"], "number"),
        digest=_hash(body["digest"], "digest"),
        identity=_hash(body["identity"], "identity"),
        solver=_text(body, "solver"),
        denoiser=_text(body, "denoiser"),
        background=_text(body, "background"),
        canvas=_number(body["canvas"], "canvas"),
        seed=_maybe(body.get("seed"), _number, "seed"),
        tool=_text(body, "tool"),
        created=created,
        files=tuple(_read_image(i) for i in _list(body, "images")),
        skipped=tuple(_read_skipped(s) for s in _list(body, "skipped", [])),
    )


def _read_image(row: Any) -> ImageRecord:
    file, size, sha256, pixels = _kind(row, list, "an image")
    return ImageRecord(
        _file(file), _number(size, "a size"), _hash(sha256, "a SHA-256"), _hash(pixels, "a hash of pixels")
    )


def _read_skipped(row: Any) -> SkippedRecord:
    file, code, reason = _kind(row, list, "a skipped image")
    return SkippedRecord(_file(file), _short(code, "a code"), _short(reason, "a reason"))


def _hash(value: Any, what: str) -> str:
    if not _HASH.fullmatch(_kind(value, str, what)):
        raise ValueError(what)
    return str(value)


def _file(value: Any) -> str:
    """A file's name: shown and stored, never opened, and still no path."""
    name = _short(value, "a file name")
    if "/" in name or name in {"", ".", ".."}:
        raise ValueError("a file name")
    return name
