"""Databases of services on a PostgreSQL server: made, kept as wanted, and locked when their service is gone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import asyncpg

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.backends.postgres_repairs import (
    DatabaseRequest,
    DatabaseState,
    Repair,
    RoleState,
    Statement,
    ownership_mark,
    plan_repairs,
    require_identifier,
)
from fastapi_fleet.backends.postgres_server import PostgresServer, failure_of, tls_of
from fastapi_fleet.errors import BackendRefusedError, BackendUnavailableError

if TYPE_CHECKING:
    from asyncpg import Connection, Record

__all__ = ["DatabaseRequest", "PostgresBackend", "PostgresServer"]

_SESSION_END_MILLISECONDS: Final = 5_000

_ADMINISTRATOR_QUERY: Final = """
SELECT rolsuper OR (rolcreaterole AND rolcreatedb), pg_is_in_recovery() FROM pg_roles WHERE rolname = current_user
"""

_ROLE_QUERY: Final = """
SELECT rolcanlogin AS can_login,
       rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls OR NOT rolinherit AS privileged,
       rolconnlimit AS connection_limit,
       rolpassword AS verifier,
       coalesce(isfinite(rolvaliduntil), false) AS expires,
       shobj_description(oid, 'pg_authid') AS mark
FROM pg_authid WHERE rolname = $1
"""

_DATABASE_QUERY: Final = """
SELECT pg_get_userbyid(datdba)::text AS owner,
       coalesce(bool_or(grantee = 0), false) AS open_to_public,
       count(DISTINCT privilege_type) FILTER (WHERE grantee = datdba) < 3 AS owner_restricted,
       shobj_description(oid, 'pg_database') AS mark
FROM pg_database LEFT JOIN LATERAL aclexplode(coalesce(datacl, acldefault('d', datdba))) ON true
WHERE datname = $1
GROUP BY oid, datdba
"""

_FAILURES: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class PostgresBackend:
    """Makes, repairs and locks databases. Holds no connection between calls.

    Marks are comments on roles and databases; they can be read from any database and go with a dump of the globals.
    What lies inside a database (tables, schemas, their owners) is the service's and never touched.
    """

    def __init__(self, *, connect_timeout: float = 5.0, command_timeout: float = 30.0) -> None:
        """Set the limits of each call.

        Args:
            connect_timeout: seconds to reach a server and log in, and to say goodbye.
            command_timeout: seconds for one statement, a wait for another operator's lock included.
        """
        self._connect_timeout = connect_timeout
        self._command_timeout = command_timeout

    async def ensure_database(self, server: PostgresServer, request: DatabaseRequest) -> tuple[str, ...]:
        """Bring the role and the database to what is wanted; write nothing when they are.

        Returns:
            What was created or repaired, in words and in order.

        Raises:
            NotOwnedError: the role or the database belongs to somebody else; neither was touched.
            BackendUnavailableError: the server did not answer in time or refused the operator.
        """
        async with self._session(server) as connection:
            if not await _plan(connection, request):
                return ()
            await _lock(connection, request.database)
            repairs = await _plan(connection, request)
            for repair in repairs:
                await _apply(connection, repair)
            return tuple(repair.words for repair in repairs)

    async def lock_database(self, server: PostgresServer, database: str, role: str, owner: str) -> None:
        """Shut out the role of a service that is gone: no login, no session. Role, database and data are kept.

        A role that is absent or does not belong to `owner` is left alone: nothing of the owner's is open then.

        Raises:
            BackendUnavailableError: the server did not answer in time, refused the operator or kept a session alive.
        """
        require_identifier(database)
        require_identifier(role)
        async with self._session(server) as connection:
            await _lock(connection, database)
            state = await _observe_role(connection, role)
            if state is None or state.mark != ownership_mark(owner):
                return
            if state.can_login:
                await _execute(connection, Statement("ALTER ROLE %I NOLOGIN", (role,)))
            await _end_sessions(connection, role)

    async def check_administrator(self, server: PostgresServer) -> None:
        """Log in and see whether the administrator can do what `ensure_database` needs.

        Raises:
            BackendRefusedError: the login, its rights or the certificate are not what they must be.
            BackendUnavailableError: the server did not answer in time.
        """
        async with self._session(server) as connection:
            may_provision, is_replica = await connection.fetchrow(_ADMINISTRATOR_QUERY) or (False, False)
        where = f"PostgreSQL at {server.host}:{server.port}"
        if is_replica:
            raise BackendRefusedError(Reason.NOT_PRIVILEGED, f"{where}: is a replica, which takes no writes")
        if not may_provision:
            message = f"{where}: role {server.user} is neither a superuser nor has CREATEROLE and CREATEDB"
            raise BackendRefusedError(Reason.NOT_PRIVILEGED, message)

    @asynccontextmanager
    async def _session(self, server: PostgresServer) -> AsyncIterator["Connection[Record]"]:
        try:
            connection = await asyncpg.connect(
                host=server.host,
                port=server.port,
                user=server.user,
                password=server.password,
                database=server.database,
                ssl=tls_of(server),
                timeout=self._connect_timeout,
                command_timeout=self._command_timeout,
                statement_cache_size=0,
                server_settings={"application_name": "fastapi-fleet"},
            )
            try:
                yield connection
            finally:
                await connection.close(timeout=self._connect_timeout)
        except _FAILURES as error:
            raise failure_of(server, error) from error


async def _plan(connection: "Connection[Record]", request: DatabaseRequest) -> tuple[Repair, ...]:
    role = await _observe_role(connection, request.role)
    database = await _observe_database(connection, request.database)
    return plan_repairs(request, role, database)


async def _observe_role(connection: "Connection[Record]", role: str) -> RoleState | None:
    row = await connection.fetchrow(_ROLE_QUERY, role)
    return None if row is None else RoleState(**row)


async def _observe_database(connection: "Connection[Record]", database: str) -> DatabaseState | None:
    row = await connection.fetchrow(_DATABASE_QUERY, database)
    return None if row is None else DatabaseState(**row)


async def _lock(connection: "Connection[Record]", database: str) -> None:
    """Wait until no other operator works on this database. The end of the connection gives the lock back."""
    await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", f"fastapi-fleet: {database}")


async def _apply(connection: "Connection[Record]", repair: Repair) -> None:
    if len(repair.statements) == 1:  # CREATE DATABASE refuses to run inside a transaction
        await _execute(connection, repair.statements[0])
        return
    async with connection.transaction():
        for statement in repair.statements:
            await _execute(connection, statement)


async def _execute(connection: "Connection[Record]", statement: Statement) -> None:
    """Run a statement that the server itself has quoted: DDL takes no parameters, and asyncpg quotes no identifiers."""
    text = await connection.fetchval("SELECT format($1, VARIADIC $2::text[])", statement.template, statement.arguments)
    await connection.execute(text)


async def _end_sessions(connection: "Connection[Record]", role: str) -> None:
    ended = await connection.fetchval(
        "SELECT coalesce(bool_and(pg_terminate_backend(pid, $2)), true) FROM pg_stat_activity WHERE usename = $1",
        role,
        _SESSION_END_MILLISECONDS,
    )
    if not ended:
        raise BackendUnavailableError(f"PostgreSQL sessions of role {role!r} did not end in time")
