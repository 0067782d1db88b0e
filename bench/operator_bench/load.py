"""How services are asked for: all at once, or at a gentle rate."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from operator_bench.deployments import DeploymentWatch
from operator_bench.task_group import task_group

CONCURRENCY = 8
"""Requests under way at once: as many as the operator has workers by default."""

Create = Callable[[str], Awaitable[float]]
"""Makes the service of that name; returns the time at which the API server had answered its creation."""

Item = TypeVar("Item")

Submit = Callable[[Sequence[str], Create], Awaitable[Mapping[str, float]]]


@dataclass(frozen=True)
class Created:
    """`per_second`: services, from the first request to the last Deployment seen. `latencies`: seconds, per service."""

    per_second: float
    latencies: list[float]


async def measure_creation(names: Sequence[str], create: Create, submit: Submit, watch: DeploymentWatch) -> Created:
    """Latency runs from the answer to the creation until the watch shows the Deployment."""
    started = time.perf_counter()
    answered = await submit(names, create)
    await watch.until_all(names)
    seconds = max(watch.first_seen[name] for name in names) - started
    return Created(len(names) / seconds, [max(0.0, watch.first_seen[name] - answered[name]) for name in names])


async def at_once(names: Sequence[str], create: Create) -> Mapping[str, float]:
    """As fast as the API server takes them."""
    answered: dict[str, float] = {}

    async def make(name: str) -> None:
        answered[name] = await create(name)

    await concurrently(names, make)
    return answered


async def gently(names: Sequence[str], create: Create, *, per_second: float = 5.0) -> Mapping[str, float]:
    """At an even rate, whether those before are done or not."""
    tasks: dict[str, asyncio.Task[float]] = {}
    async with task_group() as group:
        for name in names:
            tasks[name] = group.create_task(_task(create, name))
            await asyncio.sleep(1 / per_second)
    return {name: task.result() for name, task in tasks.items()}


async def concurrently(items: Iterable[Item], do: Callable[[Item], Awaitable[object]]) -> None:
    """`do` for every item, CONCURRENCY of them at once."""
    remaining = iter(items)

    async def work() -> None:
        for item in remaining:
            await do(item)

    async with task_group() as group:
        for _ in range(CONCURRENCY):
            group.create_task(work())


async def in_pairs_a_second(names: Sequence[str], create: Create) -> Mapping[str, float]:
    """Two a second."""
    return await gently(names, create, per_second=2.0)


async def _task(create: Create, name: str) -> float:
    return await create(name)
