"""Databases on a real PostgreSQL server, seen through the catalog and through the service's own login."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import asyncpg
import pytest
from fastapi_fleet.backends.postgres import DatabaseRequest, PostgresBackend, PostgresServer
from fastapi_fleet.errors import BackendUnavailableError, NotOwnedError
from support.databases import assert_serves, connect, drop, log_in, make_request, run

if TYPE_CHECKING:
    from support.databases import Connection

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
    "new\nline\ttab",
    "/* comment */ --",
    "E'\\x41'",
    "pg_catalog",
    "select",
    "\u202eright to left",
    "x" * 52,
]


async def test_makes_role_and_database_then_finds_nothing_to_do(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    assert await postgres.ensure_database(server, wanted) == (
        "owner created",
        "runtime role created",
        "runtime role made a member of the owner",
        "runtime role set to act as the owner",
        "database created",
        "database marked",
        "public access revoked",
        "runtime access set",
    )
    assert await postgres.ensure_database(server, wanted) == ()
    await assert_serves(server, wanted)


async def test_unchanged_database_is_not_written_to(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    versions = """
        SELECT pg_authid.xmin::text, pg_database.xmin::text
        FROM pg_database, pg_authid WHERE datname = $1 AND rolname = $2
    """
    await postgres.ensure_database(server, wanted)
    before = await admin.fetchrow(versions, wanted.database, wanted.roles.runtime)
    await postgres.ensure_database(server, wanted)
    assert before is not None
    assert await admin.fetchrow(versions, wanted.database, wanted.roles.runtime) == before


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_takes_hostile_names_literally(
    postgres: PostgresBackend, server: PostgresServer, admin: "Connection", name: str
) -> None:
    request = replace(make_request(name), connection_limit=5)
    try:
        assert "database created" in await postgres.ensure_database(server, request)
        assert await postgres.ensure_database(server, request) == ()
        await assert_serves(server, request)
        await postgres.lock_database(server, request.database, request.roles, request.owner)
        assert await postgres.ensure_database(server, request) == ("runtime role unlocked",)
    finally:
        await drop(admin, request)


@dataclass(frozen=True)
class Drift:
    damage: str
    takes: tuple[str, ...]
    repairs: tuple[str, ...]


PARTS: dict[str, Callable[[DatabaseRequest], str]] = {
    "database": lambda wanted: wanted.database,
    "role": lambda wanted: wanted.roles.runtime,
    "owner": lambda wanted: wanted.roles.owner,
}

DRIFTS = {
    "password": Drift("ALTER ROLE %I PASSWORD 'other'", ("role",), ("runtime role password reset",)),
    "no password": Drift("ALTER ROLE %I PASSWORD NULL", ("role",), ("runtime role password reset",)),
    "login": Drift("ALTER ROLE %I NOLOGIN", ("role",), ("runtime role unlocked",)),
    "superuser": Drift("ALTER ROLE %I SUPERUSER", ("role",), ("runtime role privileges removed",)),
    "createdb": Drift("ALTER ROLE %I CREATEDB", ("role",), ("runtime role privileges removed",)),
    "createrole": Drift("ALTER ROLE %I CREATEROLE", ("role",), ("runtime role privileges removed",)),
    "replication": Drift("ALTER ROLE %I REPLICATION", ("role",), ("runtime role privileges removed",)),
    "bypassrls": Drift("ALTER ROLE %I BYPASSRLS", ("role",), ("runtime role privileges removed",)),
    "noinherit": Drift("ALTER ROLE %I NOINHERIT", ("role",), ("runtime role privileges removed",)),
    "expiry": Drift("ALTER ROLE %I VALID UNTIL '2001-01-01'", ("role",), ("runtime role expiry removed",)),
    "limit": Drift("ALTER ROLE %I CONNECTION LIMIT 0", ("role",), ("runtime role connection limit set",)),
    "database gone": Drift(
        "DROP DATABASE %I",
        ("database",),
        ("database created", "database marked", "public access revoked", "runtime access set"),
    ),
    "owner": Drift("ALTER DATABASE %I OWNER TO pg_database_owner", ("database",), ("database owner set",)),
    "public": Drift("GRANT CONNECT ON DATABASE %I TO PUBLIC", ("database",), ("public access revoked",)),
    "temporary": Drift("GRANT TEMP ON DATABASE %I TO PUBLIC", ("database",), ("public access revoked",)),
    "owner's rights": Drift("REVOKE TEMP ON DATABASE %I FROM %I", ("database", "owner"), ("owner's rights restored",)),
    "access": Drift("REVOKE CONNECT ON DATABASE %I FROM %I", ("database", "role"), ("runtime access set",)),
    "more rights": Drift("GRANT CREATE ON DATABASE %I TO %I", ("database", "role"), ("runtime access set",)),
    "membership": Drift("REVOKE %I FROM %I", ("owner", "role"), ("runtime role made a member of the owner",)),
    "membership of no use": Drift(
        "GRANT %I TO %I WITH SET FALSE",
        ("owner", "role"),
        ("runtime role membership in the owner revoked", "runtime role made a member of the owner"),
    ),
    "another membership": Drift(
        "GRANT pg_monitor TO %I", ("role",), ("runtime role membership in 'pg_monitor' revoked",)
    ),
    "default role": Drift("ALTER ROLE %I RESET role", ("role",), ("runtime role set to act as the owner",)),
    "owner logs in": Drift("ALTER ROLE %I LOGIN", ("owner",), ("owner locked",)),
    "owner is superuser": Drift("ALTER ROLE %I SUPERUSER", ("owner",), ("owner privileges removed",)),
    "owner's membership": Drift(
        "GRANT pg_write_all_data TO %I", ("owner",), ("owner membership in 'pg_write_all_data' revoked",)
    ),
    "mark lost": Drift("COMMENT ON DATABASE %I IS NULL", ("database",), ("database marked",)),
}


@pytest.mark.parametrize("drift", DRIFTS.values(), ids=DRIFTS.keys())
async def test_repairs_drift(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection", drift: Drift
) -> None:
    await postgres.ensure_database(server, wanted)
    await run(admin, drift.damage, *(PARTS[part](wanted) for part in drift.takes))
    assert await postgres.ensure_database(server, wanted) == drift.repairs
    assert await postgres.ensure_database(server, wanted) == ()
    await assert_serves(server, wanted)


async def test_repairs_a_dropped_role_whose_database_was_handed_over(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    await postgres.ensure_database(server, wanted)
    for role in (wanted.roles.owner, wanted.roles.runtime):
        await run(admin, "REASSIGN OWNED BY %I TO CURRENT_USER; DROP OWNED BY %1$I; DROP ROLE %1$I", role)
    assert await postgres.ensure_database(server, wanted) == (
        "owner created",
        "runtime role created",
        "runtime role made a member of the owner",
        "runtime role set to act as the owner",
        "database owner set",
        "runtime access set",
    )
    assert await postgres.ensure_database(server, wanted) == ()
    await assert_serves(server, wanted)


async def test_a_new_password_takes_the_place_of_the_old_one(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, wanted)
    rotated = replace(wanted, password=secrets.token_urlsafe(24))
    assert await postgres.ensure_database(server, rotated) == ("runtime role password reset",)
    await assert_serves(server, rotated)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await log_in(server, wanted)


async def test_connection_limit_holds(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, replace(wanted, connection_limit=1))
    only = await log_in(server, wanted)
    with pytest.raises(asyncpg.TooManyConnectionsError):
        await log_in(server, wanted)
    await only.close()


async def test_role_reaches_no_other_database_and_makes_none(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    other = make_request("other")
    try:
        await postgres.ensure_database(server, wanted)
        await postgres.ensure_database(server, other)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connect(server, wanted.roles.runtime, wanted.password, other.database)
        connection = await log_in(server, wanted)
        for forbidden in ("CREATE DATABASE more", "CREATE ROLE more", "SELECT * FROM pg_authid"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
        await connection.close()
    finally:
        await drop(admin, other)


@pytest.mark.parametrize("mark", [None, "somebody's", "fastapi-fleet: test/another"])
async def test_leaves_a_foreign_role_untouched(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection", mark: str | None
) -> None:
    await run(admin, "CREATE ROLE %I NOLOGIN CREATEDB", wanted.roles.runtime)
    if mark is not None:
        await run(admin, "COMMENT ON ROLE %I IS %L", wanted.roles.runtime, mark)
    version = "SELECT xmin::text FROM pg_authid WHERE rolname = $1"
    before = await admin.fetchval(version, wanted.roles.runtime)
    with pytest.raises(NotOwnedError, match="role"):
        await postgres.ensure_database(server, wanted)
    await postgres.lock_database(server, wanted.database, wanted.roles, wanted.owner)
    assert await admin.fetchval(version, wanted.roles.runtime) == before
    assert await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", wanted.database) == 0


@pytest.mark.parametrize("mark", [None, "fastapi-fleet: test/another"])
async def test_leaves_a_foreign_database_untouched(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection", mark: str | None
) -> None:
    await run(admin, "CREATE DATABASE %I", wanted.database)
    if mark is not None:
        await run(admin, "COMMENT ON DATABASE %I IS %L", wanted.database, mark)
    with pytest.raises(NotOwnedError, match="database"):
        await postgres.ensure_database(server, wanted)
    assert await admin.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", wanted.roles.runtime) == 0
    assert await admin.fetchval("SELECT datacl IS NULL FROM pg_database WHERE datname = $1", wanted.database)


async def test_another_service_cannot_take_over_a_database(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, wanted)
    thief = replace(wanted, owner="test/thief", password=secrets.token_urlsafe(24))
    with pytest.raises(NotOwnedError):
        await postgres.ensure_database(server, thief)
    await postgres.lock_database(server, thief.database, thief.roles, thief.owner)
    await assert_serves(server, wanted)


async def test_locking_ends_sessions_and_logins_but_keeps_data_for_a_return(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, wanted)
    session = await log_in(server, wanted)
    await session.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    await postgres.lock_database(server, wanted.database, wanted.roles, wanted.owner)
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.InterfaceError)):
        await session.execute("SELECT 1")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await log_in(server, wanted)
    await postgres.lock_database(server, wanted.database, wanted.roles, wanted.owner)

    assert await postgres.ensure_database(server, wanted) == ("runtime role unlocked",)
    session = await log_in(server, wanted)
    assert await session.fetchval("SELECT answer FROM kept") == 42
    await session.close()


async def test_locking_what_is_not_there_is_fine(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await postgres.lock_database(server, wanted.database, wanted.roles, wanted.owner)


async def test_operators_at_the_same_time_do_each_thing_once(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    answers = await asyncio.gather(*(postgres.ensure_database(server, wanted) for _ in range(5)))
    assert sorted(len(words) for words in answers) == [0, 0, 0, 0, 8]


async def test_waits_for_another_operator_no_longer_than_told(
    server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    await admin.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", f"fastapi-fleet: {wanted.database}")
    with pytest.raises(BackendUnavailableError, match="no answer in time"):
        await PostgresBackend(command_timeout=0.2).ensure_database(server, wanted)


async def test_wrong_admin_password_is_unavailable_and_not_told(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    wrong = replace(server, password="wr0ng-admin-password")
    with pytest.raises(BackendUnavailableError, match="InvalidPasswordError") as refused:
        await postgres.ensure_database(wrong, wanted)
    for secret in (wrong.password, wanted.password):
        assert secret not in f"{refused.value} {refused.value!r} {wrong!r} {wanted!r}"


async def test_admin_without_the_rights_is_unavailable(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, wanted)
    weak = replace(server, user=wanted.roles.runtime, password=wanted.password)
    with pytest.raises(BackendUnavailableError, match="refused"):
        await postgres.ensure_database(weak, wanted)


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
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    rotated = replace(wanted, password=secrets.token_urlsafe(24))
    sent = bytearray()
    async with recording(server, sent) as way:
        await postgres.ensure_database(way, wanted)
        await postgres.ensure_database(way, rotated)
    assert b"CREATE ROLE" in sent
    assert b"ALTER ROLE" in sent
    for secret in (wanted.password, rotated.password, server.password):
        assert secret.encode() not in sent
