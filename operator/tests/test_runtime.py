"""R3, R4, R6: the whole operator, with real client and watches, on an API server that does not always do its part."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import kopf
import pytest
from fastapi_fleet.config import OperatorSettings
from fastapi_fleet.handlers import endpoints, watches
from fastapi_fleet.handlers.login import log_in
from fastapi_fleet.handlers.watches import watch_settings
from fastapi_fleet.kube import heartbeat
from fastapi_fleet.kube.connection import Connection
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.kube.kinds import DEPLOYMENT, FASTAPI_SERVICE, LEASE, WATCHED, Object, ObjectKey, key_of
from fastapi_fleet.reconcile import events, relists, resync
from fastapi_fleet.runtime import Runtime
from support.api_server import free_port, write_kubeconfig
from support.cluster_server import ClusterServer
from support.fleet import Fleet, child, come_up
from support.resources import fastapi_service
from support.waiting import DEADLINE_SECONDS, until

SHOP = fastapi_service(config={"LEVEL": "info"})
OTHER = fastapi_service("other")
NEWER = fastapi_service(config={"LEVEL": "debug"})
NEVER = 3600.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resync, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(relists, "QUIET_SECONDS", 0.1)
    monkeypatch.setattr(events, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.2)
    monkeypatch.setattr(endpoints, "DEAF_SECONDS", 1.0)
    monkeypatch.setattr(watches, "watch_settings", quick_settings)


def quick_settings() -> kopf.OperatorSettings:
    settings = watch_settings()
    settings.networking.error_backoffs = (0.1, 0.1)
    return settings


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ClusterServer]:
    async with ClusterServer().serving() as serving:
        kubeconfig = tmp_path / "kubeconfig"
        write_kubeconfig(kubeconfig, serving.url)
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        yield serving


@dataclass(frozen=True)
class Operator:
    url: str
    running: asyncio.Task[None]

    async def is_alive(self) -> bool:
        """What the kubelet asks."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/livez") as answer:
            return answer.ok


@asynccontextmanager
async def process(server: ClusterServer, *, resync_seconds: float = NEVER) -> AsyncIterator[Operator]:
    """An operator that watches everything already, and may end before it is told to."""
    settings = OperatorSettings(port=free_port()).model_copy(update={"resync_seconds": resync_seconds})
    stop, opened = asyncio.Event(), len(server.watched)
    running = asyncio.create_task(Runtime(settings, HttpKubeClient(Connection(log_in))).run(stop))
    try:
        await until(lambda: running.done() or len(server.watched) - opened >= len(WATCHED))
        yield Operator(f"http://127.0.0.1:{settings.port}", running)
    finally:
        stop.set()
        await asyncio.wait([running])


@asynccontextmanager
async def operator(server: ClusterServer, *, resync_seconds: float = NEVER) -> AsyncIterator[Operator]:
    """One that ends in peace."""
    async with process(server, resync_seconds=resync_seconds) as started:
        yield started
        assert not started.running.done()
    await started.running


def is_ready(server: ClusterServer, resource: Object) -> bool:
    """Let the controllers of the cluster do their part, and look."""
    server.kube.collect_garbage()
    for key in server.kube.keys(DEPLOYMENT.name):
        server.kube.edit(key, come_up)
    return server.kube.has(key_of(resource)) and condition(server, resource, "Ready") == ("True", "Available")


def condition(server: ClusterServer, resource: Object, kind: str) -> tuple[str, str] | None:
    status = server.kube.object(key_of(resource)).get("status") or {}
    found = [item for item in status.get("conditions") or () if item["type"] == kind]
    return (found[0]["status"], found[0]["reason"]) if found else None


def level(server: ClusterServer) -> str:
    text: str = server.kube.object(child("ConfigMap", "shop-config"))["data"]["LEVEL"]
    return text


async def test_service_gets_what_it_gets_in_memory(server: ClusterServer) -> None:
    fleet = Fleet()
    await fleet.submit(SHOP)
    async with operator(server):
        server.kube.create(SHOP)
        await until(lambda: is_ready(server, SHOP))
    made = set(server.kube.keys()) - set(server.kube.keys("Event"))
    assert {key for key in made if key.namespace == "team"} == set(fleet.kube.keys())


async def test_events_that_never_came_are_made_up_for_by_the_next_look_at_everything(server: ClusterServer) -> None:
    async with operator(server, resync_seconds=0.5):
        server.kube.create(SHOP)
        await until(lambda: is_ready(server, SHOP))
        server.lose_events_of("FastAPIService", "Service")
        server.kube.create(NEWER)
        server.kube.remove(child("Service", "shop"))
        await until(lambda: level(server) == "debug" and server.kube.has(child("Service", "shop")))


