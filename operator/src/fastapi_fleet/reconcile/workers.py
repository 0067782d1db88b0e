"""Workers: take a key, make its pass, do with the outcome what it says."""

import asyncio
import time
from collections.abc import Mapping
from typing import Protocol

import structlog
from prometheus_client import Counter, Histogram

from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.kube.kinds import ObjectKey
from fastapi_fleet.reconcile.outcome import Outcome, outcome_of
from fastapi_fleet.reconcile.queue import WorkQueue

PASSES = Counter("fastapi_fleet_reconcile_total", "Passes, by kind and result.", ["kind", "result"])
SECONDS = Histogram("fastapi_fleet_reconcile_seconds", "Seconds that a pass took.", ["kind"])

log = structlog.get_logger(__name__)


class Pass(Protocol):
    async def reconcile(self, key: ObjectKey) -> Outcome: ...


class Workers:
    """`passes`: by kind."""

    def __init__(self, queue: WorkQueue, passes: Mapping[str, Pass]) -> None:
        self._queue = queue
        self._passes = passes

    async def run(self, count: int) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self._queue.get()
            try:
                await self.work_on(key)
            finally:
                self._queue.done(key)

    async def work_on(self, key: ObjectKey) -> None:
        """One pass and its consequences for the queue. A pass that breaks does not end the worker."""
        started = time.perf_counter()
        try:
            outcome = await self._passes[key.kind].reconcile(key)
        except ReconcileError as error:
            log.warning("Pass failed", key=str(key), reason=error.reason, error=error.message)
            outcome = outcome_of(error)
        except Exception:
            log.exception("Pass broke", key=str(key))
            outcome = Outcome("error", retry=True)
        SECONDS.labels(key.kind).observe(time.perf_counter() - started)
        PASSES.labels(key.kind, outcome.result).inc()
        self._follow_up(key, outcome)

    def _follow_up(self, key: ObjectKey, outcome: Outcome) -> None:
        if outcome.retry:
            self._queue.retry(key, at_least=outcome.again_after or 0.0)
            return
        self._queue.succeeded(key)
        if outcome.again_after is not None:
            self._queue.add_after(key, outcome.again_after)
