"""Who may do what in a database on a real PostgreSQL server, seen through each role's own login."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

import asyncpg
import pytest
from fastapi_fleet.backends.postgres import DatabaseRequest, PostgresBackend, PostgresServer
from support.database_rights import SCHEMA, assert_only_uses
from support.databases import assert_serves, connect, drop, log_in, make_request, migrating, run

if TYPE_CHECKING:
    from support.databases import Connection


async def test_service_with_migrations_only_uses_what_the_migrator_makes(
    postgres: PostgresBackend, server: PostgresServer, migrated: DatabaseRequest
) -> None:
    assert "migrator created" in await postgres.ensure_database(server, migrated)
    assert await postgres.ensure_database(server, migrated) == ()
    async with migrating(server, migrated) as migrator:
        await migrator.execute(SCHEMA)
        assert await migrator.fetchval("SELECT current_user") == migrated.roles.owner
    await assert_only_uses(server, migrated)
    assert await postgres.ensure_database(server, migrated) == ()


async def test_migrator_makes_neither_databases_nor_roles_and_reaches_no_other_database(
    postgres: PostgresBackend, server: PostgresServer, migrated: DatabaseRequest, admin: "Connection"
) -> None:
    other = make_request("other")
    try:
        await postgres.ensure_database(server, migrated)
        await postgres.ensure_database(server, other)
        async with migrating(server, migrated) as migrator:
            for statement in ("CREATE DATABASE more", "CREATE ROLE more", "SELECT * FROM pg_authid"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await migrator.execute(statement)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connect(server, migrated.roles.migrator, migrated.migrator_password or "", other.database)
    finally:
        await drop(admin, other)


async def test_going_back_and_forth_between_own_and_separate_migrations_keeps_all_usable(
    postgres: PostgresBackend, server: PostgresServer, migrated: DatabaseRequest
) -> None:
    alone = replace(migrated, migrator_password=None)
    await postgres.ensure_database(server, alone)
    service = await log_in(server, alone)
    await service.execute(SCHEMA)
    await service.close()
    await postgres.ensure_database(server, migrated)
    await assert_only_uses(server, migrated)
    assert "migrator locked" in await postgres.ensure_database(server, alone)
    await assert_serves(server, alone)
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await connect(server, migrated.roles.migrator, migrated.migrator_password or "", migrated.database)
    await postgres.ensure_database(server, migrated)
    assert await postgres.ensure_database(server, migrated) == ()
    await assert_only_uses(server, migrated)


MIGRATOR_DRIFTS = {
    "dropped migrator": ("DROP ROLE %2$I", ("migrator created", "made a member", "set to act")),
    "migrator password": ("ALTER ROLE %2$I PASSWORD 'other'", ("migrator password reset",)),
    "migrator without the owner": ("REVOKE %3$I FROM %2$I", ("migrator made a member of the owner",)),
    "service made owner": ("GRANT %3$I TO %1$I", ("runtime role membership in 'o ",)),
    "service made superuser": ("ALTER ROLE %1$I SUPERUSER", ("runtime role privileges removed",)),
    "service acts as owner": ("ALTER ROLE %1$I SET role = %3$L", ("runtime role no longer set to act",)),
}


@pytest.mark.parametrize("drift", MIGRATOR_DRIFTS.values(), ids=MIGRATOR_DRIFTS.keys())
async def test_repairs_drift_of_a_service_with_migrations(
    postgres: PostgresBackend,
    server: PostgresServer,
    migrated: DatabaseRequest,
    admin: "Connection",
    drift: tuple[str, tuple[str, ...]],
) -> None:
    damage, repairs = drift
    await postgres.ensure_database(server, migrated)
    async with migrating(server, migrated) as migrator:
        await migrator.execute(SCHEMA)
    roles = migrated.roles
    await run(admin, damage, roles.runtime, roles.migrator, roles.owner)
    done = await postgres.ensure_database(server, migrated)
    assert len(done) == len(repairs)
    assert all(repair in words for repair, words in zip(repairs, done, strict=True))
    assert await postgres.ensure_database(server, migrated) == ()
    await assert_only_uses(server, migrated)


INSIDE_DRIFTS = {
    "defaults gone": "ALTER DEFAULT PRIVILEGES FOR ROLE %2$I REVOKE ALL ON TABLES FROM %1$I",
    "more by default": "ALTER DEFAULT PRIVILEGES FOR ROLE %2$I GRANT TRUNCATE ON TABLES TO %1$I",
    "open schema": "GRANT CREATE ON SCHEMA archive TO %1$I",
    "schema open to all": "GRANT CREATE ON SCHEMA public TO PUBLIC",
}


@pytest.mark.parametrize("damage", INSIDE_DRIFTS.values(), ids=INSIDE_DRIFTS.keys())
async def test_repairs_drift_within_the_database(
    postgres: PostgresBackend, server: PostgresServer, migrated: DatabaseRequest, damage: str
) -> None:
    await postgres.ensure_database(server, migrated)
    async with migrating(server, migrated) as migrator:
        await migrator.execute(SCHEMA)
    inside = await connect(server, server.user, server.password, migrated.database)
    await run(inside, damage, migrated.roles.runtime, migrated.roles.owner)
    await inside.close()
    assert len(await postgres.ensure_database(server, migrated)) == 1
    assert await postgres.ensure_database(server, migrated) == ()
    await assert_only_uses(server, migrated)


async def test_right_that_a_migration_took_stays_taken(
    postgres: PostgresBackend, server: PostgresServer, migrated: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, migrated)
    async with migrating(server, migrated) as migrator:
        await migrator.execute("CREATE TABLE audit (entry text)")
        await run(migrator, "REVOKE UPDATE, DELETE ON audit FROM %I", migrated.roles.runtime)
    assert await postgres.ensure_database(server, migrated) == ()
    service = await log_in(server, migrated)
    await service.execute("INSERT INTO audit VALUES ('kept')")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("DELETE FROM audit")
    await service.close()


async def test_locking_ends_the_migrator_too(
    postgres: PostgresBackend, server: PostgresServer, migrated: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, migrated)
    await postgres.lock_database(server, migrated.database, migrated.roles, migrated.owner)
    for role in (migrated.roles.runtime, migrated.roles.migrator):
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await connect(server, role, migrated.passwords[role], migrated.database)


async def test_dropping_leaves_nothing(
    postgres: PostgresBackend, server: PostgresServer, migrated: DatabaseRequest, admin: "Connection"
) -> None:
    await postgres.ensure_database(server, migrated)
    session = await log_in(server, migrated)
    await postgres.drop_database(server, migrated.database, migrated.roles, migrated.owner)
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.InterfaceError)):
        await session.execute("SELECT 1")
    names = [migrated.database, *migrated.roles.all]
    assert await admin.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = ANY($1)", names) == 0
    assert await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname = ANY($1)", names) == 0
    await postgres.drop_database(server, migrated.database, migrated.roles, migrated.owner)


async def test_dropping_leaves_what_belongs_to_somebody_else(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, wanted)
    await postgres.drop_database(server, wanted.database, wanted.roles, "test/thief")
    await assert_serves(server, wanted)


@pytest.fixture
async def limited(admin: "Connection", server: PostgresServer) -> AsyncIterator[PostgresServer]:
    """The server with an administrator as managed databases have them: no superuser."""
    name, password = f"limited {secrets.token_hex(4)}", secrets.token_urlsafe(16)
    await run(admin, "CREATE ROLE %I LOGIN CREATEROLE CREATEDB PASSWORD %L", name, password)
    yield replace(server, user=name, password=password)
    await run(admin, "DROP OWNED BY %I", name)
    await run(admin, "DROP ROLE %I", name)


async def test_administrator_without_superuser_suffices(
    postgres: PostgresBackend, limited: PostgresServer, migrated: DatabaseRequest, admin: "Connection"
) -> None:
    try:
        alone = replace(migrated, migrator_password=None)
        assert "database created" in await postgres.ensure_database(limited, alone)
        assert await postgres.ensure_database(limited, alone) == ()
        service = await log_in(limited, alone)
        await service.execute(SCHEMA)
        assert "migrator created" in await postgres.ensure_database(limited, migrated)
        assert await postgres.ensure_database(limited, migrated) == ()
        await service.close()
        await assert_only_uses(limited, migrated)
        rotated = replace(migrated, password=secrets.token_urlsafe(24))
        assert await postgres.ensure_database(limited, rotated) == ("runtime role password reset",)
        await postgres.lock_database(limited, migrated.database, migrated.roles, migrated.owner)
        await postgres.drop_database(limited, migrated.database, migrated.roles, migrated.owner)
        assert not await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", migrated.database)
    finally:
        await drop(admin, migrated)


async def test_no_service_reaches_the_databases_for_maintenance_of_an_embedded_server(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    await admin.execute("GRANT CONNECT, TEMP ON DATABASE postgres TO PUBLIC")
    embedded = replace(server, exclusive=True)
    try:
        done = await postgres.ensure_database(embedded, wanted)
        assert "public access to postgres revoked" in done
        assert await postgres.ensure_database(embedded, wanted) == ()
        for database in ("postgres", "template1"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connect(server, wanted.roles.runtime, wanted.password, database)
        await assert_serves(server, wanted)
    finally:
        await admin.execute("GRANT CONNECT, TEMP ON DATABASE postgres TO PUBLIC")
        await admin.execute("GRANT CONNECT ON DATABASE template1 TO PUBLIC")
