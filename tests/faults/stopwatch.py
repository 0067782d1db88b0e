"""How long something takes, where it must not take longer than that."""

import asyncio
from collections.abc import Awaitable, Callable

from fleetkit.testing import eventually


async def seconds_until(probe: Callable[[], Awaitable[bool]], limit: float) -> float:
    """Asks until the answer is true, and returns after how many seconds it was, to a tenth.

    Raises:
        TimeoutError: it was not within `limit` seconds.
    """
    began = asyncio.get_running_loop().time()
    await eventually(probe, within=limit)
    return round(asyncio.get_running_loop().time() - began, 1)
