"""Connections to one PostgreSQL server for as long as one call takes, and statements that the server quotes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

import asyncpg

from fastapi_fleet.backends.postgres_server import PostgresServer, failure_of, tls_of
from fastapi_fleet.backends.statements import Repair, Statement

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_LOCK_MILLISECONDS: Final = 2_000
"""How long a statement waits for a table that is in use: whoever uses the table next waits behind it."""

# An administrator without SUPERUSER is to have the rights of the roles that it makes (PostgreSQL 16 and later).
_GRANT_ITSELF: Final = (
    "SELECT set_config(name, 'set, inherit', false) FROM pg_settings WHERE name = 'createrole_self_grant'"
)

_FAILURES: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class PostgresSession:
    """One call's connections: to the database for maintenance, and to others where they are asked for."""

    def __init__(self, server: PostgresServer, connect_timeout: float, command_timeout: float) -> None:
        self._server = server
        self._connect_timeout = connect_timeout
        self._command_timeout = command_timeout
        self._stack = AsyncExitStack()
        self._connections: dict[str, Connection[Record]] = {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Connection[Record]"]:
        """The connection for maintenance. Whatever fails meanwhile becomes a BackendUnavailableError."""
        try:
            async with self._stack:
                connection = await self.maintenance()
                await connection.execute(_GRANT_ITSELF)
                yield connection
        except _FAILURES as error:
            raise failure_of(self._server, error) from error

    async def maintenance(self) -> "Connection[Record]":
        """The administrator's connection to the database that holds nothing of services, opened once."""
        return await self.to(self._server.database)

    async def to(self, database: str) -> "Connection[Record]":
        """The administrator's connection to this database, opened once."""
        if database not in self._connections:
            self._connections[database] = await self._connect(self._server.user, self._server.password, database)
        return self._connections[database]

    async def logs_in(self, role: str, password: str, database: str) -> bool:
        """Whether the server takes this password: how one who may not read verifiers compares them."""
        try:
            connection = await self._connect(role, password, database)
        except asyncpg.InvalidAuthorizationSpecificationError:
            return False
        except asyncpg.PostgresError:
            return True  # refused for another reason, which the server looks at after the password
        await connection.close(timeout=self._connect_timeout)
        return True

    async def _connect(self, user: str, password: str, database: str) -> "Connection[Record]":
        connection = await asyncpg.connect(
            host=self._server.host,
            port=self._server.port,
            user=user,
            password=password,
            database=database,
            ssl=tls_of(self._server),
            timeout=self._connect_timeout,
            command_timeout=self._command_timeout,
            statement_cache_size=0,
            server_settings={"application_name": "fastapi-fleet", "lock_timeout": str(_LOCK_MILLISECONDS)},
        )
        self._stack.push_async_callback(connection.close, timeout=self._connect_timeout)
        return connection


async def wait_for_turn(connection: "Connection[Record]", subject: str) -> None:
    """Wait until no other operator works on this. The end of the connection gives the lock back."""
    await connection.execute("SET lock_timeout = 0")
    await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", f"fastapi-fleet: {subject}")
    await connection.execute(f"SET lock_timeout = {_LOCK_MILLISECONDS}")


async def apply(connection: "Connection[Record]", repair: Repair) -> None:
    if len(repair.statements) == 1:  # CREATE DATABASE refuses to run inside a transaction
        await execute(connection, repair.statements[0])
        return
    async with connection.transaction():
        for statement in repair.statements:
            await execute(connection, statement)


async def execute(connection: "Connection[Record]", statement: Statement) -> None:
    """Run a statement that the server itself has quoted: DDL takes no parameters, and asyncpg quotes no identifiers."""
    text = await connection.fetchval("SELECT format($1, VARIADIC $2::text[])", statement.template, statement.arguments)
    await connection.execute(text)
