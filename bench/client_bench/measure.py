"""CPU time of a request."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

ROUNDS = 5
AT_ONCE = 8
"""As many as the operator has workers by default."""

Ask = Callable[[], Awaitable[object]]


async def cpu_seconds(asks: Mapping[str, Ask], requests: int) -> dict[str, float]:
    """Of a request by each, in the best of some rounds."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, ask in asks.items():
            spent = await _round(ask, requests) / requests
            best[name] = min(spent, best.get(name, spent))
    return best


async def _round(ask: Ask, requests: int) -> float:
    numbers = iter(range(requests))

    async def work() -> None:
        for _ in numbers:
            await ask()

    began = time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
    return time.process_time() - began
