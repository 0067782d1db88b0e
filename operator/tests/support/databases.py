"""A real PostgreSQL server, its administrator, and databases as a test asks for them."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urlsplit

import asyncpg
import pytest
from fastapi_fleet.backends.postgres import DatabaseRequest, DatabaseRoles, PostgresServer

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]


def real_server() -> PostgresServer:
    variable = "USERS_TEST_DATABASE_URL"
    if variable not in os.environ:
        pytest.fail(f'{variable} is not set: eval "$(hack/start-test-backends.sh)" starts what these tests need')
    url = urlsplit(os.environ[variable])
    return PostgresServer(
        host=url.hostname or "", port=url.port or 5432, user=url.username or "", password=unquote(url.password or "")
    )


def make_request(name: str) -> DatabaseRequest:
    """A database that the service migrates itself."""
    unique = f"{name} {secrets.token_hex(4)}"
    return DatabaseRequest(
        database=f"d {unique}",
        roles=DatabaseRoles(owner=f"o {unique}", runtime=f"r {unique}", second=f"s {unique}", migrator=f"m {unique}"),
        password=secrets.token_urlsafe(24),
        owner=f"test/{unique}",
    )


async def connect(server: PostgresServer, user: str, password: str, database: str) -> "Connection":
    return await asyncpg.connect(host=server.host, port=server.port, user=user, password=password, database=database)


async def log_in(server: PostgresServer, request: DatabaseRequest) -> "Connection":
    """As the service."""
    return await connect(server, request.login, request.password, request.database)


@asynccontextmanager
async def migrating(server: PostgresServer, request: DatabaseRequest) -> AsyncIterator["Connection"]:
    """As the service's migrations."""
    assert request.migrator_password is not None
    connection = await connect(server, request.roles.migrator, request.migrator_password, request.database)
    yield connection
    await connection.close()


async def run(connection: "Connection", template: str, *arguments: str) -> None:
    await connection.execute(await connection.fetchval("SELECT format($1, VARIADIC $2::text[])", template, arguments))


async def drop(admin: "Connection", request: DatabaseRequest) -> None:
    await run(admin, "DROP DATABASE IF EXISTS %I WITH (FORCE)", request.database)
    for role in request.roles.all:
        await run(admin, "DROP ROLE IF EXISTS %I", role)


async def assert_serves(server: PostgresServer, request: DatabaseRequest) -> None:
    """The service logs in and may make what its migrations need."""
    connection = await log_in(server, request)
    await connection.execute("CREATE TABLE probe (id int); DROP TABLE probe; CREATE SCHEMA probe; DROP SCHEMA probe")
    await connection.close()
