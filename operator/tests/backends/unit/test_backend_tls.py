"""Servers that speak TLS: their certificate is checked with the authority that the administrator's Secret gives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Literal

import pytest
from fastapi_fleet.backends.postgres import PostgresBackend, PostgresServer
from fastapi_fleet.backends.rabbitmq import BrokerServer, RabbitmqBackend
from fastapi_fleet.errors import BackendRefusedError
from support.certificates import Certified, certified

WRONG_PASSWORD = b"SFATAL\0C28P01\0Mno\0\0"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve, context: SSLContext | None = None) -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            return  # the client did not like the certificate
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def postgres_of(known: Certified) -> AsyncIterator[int]:
    """A server that takes up TLS and then refuses whatever password."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"S")
        await writer.start_tls(known.context)
        await reader.readexactly(4)
        writer.write(b"E" + (len(WRONG_PASSWORD) + 4).to_bytes(4, "big") + WRONG_PASSWORD)
        await writer.drain()

    async with listening(serve) as port:
        yield port


@asynccontextmanager
async def broker_of(known: Certified) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"name":"admin","tags":["administrator"]}'
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()

    async with listening(serve, known.context) as port:
        yield port


async def reason_of_postgres(port: int, mode: Literal["verify-ca", "verify-full"], authority: str) -> str:
    server = PostgresServer("127.0.0.1", port, "admin", "s3cret", ssl_mode=mode, certificate_authority=authority)
    with pytest.raises(BackendRefusedError) as refused:
        await PostgresBackend(connect_timeout=5).check_administrator(server)
    return refused.value.reason


async def test_postgres_with_a_trusted_certificate_is_told_the_login() -> None:
    known = certified()
    async with postgres_of(known) as port:
        assert await reason_of_postgres(port, "verify-full", known.certificate) == "LoginRefused"


async def test_postgres_of_another_authority_is_not_trusted() -> None:
    async with postgres_of(certified()) as port:
        assert await reason_of_postgres(port, "verify-ca", certified().certificate) == "TlsFailed"


async def test_postgres_with_the_certificate_of_another_host_passes_where_hosts_are_not_checked() -> None:
    known = certified("127.0.0.2")
    async with postgres_of(known) as port:
        assert await reason_of_postgres(port, "verify-full", known.certificate) == "TlsFailed"
        assert await reason_of_postgres(port, "verify-ca", known.certificate) == "LoginRefused"


async def test_broker_with_a_trusted_certificate_is_asked() -> None:
    known = certified()
    backend = RabbitmqBackend()
    async with broker_of(known) as port:
        server = BrokerServer("127.0.0.1", port, "admin", "x", tls=True, certificate_authority=known.certificate)
        await backend.check_administrator(server)
    await backend.aclose()


@pytest.mark.parametrize("authority", [None, certified().certificate], ids=["the system's", "another"])
async def test_broker_that_no_authority_vouches_for_is_not_trusted(authority: str | None) -> None:
    backend = RabbitmqBackend()
    async with broker_of(certified()) as port:
        server = BrokerServer("127.0.0.1", port, "admin", "x", tls=True, certificate_authority=authority)
        with pytest.raises(BackendRefusedError) as refused:
            await backend.check_administrator(server)
    assert refused.value.reason == "TlsFailed"
    await backend.aclose()