async def test_deletions_in_a_gap_that_the_server_forgot_are_found(server: ClusterServer) -> None:
    async with operator(server):
        server.kube.create(SHOP)
        server.kube.create(OTHER)
        await until(lambda: is_ready(server, SHOP) and is_ready(server, OTHER))
        server.stall()
        server.kube.remove(child("Service", "shop"))
        server.kube.remove(key_of(OTHER))
        server.expire()
        await until(lambda: server.kube.has(child("Service", "shop")))
        server.kube.create(OTHER)
        await until(lambda: is_ready(server, OTHER))


async def test_watch_whose_connection_breaks_goes_on_where_it_was(server: ClusterServer) -> None:
    async with operator(server):
        server.kube.create(SHOP)
        await until(lambda: is_ready(server, SHOP))
        listed = len(server.answers("GET", FASTAPI_SERVICE.name))
        server.stall()
        server.kube.create(NEWER)
        server.cut()
        await until(lambda: level(server) == "debug")
    assert len(server.answers("GET", FASTAPI_SERVICE.name)) == listed


async def test_single_watch_that_falls_silent_is_opened_anew(
    server: ClusterServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "watch_settings", impatient)
    async with operator(server):
        server.kube.create(SHOP)
        await until(lambda: is_ready(server, SHOP))
        server.stall(FASTAPI_SERVICE.name)
        server.kube.create(NEWER)
        await until(lambda: level(server) == "debug")


def impatient() -> kopf.OperatorSettings:
    settings = quick_settings()
    settings.watching.inactivity_timeout = 1.0
    return settings


async def test_operator_that_hears_nothing_is_not_alive_and_the_next_one_catches_up(server: ClusterServer) -> None:
    async with operator(server) as deaf:
        server.kube.create(SHOP)
        await until(lambda: is_ready(server, SHOP))
        assert await deaf.is_alive()
        server.stall()
        server.kube.create(NEWER)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while await deaf.is_alive():
                pass
        assert level(server) == "info"
    async with operator(server):
        await until(lambda: level(server) == "debug")


async def test_server_that_asks_to_be_left_alone_is(server: ClusterServer) -> None:
    server.refuse("PATCH", "Deployment", 429, Retry_After="2")
    async with operator(server):
        server.kube.create(SHOP)
        await until(lambda: len(server.answers("PATCH", "Deployment")) == 2)
        server.allow("PATCH", "Deployment")
        await until(lambda: is_ready(server, SHOP))
    first, second, *_ = server.answers("PATCH", "Deployment")
    assert second.at - first.at >= 2


async def test_write_that_is_forbidden_is_told_and_made_once_it_is_allowed(server: ClusterServer) -> None:
    server.refuse("PATCH", "NetworkPolicy", 403)
    async with operator(server):
        server.kube.create(SHOP)
        await until(lambda: condition(server, SHOP, "Ready") == ("False", "ApiRefused"))
        server.allow("PATCH", "NetworkPolicy")
        await until(lambda: is_ready(server, SHOP))


async def test_watch_that_meets_a_busy_server_is_opened_later_and_shows_what_it_missed(server: ClusterServer) -> None:
    async with operator(server):
        server.kube.create(SHOP)
        await until(lambda: is_ready(server, SHOP))
        server.refuse("WATCH", FASTAPI_SERVICE.name, 429)
        server.cut()
        server.kube.create(NEWER)
        await until(lambda: server.answers("WATCH", FASTAPI_SERVICE.name) != [])
        server.allow("WATCH", FASTAPI_SERVICE.name)
        await until(lambda: level(server) == "debug")


async def test_watch_that_is_forbidden_ends_the_operator_and_the_next_one_catches_up(server: ClusterServer) -> None:
    async with process(server) as forbidden:
        server.kube.create(SHOP)
        await until(lambda: is_ready(server, SHOP))
        server.refuse("WATCH", FASTAPI_SERVICE.name, 403)
        server.cut()
        server.kube.create(NEWER)
        with pytest.raises(Exception, match="refused by the test"):
            await forbidden.running
    server.allow("WATCH", FASTAPI_SERVICE.name)
    async with operator(server):
        await until(lambda: level(server) == "debug")


async def test_watch_that_ends_within_a_line_ends_the_operator_and_the_next_one_only_catches_up(
    server: ClusterServer,
) -> None:
    async with process(server) as torn:
        server.kube.create(SHOP)
        await until(lambda: is_ready(server, SHOP))
        server.stall()
        server.kube.create(NEWER)
        server.tear(FASTAPI_SERVICE.name)
        with pytest.raises(ValueError, match="Unterminated string"):
            await torn.running
    lease = server.kube.object(ObjectKey(LEASE.name, "fastapi-fleet-system", "fastapi-fleet-operator"))
    assert lease["spec"]["holderIdentity"] == "", "another replica need not wait"
    async with operator(server):
        await until(lambda: level(server) == "debug")
