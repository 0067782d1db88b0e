"""Databases of services on a PostgreSQL server: made, kept as wanted, locked or dropped when their service is gone."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fastapi_fleet.api.capacity import ServerCapacity
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.backends.login_session import LoginSession
from fastapi_fleet.backends.passwords import matches_scram_verifier
from fastapi_fleet.backends.postgres_catalog import (
    list_objects,
    observe_contents,
    observe_database,
    observe_roles,
    read_verifiers,
)
from fastapi_fleet.backends.postgres_contents import needs_objects
from fastapi_fleet.backends.postgres_repairs import is_taken_over, plan_repairs
from fastapi_fleet.backends.postgres_roles import LOCK
from fastapi_fleet.backends.postgres_server import PostgresServer
from fastapi_fleet.backends.postgres_session import PostgresSession, apply, execute, wait_for_turn
from fastapi_fleet.backends.postgres_state import (
    ContentsState,
    DatabaseRequest,
    DatabaseRoles,
    DatabaseState,
    ObservedDatabase,
    RoleState,
    ownership_mark,
    require_identifier,
)
from fastapi_fleet.backends.statements import Repair, Statement
from fastapi_fleet.errors import BackendRefusedError, BackendUnavailableError

if TYPE_CHECKING:
    from asyncpg import Connection, Record

__all__ = ["DatabaseRequest", "DatabaseRoles", "PostgresBackend", "PostgresServer"]

_SESSION_END_MILLISECONDS: Final = 5_000
_ROUNDS: Final = 3
"""What is in a database shows once there is one; and a third time for what changes meanwhile."""

_ADMINISTRATOR_QUERY: Final = """
SELECT rolsuper OR (rolcreaterole AND rolcreatedb), pg_is_in_recovery() FROM pg_roles WHERE rolname = current_user
"""

_SESSIONS_QUERY: Final = """
SELECT coalesce(host(client_addr), 'the server itself') AS client,
       coalesce(to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'unknown') AS since
FROM pg_stat_activity WHERE usename = $1 ORDER BY backend_start
"""

# Connections for pg_use_reserved_connections are kept since PostgreSQL 16 only.
_CAPACITY_QUERY: Final = """
SELECT current_setting('max_connections')::int AS most,
       current_setting('superuser_reserved_connections')::int
         + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved
