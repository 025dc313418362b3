"""What the embedded engine answers, as plain values: its own identifiers, titles and types are taken out again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

MARK = "\x1fdifreg:"  # begins the engine's identifier of every node, by which maps of properties are recognised
_OWN = ("id", "title", "type")
_NODE = {"id", "labels", "properties"}
_RELATIONSHIP = {"id", "start", "end", "type", "properties"}


def plain(value: Any, key: Callable[[int], str]) -> Any:
    """``value`` without what is the engine's.

    Parameters
    ----------
    key
        Gives the key (``Generator:sd14``) of the node in a slot of the engine.
    """
    if isinstance(value, dict):
        return _map(value, key)
    if isinstance(value, list | tuple):
        return [plain(item, key) for item in value]
    if isinstance(value, str):
        return value.removeprefix(MARK)
    if value is None or isinstance(value, bool | int | float | date | datetime):
        return value
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)


def _map(value: dict[str, Any], key: Callable[[int], str]) -> dict[str, Any]:
    if value.keys() == _NODE and isinstance(value["properties"], dict):
        return {"label": (value["labels"] or [""])[0], "properties": _properties(value["properties"], key)}
    if value.keys() == _RELATIONSHIP and isinstance(value["start"], int):
        return {
            "type": value["type"],
            "start": key(value["start"]),
            "end": key(value["end"]),
            "properties": {name: plain(item, key) for name, item in value["properties"].items()},
        }
    if str(value.get("id", "")).startswith(MARK):
        return _properties(value, key)
    return {name: plain(item, key) for name, item in value.items()}


def _properties(value: dict[str, Any], key: Callable[[int], str]) -> dict[str, Any]:
    return {name: plain(item, key) for name, item in value.items() if name not in _OWN}
