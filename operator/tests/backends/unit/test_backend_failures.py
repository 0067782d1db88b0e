"""Servers that answer wrongly or not at all: every failure is a retry, and no text tells a secret."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from traceback import format_exception

import pytest
from fastapi_fleet.backends.postgres import DatabaseRequest, DatabaseRoles, PostgresBackend, PostgresServer
from fastapi_fleet.backends.rabbitmq import BrokerRequest, BrokerServer, RabbitmqBackend
from fastapi_fleet.errors import BackendUnavailableError

ADMIN_PASSWORD = "admin-s3cret"
USER_PASSWORD = "user-s3cret"
HASH_IN_ANSWER = "aGFzaC1pbi1hbnN3ZXI="

ROLES = DatabaseRoles(owner="orders.owner", runtime="orders", second="orders.b", migrator="orders.migrator")
DATABASE = DatabaseRequest(database="orders", roles=ROLES, password=USER_PASSWORD, owner="shop/orders")
USER = BrokerRequest(
    vhost="shop",
    user="orders",
    password=USER_PASSWORD,
    service="orders",
    publishes=(),
    consumes=(),
    owner="shop/orders",
)

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Take everything and answer nothing until the other side leaves."""
    while await reader.read(1024):
        pass


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()


def http_answer(status: str, body: str = "{}") -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        writer.write(f"{head}connection: close\r\n\r\n{body}".encode())
        await writer.drain()

    return answer


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def ensure_database(port: int) -> BackendUnavailableError:
    backend = PostgresBackend(connect_timeout=0.3, command_timeout=0.3)
    server = PostgresServer(host="127.0.0.1", port=port, user="admin", password=ADMIN_PASSWORD)
    with pytest.raises(BackendUnavailableError) as failure:
        await backend.ensure_database(server, DATABASE)
    assert ADMIN_PASSWORD not in repr(server)
    return failure.value


async def ensure_user(port: int) -> BackendUnavailableError:
    backend = RabbitmqBackend(timeout=0.3)
    server = BrokerServer(host="127.0.0.1", port=port, user="admin", password=ADMIN_PASSWORD)
    with pytest.raises(BackendUnavailableError) as failure:
        await backend.ensure_user(server, USER)
    await backend.aclose()
    assert ADMIN_PASSWORD not in repr(server)
    return failure.value


def assert_tells_no_secret(error: BackendUnavailableError) -> None:
    told = "".join((str(error), repr(error), *format_exception(error)))
    for secret in (ADMIN_PASSWORD, USER_PASSWORD, HASH_IN_ANSWER):
        assert secret not in told


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (hang, "no answer in time"),
        (hang_up, "not reachable"),
        (speak_http, "not reachable"),
    ],
)
async def test_postgres_that_does_not_speak_is_unavailable(answer: Answer, message: str) -> None:
    async with serving(answer) as port:
        error = await ensure_database(port)
    assert f"PostgreSQL at 127.0.0.1:{port}: {message}" in str(error)
    assert_tells_no_secret(error)


async def test_postgres_on_a_closed_port_is_unavailable() -> None:
    error = await ensure_database(closed_port())
    assert "ConnectionRefusedError" in str(error)
    assert_tells_no_secret(error)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (hang, "no answer in time"),
        (hang_up, "not reachable"),
        (http_answer("401 Unauthorized"), "answered 401"),
        (http_answer("302 Found"), "answered 302"),
        (http_answer("500 Internal Server Error"), "answered 500"),
        (http_answer("503 Service Unavailable"), "answered 503"),
        (http_answer("200 OK", "<html>"), "unexpected answer"),
        (http_answer("200 OK", f'{{"password_hash": "{HASH_IN_ANSWER}"}}'), "unexpected answer"),
    ],
)
async def test_broker_that_does_not_answer_well_is_unavailable(answer: Answer, message: str) -> None:
    async with serving(answer) as port:
        error = await ensure_user(port)
    assert f"RabbitMQ management at 127.0.0.1:{port}" in str(error)
    assert message in str(error)
    assert_tells_no_secret(error)


async def test_broker_on_a_closed_port_is_unavailable() -> None:
    error = await ensure_user(closed_port())
    assert "ConnectError" in str(error)
    assert_tells_no_secret(error)
