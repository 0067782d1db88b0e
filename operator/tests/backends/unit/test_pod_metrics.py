"""Metrics of pods: a pod that is silent, says too much or sends elsewhere is no answer."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from fastapi_fleet.backends import pod_metrics
from fastapi_fleet.backends.pod_metrics import PodMetrics
from fastapi_fleet.errors import BackendUnavailableError


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async def redirect(_: web.Request) -> web.Response:
        raise web.HTTPFound("/metrics")

    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    async def large(_: web.Request) -> web.Response:
        return web.Response(body=b"a" * 1001)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="up 1\n")

    application = web.Application()
    for path, handler in {"/metrics": answer, "/redirect": redirect, "/hang": hang, "/large": large}.items():
        application.router.add_get(path, handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.fixture
async def reader(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PodMetrics]:
    monkeypatch.setattr(pod_metrics, "DEADLINE_SECONDS", 1.0)
    monkeypatch.setattr(pod_metrics, "SIZE_LIMIT", 1000)
    reader = PodMetrics()
    yield reader
    await reader.aclose()


async def test_answer_is_read(reader: PodMetrics, port: int) -> None:
    assert await reader.read("127.0.0.1", port, "/metrics") == "up 1\n"


@pytest.mark.parametrize(
    ("path", "why"),
    [("/redirect", "answered 302"), ("/nowhere", "answered 404"), ("/hang", "Timeout"), ("/large", "longer than")],
)
async def test_what_is_no_answer_is_refused(reader: PodMetrics, port: int, path: str, why: str) -> None:
    with pytest.raises(BackendUnavailableError, match=why):
        await reader.read("127.0.0.1", port, path)


async def test_pod_that_is_gone_is_told_as_such(reader: PodMetrics, unused_tcp_port: int) -> None:
    with pytest.raises(BackendUnavailableError, match="ConnectError"):
        await reader.read("127.0.0.1", unused_tcp_port, "/metrics")
