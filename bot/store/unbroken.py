"""Database work that goes on when whoever asked for it is cancelled.

A query cut off in the middle leaves its connection with an open transaction; on SQLite, which has one
writer, that would lock the database until the process ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def unbroken(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make `work` run to its end in a task of its own; a cancelled caller only stops waiting for it."""

    @wraps(work)
    async def whole(*args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.shield(asyncio.ensure_future(work(*args, **kwargs)))

    return whole
