"""Waiting for what other tasks do."""

import asyncio
from collections.abc import Callable

DEADLINE_SECONDS = 30.0


async def until(is_so: Callable[[], bool]) -> None:
    """Let other tasks run until `is_so`. Raises TimeoutError after a deadline that only a failure meets."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - plain state is waited for, which no event announces
            await asyncio.sleep(0)
