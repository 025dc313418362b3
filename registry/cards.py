"""A Hugging Face model card's front matter as declared facts: what it was made from, how, and its licence.

Only strings and lists of strings are read, whatever the YAML holds: tags, types and anchors of a hostile card mean
nothing here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from difreg.errors import InputError
from difreg.names import check_name, shown
from difreg.registry.metadata import DeclaredParent, Metadata

MAX_CARD = 1 << 20
MAX_FRONT = 1 << 16
MAX_PARENTS = 32
MAX_TEXT = 200
RELATIONS = {"finetune": "fine-tune", "adapter": "adapter", "merge": "merge", "quantized": "quantised"}
_FRONT = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*\r?$", re.DOTALL | re.MULTILINE)


def read_card(path: Path) -> Metadata:
    """Declared facts of a model card.

    A ``base_model`` such as ``runwayml/stable-diffusion-v1-5`` is the parent ``stable-diffusion-v1-5``, with the whole
    id as its source.

    Raises
    ------
    InputError
        If the file cannot be read, has no front matter, or declares what cannot be understood.
    """
    told = shown(path.name, 60)
    text = _read(path, told)
    front = _FRONT.match(text)
    if front is None:
        raise InputError(
            f"{told} has no front matter.", "A model card begins with a block of YAML between lines of ---."
        )
    if len(front[1]) > MAX_FRONT:
        raise InputError(f"The front matter of {told} is longer than {MAX_FRONT} characters.", "Shorten it.")
    try:
        return _metadata(_yaml(front[1]))
    except InputError as error:
        raise InputError(f"{told}: {error.message}", error.hint) from error


def _read(path: Path, told: str) -> str:
    try:
        if path.exists() and not path.is_file():  # a pipe would block, a device never end
            raise InputError(f"{told} is not a regular file.", "Give the model's README.md.")
        with path.open("rb") as stream:
            data = stream.read(MAX_CARD + 1)
    except OSError as error:
        raise InputError(f"{told} cannot be read: {error.strerror}.", "Check the path.") from error
    if len(data) > MAX_CARD:
        raise InputError(f"{told} is larger than {MAX_CARD >> 20} MiB.", "Give the model's README.md.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{told} is not UTF-8 text.", "Give the model's README.md.") from error


def _yaml(text: str) -> dict[Any, Any]:
    import yaml

    hint = "Mend the YAML between the lines of ---."
    try:
        # The base loader makes strings, lists and mappings and nothing else, and merges no keys.
        found = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 2})" if mark else ""
        raise InputError(f"the front matter is not sound YAML{where}.", hint) from error
    if not isinstance(found, dict):
        raise InputError("the front matter holds no keys.", hint)
    return found


def _metadata(front: dict[Any, Any]) -> Metadata:
    relation = _one(front, "base_model_relation")
    if relation is not None and relation not in RELATIONS:
        known = ", ".join(RELATIONS)
        raise InputError(f"base_model_relation is '{shown(relation, 40)}'.", f"Write one of: {known}.")
    how = RELATIONS.get(relation or "", "unknown")
    licences = _texts(front, "license")
    if licences == ["other"]:
        licences = _texts(front, "license_name") or licences
    parents: dict[str, DeclaredParent] = {}
    for model in _texts(front, "base_model"):
        made = _parent(model, how)
        parents.setdefault(made.name, made)
    return Metadata(parents=tuple(parents.values()), licence=", ".join(licences) or None)


def _parent(model: str, relation: str) -> DeclaredParent:
    """A model id as a parent's name, which is what follows the last slash: names hold none."""
    name = model.rstrip("/").rpartition("/")[2]
    return DeclaredParent(check_name(name, "parent's name"), relation, f"model card: {model}")


def _texts(front: dict[Any, Any], key: str) -> list[str]:
    """The strings under ``key``: one, a list, or none."""
    found = front.get(key)
    values = found if isinstance(found, list) else [] if found in (None, "", "null", "~") else [found]
    if len(values) > MAX_PARENTS or not all(isinstance(v, str) and len(v) <= MAX_TEXT for v in values):
        raise InputError(
            f"{key} is neither text nor a list of at most {MAX_PARENTS} texts of {MAX_TEXT} characters.",
            "Write it as the Hugging Face model card guide does.",
        )
    return [v.strip() for v in values if v.strip()]


def _one(front: dict[Any, Any], key: str) -> str | None:
    texts = _texts(front, key)
    if len(set(texts)) > 1:
        raise InputError(f"{key} holds more than one value.", "Write one.")
    return texts[0] if texts else None
