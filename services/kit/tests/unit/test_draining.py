"""SIGTERM: answers go on for a moment and end their connections, then the server has its turn."""

import asyncio
import signal
from collections.abc import Iterator

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from fleetkit.draining import Draining
from fleetkit.health import health_router
from fleetkit.metrics import RequestMetrics, new_registry
from fleetkit.middleware import RequestContextMiddleware
from fleetkit.testing import eventually, running_app

LONG = 3600.0


@pytest.fixture
def ends() -> Iterator[list[int]]:
    """What the server's own handler was called with."""
    calls: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda signum, _: calls.append(signum))
    yield calls
    signal.signal(signal.SIGTERM, before)


async def test_after_the_signal_requests_are_answered_and_end_their_connections(ends: list[int], app: FastAPI) -> None:
    async with running_app(app) as client:
        before = await client.get("/health/ready")
        signal.raise_signal(signal.SIGTERM)
        answers = [await client.get(path) for path in ("/health/live", "/things", "/nowhere", "/broken")]
    assert "connection" not in before.headers
    assert [answer.headers["connection"] for answer in answers] == ["close"] * 4


async def test_after_the_signal_the_process_is_not_ready(ends: list[int], client: httpx2.AsyncClient) -> None:
    signal.raise_signal(signal.SIGTERM)
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["parts"]) == (503, {"part": "ok", "process": "ends"})


async def test_kept_connection_has_its_next_answer_from_a_server_that_is_to_end(ends: list[int]) -> None:
    draining = Draining(LONG)
    app = FastAPI(lifespan=lambda _: draining.before_the_server_ends())
    app.include_router(health_router({}, draining))
    app.add_middleware(RequestContextMiddleware, metrics=RequestMetrics(new_registry()), draining=draining)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: _is(server.started, True))
    host, port = server.servers[0].sockets[0].getsockname()
    async with httpx2.AsyncClient(base_url=f"http://{host}:{port}") as client:
        kept = await client.get("/health/live")
        signal.raise_signal(signal.SIGTERM)
        last = await client.get("/health/live")
        signal.raise_signal(signal.SIGTERM)
        await serving
    assert kept.extensions["network_stream"] is last.extensions["network_stream"]
    assert ("connection" in kept.headers, last.headers["connection"]) == (False, "close")
    assert ends == [signal.SIGTERM], "uvicorn hands the signal on when it has ended"


async def test_server_has_its_turn_when_the_time_is_over(ends: list[int]) -> None:
    async with Draining(seconds=0.01).before_the_server_ends():
        signal.raise_signal(signal.SIGTERM)
        assert ends == []
        await eventually(lambda: _is(ends, [signal.SIGTERM]))


async def test_second_signal_does_not_wait(ends: list[int]) -> None:
    draining = Draining(LONG)
    async with draining.before_the_server_ends():
        signal.raise_signal(signal.SIGTERM)
        assert (draining.has_begun, ends) == (True, [])
        signal.raise_signal(signal.SIGTERM)
        assert ends == [signal.SIGTERM]


async def test_handler_of_the_server_is_put_back(ends: list[int]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with Draining(LONG).before_the_server_ends():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


async def test_process_without_a_handler_ends_as_it_would() -> None:
    async with Draining(LONG).before_the_server_ends():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


async def test_server_in_another_thread_keeps_its_signals(ends: list[int]) -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def serve() -> bool:
        async with Draining(LONG).before_the_server_ends():
            return signal.getsignal(signal.SIGTERM) is before

    assert await asyncio.to_thread(lambda: asyncio.run(serve()))


async def _is(value: object, wanted: object) -> bool:
    return value == wanted
