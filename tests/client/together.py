"""Many calls at once, for tasks and for threads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 64


async def async_together(call: Callable[[int], Awaitable[T]], times: int) -> list[T]:
    """Make a call many times, in tasks."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> T:
        async with turns:
            return await call(number)

    return await asyncio.gather(*(one(number) for number in range(times)))


def together(call: Callable[[int], T], times: int) -> list[T]:
    """Make a call many times, in threads."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(call, range(times)))
