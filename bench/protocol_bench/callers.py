"""Orders' own clients of users, one for each protocol, under the load of the measurement."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol
from uuid import UUID

from fleetkit.metrics import new_registry
from fleetkit.upstream.calls import CallPolicy, Upstream
from fleetkit.upstream.metrics import UpstreamMetrics
from service_bench.database import ROOT

PATIENT = CallPolicy(deadline=10.0)


class Caller(Protocol):
    """What the clients of both protocols do."""

    async def get_user(self, user_id: UUID) -> object: ...

    async def get_users(self, user_ids: Collection[UUID]) -> Mapping[UUID, object]: ...


class _OneToken:
    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        return self._token

    def discard(self, token: str) -> None:
        raise AssertionError(token)


@dataclass(frozen=True)
class Round:
    """Calls one after the other by each of some callers. `cpu_seconds`: of this process; `seconds`: of each call."""

    calls: int
    elapsed: float
    cpu_seconds: float
    seconds: Sequence[float]

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.elapsed


@asynccontextmanager
async def callers(http_port: int, grpc_port: int, token: str) -> AsyncIterator[Mapping[str, Caller]]:
    """Yields a client of each protocol, as orders makes them."""
    sys.path.insert(0, str(ROOT / "services/orders"))
    over_http: Any = import_module("app.clients.users_http")
    over_grpc: Any = import_module("app.clients.users_grpc")
    metrics, tokens = UpstreamMetrics.of(new_registry()), _OneToken(token)
    async with AsyncExitStack() as stack:
        yield {
            "http": await stack.enter_async_context(
                over_http.HttpUserClient(
                    f"http://127.0.0.1:{http_port}", Upstream("http", metrics, policy=PATIENT), credentials=tokens
                )
            ),
            "grpc": await stack.enter_async_context(
                over_grpc.GrpcUserClient(
                    f"127.0.0.1:{grpc_port}", Upstream("grpc", metrics, policy=PATIENT), credentials=tokens
                )
            ),
        }


async def call_for_users(caller: Caller, user_ids: Sequence[UUID], *, calls: int, at_once: int, batch: int) -> Round:
    """Makes so many calls; each asks for the next `batch` users, for a single one by the call for one."""
    seconds: list[float] = []
    numbers = iter(range(calls))

    async def work() -> None:
        for number in numbers:
            first = number * batch % len(user_ids)
            asked = user_ids[first : first + batch]
            began = time.perf_counter()
            if batch == 1:
                found = await caller.get_user(asked[0]) is not None
            else:
                found = len(await caller.get_users(asked)) == batch
            if not found:
                raise AssertionError(asked)
            seconds.append(time.perf_counter() - began)

    began, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    return Round(calls, time.perf_counter() - began, time.process_time() - cpu, seconds)
