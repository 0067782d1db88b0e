"""/livez, /readyz and /metrics, over a real port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx2
from fastapi_fleet.handlers.endpoints import STUCK_SECONDS, serve_endpoints
from fastapi_fleet.kube.heartbeat import DEAF_SECONDS, Heartbeat
from fastapi_fleet.kube.kinds import ObjectKey
from fastapi_fleet.reconcile.queue import WorkQueue
from support.api_server import free_port
from support.kubernetes import FakeKube
from support.time import ManualTime

KEY = ObjectKey("FastAPIService", "team", "shop")
OTHER = ObjectKey("FastAPIService", "team", "till")


class Endpoints:
    def __init__(self) -> None:
        self.time = ManualTime()
        self.queue = WorkQueue(call_later=self.time.call_later, random=lambda: 0.0, clock=self.time.clock)
        self.heartbeat = Heartbeat(
            FakeKube(),
            namespace="system",
            name="operator-heartbeat",
            leads=lambda: True,
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            clock=self.time.clock,
        )
        self.synced = True
        self.port = free_port()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[httpx2.AsyncClient]:
        async with (
            serve_endpoints(self.port, self.queue, self.heartbeat, lambda: self.synced),
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False) as client,
        ):
            yield client


async def test_alive_while_nothing_waits_and_while_passes_begin_and_end() -> None:
    endpoints = Endpoints()
    async with endpoints.serving() as client:
        endpoints.time.advance(10 * STUCK_SECONDS)
        assert (await client.get("/livez")).status_code == 200
        endpoints.queue.add(KEY)
        endpoints.time.advance(STUCK_SECONDS)
        assert (await client.get("/livez")).status_code == 200


async def test_dead_once_keys_wait_and_no_pass_begins_or_ends() -> None:
    endpoints = Endpoints()
    async with endpoints.serving() as client:
        endpoints.queue.add(OTHER)
        endpoints.queue.done(await endpoints.queue.get())
        endpoints.queue.add(KEY)
        endpoints.time.advance(STUCK_SECONDS + 1)
        answer = await client.get("/livez")
        assert (answer.status_code, answer.text) == (503, "no pass has begun or ended for 121 s")
        await endpoints.queue.get()
        assert (await client.get("/livez")).status_code == 200


async def test_dead_once_the_watch_does_not_show_what_was_written() -> None:
    endpoints = Endpoints()
    async with endpoints.serving() as client:
        await endpoints.heartbeat.beat()
        endpoints.time.advance(DEAF_SECONDS)
        assert (await client.get("/livez")).status_code == 200
        endpoints.time.advance(1)
        answer = await client.get("/livez")
        assert (answer.status_code, answer.text) == (503, "the watch has not shown a heartbeat for 46 s")


async def test_ready_only_once_the_cache_is_filled() -> None:
    endpoints = Endpoints()
    endpoints.synced = False
    async with endpoints.serving() as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "the cache is being filled")
        endpoints.synced = True
        assert (await client.get("/readyz")).status_code == 200


async def test_metrics_are_in_the_format_of_prometheus() -> None:
    async with Endpoints().serving() as client:
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert "fastapi_fleet_reconcile_total" in answer.text
        assert "fastapi_fleet_watch_events_total" in answer.text


async def test_port_is_free_again_afterwards() -> None:
    endpoints = Endpoints()
    for _ in range(2):
        async with endpoints.serving() as client:
            assert (await client.get("/livez")).status_code == 200
