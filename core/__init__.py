"""difreg: a versioned registry of image generators' fingerprints and the lineage graph drawn from them.

``difreg.open(home)`` gives a :class:`difreg.Registry`. Both are resolved on first use, so that ``import difreg``
stays cheap.
"""

from __future__ import annotations

from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

from difreg.errors import DifregError

if TYPE_CHECKING:
    from difreg.lineage.api import Registry
    from difreg.lineage.api import open_registry as open  # noqa: A004 - the name the API has by contract

__version__ = _version("difreg")
__all__ = ["DifregError", "Registry", "__version__", "open"]


def __getattr__(name: str) -> Any:
    if name in {"open", "Registry"}:
        from difreg.lineage import api

        return {"open": api.open_registry, "Registry": api.Registry}[name]
    raise AttributeError(f"module 'difreg' has no attribute {name!r}")
