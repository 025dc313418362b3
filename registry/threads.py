"""One thread for small matrix products: on a busy machine a product of a few hundred rows waits longer for its threads
than it computes, and the order of sums, so the last bits of a fingerprint, would depend on how many there are.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def single_threaded() -> AbstractContextManager[Any]:
    """Linear algebra on one thread inside the block."""
    limited: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limited
