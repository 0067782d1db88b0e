"""A real PostgreSQL server, and databases of it that a test asks for."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fastapi_fleet.backends.postgres import DatabaseRequest, PostgresBackend, PostgresServer
from support.databases import connect, drop, make_request, real_server

if TYPE_CHECKING:
    from support.databases import Connection


@pytest.fixture
def server() -> PostgresServer:
    return real_server()


@pytest.fixture
def postgres() -> PostgresBackend:
    return PostgresBackend()


@pytest.fixture
async def admin(server: PostgresServer) -> AsyncIterator["Connection"]:
    connection = await connect(server, server.user, server.password, "postgres")
    yield connection
    await connection.close()


@pytest.fixture
async def wanted(admin: "Connection") -> AsyncIterator[DatabaseRequest]:
    request = make_request("plain")
    yield request
    await drop(admin, request)


@pytest.fixture
def migrated(wanted: DatabaseRequest) -> DatabaseRequest:
    return replace(wanted, migrator_password=secrets.token_urlsafe(24))