"""

_OPEN_DATABASES_QUERY: Final = """
SELECT datname::text FROM pg_database CROSS JOIN LATERAL aclexplode(coalesce(datacl, acldefault('d', datdba)))
WHERE datname IN ('postgres', 'template1') AND grantee = 0 GROUP BY datname
"""


class PostgresBackend:
    """Makes, repairs, locks and drops databases. Holds no connection between calls.

    Marks are comments on roles and databases; they can be read from any database and go with a dump of the globals.
    """

    def __init__(self, *, connect_timeout: float = 5.0, command_timeout: float = 30.0) -> None:
        """Set the limits of each call.

        Args:
            connect_timeout: seconds to reach a server and log in, and to say goodbye.
            command_timeout: seconds for one statement, a wait for another operator's lock included.
        """
        self._connect_timeout = connect_timeout
        self._command_timeout = command_timeout
        self._capacities: dict[tuple[str, int], ServerCapacity] = {}

    async def ensure_database(self, server: PostgresServer, request: DatabaseRequest) -> tuple[str, ...]:
        """Bring the roles and the database to what is wanted; write nothing when they are.

        Returns:
            What was created or repaired, in words and in order.

        Raises:
            NotOwnedError: a role or the database belongs to somebody else; none was touched.
            BackendUnavailableError: the server did not answer in time or refused the operator.
        """
        session = self._session(server)
        async with session.open() as connection:
            self._capacities[server.host, server.port] = await _read_capacity(connection)
            done = await _close_to_public(connection) if server.exclusive else ()
            if not await _plan(session, request):
                return done
            await wait_for_turn(connection, request.database)
            for _ in range(_ROUNDS):
                repairs = await _plan(session, request)
                if not repairs:
                    break
                for repair in repairs:
                    await apply(await session.to(request.database) if repair.inside else connection, repair)
                done += tuple(repair.words for repair in repairs)
            return done

    def capacity(self, server: PostgresServer) -> ServerCapacity | None:
        """What the server lets in, as `ensure_database` found it last: it is asked in no session of its own."""
        return self._capacities.get((server.host, server.port))

    async def lock_database(self, server: PostgresServer, database: str, roles: DatabaseRoles, owner: str) -> None:
        """Shut out the logins of a service that is gone: no login, no session. Roles, database and data are kept.

        A role that is absent or does not belong to `owner` is left alone: nothing of the owner's is open then.

        Raises:
            BackendUnavailableError: the server did not answer in time, refused the operator or kept a session alive.
        """
        require_identifier(database)
        async with self._session(server).open() as connection:
            await wait_for_turn(connection, database)
            for role, state in (await observe_roles(connection, *roles.logins)).items():
                if state.mark != ownership_mark(owner):
                    continue
                if state.can_login:
                    await execute(connection, Statement("ALTER ROLE %I NOLOGIN", (role,)))
                await _end_sessions(connection, role)

    async def log_in(self, server: PostgresServer, request: DatabaseRequest) -> None:
        """See whether the service's login is let in with its password.

        Raises:
            BackendUnavailableError: it is not.
        """
        service = replace(server, user=request.login, password=request.password, database=request.database)
        async with self._session(service).open():
            pass

    async def list_sessions(self, server: PostgresServer, role: str) -> tuple[LoginSession, ...]:
        """Who is logged in as this role, the one who has been for longest first.

        Raises:
            BackendUnavailableError: the server did not answer in time or refused the operator.
        """
        async with self._session(server).open() as connection:
            return tuple(LoginSession(**row) for row in await connection.fetch(_SESSIONS_QUERY, role))

    async def lock_login(self, server: PostgresServer, role: str, owner: str) -> None:
        """End a login that its service has left: no password, no session. One that is not `owner`'s is left alone.

        Raises:
            BackendUnavailableError: the server did not answer in time, refused the operator or kept a session alive.
        """
        require_identifier(role)
        async with self._session(server).open() as connection:
            found = (await observe_roles(connection, role)).get(role)
            if found is None or found.mark != ownership_mark(owner):
                return
            await execute(connection, Statement(LOCK, (role,)))
            await _end_sessions(connection, role)

    async def drop_database(self, server: PostgresServer, database: str, roles: DatabaseRoles, owner: str) -> None:
        """Delete the database with all that is in it, and its roles. What does not belong to `owner` is left alone.

        Raises:
            BackendUnavailableError: the server did not answer in time or refused the operator.
        """
        mark = ownership_mark(owner)
        async with self._session(server).open() as connection:
            await wait_for_turn(connection, database)
            found = await observe_database(connection, database, roles)
            if found is not None and found.mark == mark:
                await execute(connection, Statement("DROP DATABASE %I WITH (FORCE)", (database,)))
            for role, state in (await observe_roles(connection, *roles.all)).items():
                if state.mark == mark:
                    await execute(connection, Statement("DROP ROLE %I", (role,)))

    async def check_administrator(self, server: PostgresServer) -> None:
        """Log in and see whether the administrator can do what `ensure_database` needs.

        Raises:
            BackendRefusedError: the login, its rights or the certificate are not what they must be.
            BackendUnavailableError: the server did not answer in time.
        """
        async with self._session(server).open() as connection:
            may_provision, is_replica = await connection.fetchrow(_ADMINISTRATOR_QUERY) or (False, False)
        where = f"PostgreSQL at {server.host}:{server.port}"
        if is_replica:
            raise BackendRefusedError(Reason.NOT_PRIVILEGED, f"{where}: is a replica, which takes no writes")
        if not may_provision:
            message = f"{where}: role {server.user} is neither a superuser nor has CREATEROLE and CREATEDB"
            raise BackendRefusedError(Reason.NOT_PRIVILEGED, message)

    def _session(self, server: PostgresServer) -> PostgresSession:
        return PostgresSession(server, self._connect_timeout, self._command_timeout)


async def _read_capacity(connection: "Connection[Record]") -> ServerCapacity:
    (row,) = await connection.fetch(_CAPACITY_QUERY)
    return ServerCapacity(**row)


async def _close_to_public(connection: "Connection[Record]") -> tuple[str, ...]:
    """Services have nothing to do in the databases that a server comes with."""
    if not await connection.fetch(_OPEN_DATABASES_QUERY):
        return ()
    await wait_for_turn(connection, "databases for maintenance")
    names = [row[0] for row in await connection.fetch(_OPEN_DATABASES_QUERY)]
    for name in names:
        await execute(connection, Statement("REVOKE ALL ON DATABASE %I FROM PUBLIC", (name,)))
    return tuple(f"public access to {name} revoked" for name in names)


async def _plan(session: PostgresSession, request: DatabaseRequest) -> tuple[Repair, ...]:
    connection, roles = await session.maintenance(), request.roles
    database = await observe_database(connection, request.database, roles)
    found = await _observe_roles(session, request)
    return plan_repairs(
        request,
        ObservedDatabase(
            owner=found.get(roles.owner),
            runtime=found.get(roles.runtime),
            second=found.get(roles.second),
            migrator=found.get(roles.migrator),
            database=database,
            contents=await _observe_contents(session, request, database),
        ),
    )


async def _observe_roles(session: PostgresSession, request: DatabaseRequest) -> dict[str, RoleState]:
    """Roles of another mark are not logged in as: their passwords are not the operator's to try."""
    connection = await session.maintenance()
    found = await observe_roles(connection, *request.roles.all)
    verifiers = await read_verifiers(connection, *request.roles.all)
    for role, password in request.passwords.items():
        if role not in found:
            continue
        if verifiers is not None:
            fits = matches_scram_verifier(password, verifiers.get(role))
        else:
            is_own = found[role].mark == request.mark
            fits = is_own and await session.logs_in(role, password, request.database)
        found[role] = replace(found[role], password_fits=fits)
    return found


async def _observe_contents(
    session: PostgresSession, request: DatabaseRequest, database: DatabaseState | None
) -> ContentsState | None:
    """Only where something may be amiss within: it takes a connection of its own."""
    if database is None or (database.mark != request.mark and not request.adopt):
        return None
    moves = database.logins_own_objects or is_taken_over(request, database)
    if request.migrates_itself and not moves:
        return None
    inside = await session.to(request.database)
    contents = await observe_contents(inside, request.roles)
    if moves or needs_objects(request, contents):
        return replace(contents, objects=await list_objects(inside))
    return contents


async def _end_sessions(connection: "Connection[Record]", role: str) -> None:
    ended = await connection.fetchval(
        "SELECT coalesce(bool_and(pg_terminate_backend(pid, $2)), true) FROM pg_stat_activity WHERE usename = $1",
        role,
        _SESSION_END_MILLISECONDS,
    )
    if not ended:
        raise BackendUnavailableError(f"PostgreSQL sessions of role {role!r} did not end in time")
