"""Databases on a real PostgreSQL server, seen through the catalog and through the service's own login."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urlsplit

import asyncpg
import pytest
from fastapi_fleet.backends.postgres import DatabaseRequest, PostgresBackend, PostgresServer
from fastapi_fleet.errors import BackendUnavailableError, NotOwnedError

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]

HOSTILE_NAMES = [
    'quo"ted',
    "apostro'phe",
    "semi; DROP DATABASE postgres; --",
    "white space",
    "ünïcödé ☃",
    "dots.and.more",
    "star*%I%s%L",
    "$1 $$",
    "back\\slash",
    "UPPER",
]


@pytest.fixture
def server() -> PostgresServer:
    variable = "USERS_TEST_DATABASE_URL"
    if variable not in os.environ:
        pytest.fail(f'{variable} is not set: eval "$(hack/start-test-backends.sh)" starts what these tests need')
    url = urlsplit(os.environ[variable])
    return PostgresServer(
        host=url.hostname or "", port=url.port or 5432, user=url.username or "", password=unquote(url.password or "")
    )


@pytest.fixture
def backend() -> PostgresBackend:
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


def make_request(name: str) -> DatabaseRequest:
    unique = f"{name} {secrets.token_hex(4)}"
    return DatabaseRequest(
        database=f"d {unique}", role=f"r {unique}", password=secrets.token_urlsafe(24), owner=f"test/{unique}"
    )


async def connect(server: PostgresServer, user: str, password: str, database: str) -> "Connection":
    return await asyncpg.connect(host=server.host, port=server.port, user=user, password=password, database=database)


async def log_in(server: PostgresServer, request: DatabaseRequest) -> "Connection":
    return await connect(server, request.role, request.password, request.database)


async def run(connection: "Connection", template: str, *arguments: str) -> None:
    await connection.execute(await connection.fetchval("SELECT format($1, VARIADIC $2::text[])", template, arguments))


async def drop(admin: "Connection", request: DatabaseRequest) -> None:
    await run(admin, "DROP DATABASE IF EXISTS %I WITH (FORCE)", request.database)
    await run(admin, "DROP ROLE IF EXISTS %I", request.role)


async def assert_serves(server: PostgresServer, request: DatabaseRequest) -> None:
    """The service logs in and may make what its migrations need."""
    connection = await log_in(server, request)
    await connection.execute("CREATE TABLE probe (id int); DROP TABLE probe; CREATE SCHEMA probe; DROP SCHEMA probe")
    await connection.close()


async def test_makes_role_and_database_then_finds_nothing_to_do(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    assert await backend.ensure_database(server, wanted) == (
        "role created",
        "database created",
        "database marked",
        "public access revoked",
    )
    assert await backend.ensure_database(server, wanted) == ()
    await assert_serves(server, wanted)


async def test_unchanged_database_is_not_written_to(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    versions = """
        SELECT pg_authid.xmin::text, pg_database.xmin::text
        FROM pg_database JOIN pg_authid ON pg_authid.oid = datdba WHERE datname = $1
    """
    await backend.ensure_database(server, wanted)
    before = await admin.fetchrow(versions, wanted.database)
    await backend.ensure_database(server, wanted)
    assert before is not None
    assert await admin.fetchrow(versions, wanted.database) == before


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_takes_hostile_names_literally(
    backend: PostgresBackend, server: PostgresServer, admin: "Connection", name: str
) -> None:
    request = replace(make_request(name), connection_limit=5)
    try:
        assert "database created" in await backend.ensure_database(server, request)
        assert await backend.ensure_database(server, request) == ()
        await assert_serves(server, request)
        await backend.lock_database(server, request.database, request.role, request.owner)
        assert await backend.ensure_database(server, request) == ("role unlocked",)
    finally:
        await drop(admin, request)


@dataclass(frozen=True)
class Drift:
    damage: str
    takes: tuple[str, ...]
    repairs: tuple[str, ...]


DRIFTS = {
    "password": Drift("ALTER ROLE %I PASSWORD 'other'", ("role",), ("password reset",)),
    "no password": Drift("ALTER ROLE %I PASSWORD NULL", ("role",), ("password reset",)),
    "login": Drift("ALTER ROLE %I NOLOGIN", ("role",), ("role unlocked",)),
    "superuser": Drift("ALTER ROLE %I SUPERUSER", ("role",), ("role privileges removed",)),
    "createdb": Drift("ALTER ROLE %I CREATEDB", ("role",), ("role privileges removed",)),
    "createrole": Drift("ALTER ROLE %I CREATEROLE", ("role",), ("role privileges removed",)),
    "replication": Drift("ALTER ROLE %I REPLICATION", ("role",), ("role privileges removed",)),
    "bypassrls": Drift("ALTER ROLE %I BYPASSRLS", ("role",), ("role privileges removed",)),
    "noinherit": Drift("ALTER ROLE %I NOINHERIT", ("role",), ("role privileges removed",)),
    "expiry": Drift("ALTER ROLE %I VALID UNTIL '2001-01-01'", ("role",), ("role expiry removed",)),
    "limit": Drift("ALTER ROLE %I CONNECTION LIMIT 0", ("role",), ("connection limit set",)),
    "database gone": Drift(
        "DROP DATABASE %I", ("database",), ("database created", "database marked", "public access revoked")
    ),
    "owner": Drift("ALTER DATABASE %I OWNER TO pg_database_owner", ("database",), ("database owner set",)),
    "public": Drift("GRANT CONNECT ON DATABASE %I TO PUBLIC", ("database",), ("public access revoked",)),
    "temporary": Drift("GRANT TEMP ON DATABASE %I TO PUBLIC", ("database",), ("public access revoked",)),
    "own rights": Drift("REVOKE CONNECT ON DATABASE %I FROM %I", ("database", "role"), ("owner's rights restored",)),
    "mark lost": Drift("COMMENT ON DATABASE %I IS NULL", ("database",), ("database marked",)),
}


@pytest.mark.parametrize("drift", DRIFTS.values(), ids=DRIFTS.keys())
async def test_repairs_drift(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection", drift: Drift
) -> None:
    await backend.ensure_database(server, wanted)
    await run(admin, drift.damage, *(getattr(wanted, part) for part in drift.takes))
    assert await backend.ensure_database(server, wanted) == drift.repairs
    assert await backend.ensure_database(server, wanted) == ()
    await assert_serves(server, wanted)


async def test_repairs_a_dropped_role_whose_database_was_handed_over(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    await backend.ensure_database(server, wanted)
    await run(admin, "REASSIGN OWNED BY %I TO CURRENT_USER", wanted.role)
    await run(admin, "DROP ROLE %I", wanted.role)
    assert await backend.ensure_database(server, wanted) == ("role created", "database owner set")
    assert await backend.ensure_database(server, wanted) == ()
    await assert_serves(server, wanted)


async def test_a_new_password_takes_the_place_of_the_old_one(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await backend.ensure_database(server, wanted)
    rotated = replace(wanted, password=secrets.token_urlsafe(24))
    assert await backend.ensure_database(server, rotated) == ("password reset",)
    await assert_serves(server, rotated)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await log_in(server, wanted)


async def test_connection_limit_holds(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await backend.ensure_database(server, replace(wanted, connection_limit=1))
    only = await log_in(server, wanted)
    with pytest.raises(asyncpg.TooManyConnectionsError):
        await log_in(server, wanted)
    await only.close()


async def test_role_reaches_no_other_database_and_makes_none(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    other = make_request("other")
    try:
        await backend.ensure_database(server, wanted)
        await backend.ensure_database(server, other)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connect(server, wanted.role, wanted.password, other.database)
        connection = await log_in(server, wanted)
        for forbidden in ("CREATE DATABASE more", "CREATE ROLE more", "SELECT * FROM pg_authid"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
        await connection.close()
    finally:
        await drop(admin, other)


@pytest.mark.parametrize("mark", [None, "somebody's", "fastapi-fleet: test/another"])
async def test_leaves_a_foreign_role_untouched(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection", mark: str | None
) -> None:
    await run(admin, "CREATE ROLE %I NOLOGIN CREATEDB", wanted.role)
    if mark is not None:
        await run(admin, "COMMENT ON ROLE %I IS %L", wanted.role, mark)
    version = "SELECT xmin::text FROM pg_authid WHERE rolname = $1"
    before = await admin.fetchval(version, wanted.role)
    with pytest.raises(NotOwnedError, match="role"):
        await backend.ensure_database(server, wanted)
    await backend.lock_database(server, wanted.database, wanted.role, wanted.owner)
    assert await admin.fetchval(version, wanted.role) == before
    assert await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", wanted.database) == 0


@pytest.mark.parametrize("mark", [None, "fastapi-fleet: test/another"])
async def test_leaves_a_foreign_database_untouched(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection", mark: str | None
) -> None:
    await run(admin, "CREATE DATABASE %I", wanted.database)
    if mark is not None:
        await run(admin, "COMMENT ON DATABASE %I IS %L", wanted.database, mark)
    with pytest.raises(NotOwnedError, match="database"):
        await backend.ensure_database(server, wanted)
    assert await admin.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", wanted.role) == 0
    assert await admin.fetchval("SELECT datacl IS NULL FROM pg_database WHERE datname = $1", wanted.database)


async def test_another_service_cannot_take_over_a_database(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await backend.ensure_database(server, wanted)
    thief = replace(wanted, owner="test/thief", password=secrets.token_urlsafe(24))
    with pytest.raises(NotOwnedError):
        await backend.ensure_database(server, thief)
    await backend.lock_database(server, thief.database, thief.role, thief.owner)
    await assert_serves(server, wanted)


async def test_locking_ends_sessions_and_logins_but_keeps_data_for_a_return(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await backend.ensure_database(server, wanted)
    session = await log_in(server, wanted)
    await session.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    await backend.lock_database(server, wanted.database, wanted.role, wanted.owner)
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.InterfaceError)):
        await session.execute("SELECT 1")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await log_in(server, wanted)
    await backend.lock_database(server, wanted.database, wanted.role, wanted.owner)

    assert await backend.ensure_database(server, wanted) == ("role unlocked",)
    session = await log_in(server, wanted)
    assert await session.fetchval("SELECT answer FROM kept") == 42
    await session.close()


async def test_locking_what_is_not_there_is_fine(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await backend.lock_database(server, wanted.database, wanted.role, wanted.owner)


async def test_operators_at_the_same_time_do_each_thing_once(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    answers = await asyncio.gather(*(backend.ensure_database(server, wanted) for _ in range(5)))
    assert sorted(len(words) for words in answers) == [0, 0, 0, 0, 4]


async def test_waits_for_another_operator_no_longer_than_told(
    server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    await admin.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", f"fastapi-fleet: {wanted.database}")
    with pytest.raises(BackendUnavailableError, match="no answer in time"):
        await PostgresBackend(command_timeout=0.2).ensure_database(server, wanted)


async def test_wrong_admin_password_is_unavailable_and_not_told(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    wrong = replace(server, password="wr0ng-admin-password")
    with pytest.raises(BackendUnavailableError, match="InvalidPasswordError") as refused:
        await backend.ensure_database(wrong, wanted)
    for secret in (wrong.password, wanted.password):
        assert secret not in f"{refused.value} {refused.value!r} {wrong!r} {wanted!r}"


async def test_admin_without_the_rights_is_unavailable(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await backend.ensure_database(server, wanted)
    weak = replace(server, user=wanted.role, password=wanted.password)
    with pytest.raises(BackendUnavailableError, match="refused"):
        await backend.ensure_database(weak, wanted)


@asynccontextmanager
async def recording(server: PostgresServer, sent: bytearray) -> AsyncIterator[PostgresServer]:
    """A way to the server that keeps what the client sends."""

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record: bytearray | None) -> None:
        while chunk := await reader.read(65536):
            if record is not None:
                record.extend(chunk)
            writer.write(chunk)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(server.host, server.port)
        await asyncio.gather(pipe(reader, upstream_writer, sent), pipe(upstream_reader, writer, None))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
        yield replace(server, host="127.0.0.1", port=listener.sockets[0].getsockname()[1])


async def test_cleartext_passwords_never_leave_the_operator(
    backend: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    rotated = replace(wanted, password=secrets.token_urlsafe(24))
    sent = bytearray()
    async with recording(server, sent) as way:
        await backend.ensure_database(way, wanted)
        await backend.ensure_database(way, rotated)
    assert b"CREATE ROLE" in sent
    assert b"ALTER ROLE" in sent
    for secret in (wanted.password, rotated.password, server.password):
        assert secret.encode() not in sent
