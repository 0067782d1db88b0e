"""The operator under measurement, wherever it runs."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from operator_bench.api_server import MeasurementError
from operator_bench.metrics import Metrics

SETTLE_SECONDS = 300.0
SETTLE_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Usage:
    """CPU used since the start and memory in use. `at`: seconds on some clock, for differences."""

    at: float
    cpu_seconds: float
    working_set_bytes: float
    rss_bytes: float


class Operator(Protocol):
    """Every call raises MeasurementError when the operator does not do as asked in time."""

    async def start(self) -> float:
        """Start it and wait until its cache is filled. Returns the Unix time at which that was seen."""
        ...

    async def stop(self) -> None:
        """Stop it and wait until it has ended."""
        ...

    async def metrics(self) -> Metrics: ...

    async def usage(self) -> Usage: ...


async def settle(operator: Operator, quiet_seconds: float) -> Metrics:
    """Wait until the operator has made no pass and no request for `quiet_seconds`. Returns its metrics then."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLE_SECONDS
    last, since = await operator.metrics(), loop.time()
    while loop.time() - since < quiet_seconds or last.queue_depth:
        if loop.time() > deadline:
            raise MeasurementError(f"the operator found no rest within {SETTLE_SECONDS:.0f} s")
        await asyncio.sleep(SETTLE_POLL_SECONDS)
        now = await operator.metrics()
        if (now.passes, now.write_count) != (last.passes, last.write_count):
            since = loop.time()
        last = now
    return last
