"""Databases that were there before: those that older operators made, and those that a person made."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fastapi_fleet.backends.passwords import make_scram_verifier
from fastapi_fleet.backends.postgres import DatabaseRequest, PostgresBackend, PostgresServer
from fastapi_fleet.backends.postgres_state import ownership_mark
from fastapi_fleet.errors import BackendUnavailableError, NotOwnedError
from support.database_rights import SCHEMA, assert_only_uses
from support.databases import assert_serves, connect, drop, log_in, run

if TYPE_CHECKING:
    from support.databases import Connection


async def provision_as_before(admin: "Connection", server: PostgresServer, wanted: DatabaseRequest) -> None:
    """What operators before this one made: one role that owns all of it."""
    mark, role = ownership_mark(wanted.owner), wanted.roles.runtime
    await run(admin, "CREATE ROLE %I LOGIN PASSWORD %L", role, make_scram_verifier(wanted.password))
    await run(admin, "COMMENT ON ROLE %I IS %L", role, mark)
    await run(admin, "CREATE DATABASE %I OWNER %I", wanted.database, role)
    await run(admin, "COMMENT ON DATABASE %I IS %L", wanted.database, mark)
    await run(admin, "REVOKE ALL ON DATABASE %I FROM PUBLIC", wanted.database)
    service = await log_in(server, wanted)
    await service.execute(SCHEMA)
    await service.close()


async def owners(admin_inside: "Connection") -> set[str]:
    rows = await admin_inside.fetch(
        """SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class
           WHERE relnamespace::regnamespace::text IN ('public', 'archive') AND relkind IN ('r', 'v', 'S')"""
    )
    return {row[0] for row in rows}


async def test_database_of_an_older_operator_is_taken_on_while_it_is_in_use(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    await provision_as_before(admin, server, wanted)
    session = await log_in(server, wanted)
    reads = await session.prepare("SELECT count(*) FROM orders")
    assert await reads.fetchval() == 1
    assert await postgres.ensure_database(server, wanted) == (
        "owner created",
        "runtime role made a member of the owner",
        "runtime role set to act as the owner",
        "database owner set",
        "what is in the database given to the owner",
        "runtime access set",
    )
    assert await reads.fetchval() == 1
    await session.execute("ALTER TABLE orders ADD COLUMN more int; CREATE TABLE made_meanwhile (id int)")
    assert await postgres.ensure_database(server, wanted) == ("what is in the database given to the owner",)
    assert await owners(session) == {wanted.roles.owner}
    assert await postgres.ensure_database(server, wanted) == ()
    await assert_serves(server, wanted)
    await session.close()


async def test_service_of_an_older_operator_goes_on_while_its_rights_are_narrowed(
    postgres: PostgresBackend, server: PostgresServer, migrated: DatabaseRequest, admin: "Connection"
) -> None:
    await provision_as_before(admin, server, migrated)
    session = await log_in(server, migrated)
    await postgres.ensure_database(server, migrated)
    await session.execute("INSERT INTO orders (total) VALUES (1)")
    await session.close()
    await assert_only_uses(server, migrated)
    assert await postgres.ensure_database(server, migrated) == ()


async def test_table_in_use_is_waited_for_no_longer_than_others_can_bear(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    await provision_as_before(admin, server, wanted)
    session = await log_in(server, wanted)
    async with session.transaction():
        await session.execute("SELECT * FROM orders")
        with pytest.raises(BackendUnavailableError, match="LockNotAvailableError"):
            await postgres.ensure_database(server, wanted)
        await session.execute("INSERT INTO orders (total) VALUES (7)")
    assert "what is in the database given to the owner" in await postgres.ensure_database(server, wanted)
    await session.close()


@pytest.fixture
async def found(admin: "Connection", server: PostgresServer, wanted: DatabaseRequest) -> AsyncIterator[DatabaseRequest]:
    """A database of the wanted name that somebody else made, owned by his own role, with data in it."""
    legacy = f"legacy of {wanted.database}"
    await run(admin, "CREATE ROLE %I", legacy)
    await run(admin, "CREATE DATABASE %I OWNER %I", wanted.database, legacy)
    inside = await connect(server, server.user, server.password, wanted.database)
    await run(inside, "GRANT CREATE ON SCHEMA public TO %I", legacy)
    await run(inside, "SET ROLE %I", legacy)
    await inside.execute(SCHEMA)
    await inside.execute("RESET ROLE; CREATE TABLE of_the_administrator (id int); CREATE EXTENSION hstore")
    await inside.close()
    yield wanted
    await drop(admin, wanted)
    await run(admin, "DROP ROLE %I", legacy)


async def test_found_database_is_refused_until_it_is_to_be_adopted(
    postgres: PostgresBackend, server: PostgresServer, found: DatabaseRequest, admin: "Connection"
) -> None:
    with pytest.raises(NotOwnedError, match="database"):
        await postgres.ensure_database(server, found)
    assert await admin.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = ANY($1)", list(found.roles.all)) == 0


@pytest.mark.parametrize("separate", [False, True], ids=["migrates itself", "with migrations"])
async def test_adopted_database_keeps_its_data_and_becomes_the_owner_s(
    postgres: PostgresBackend, server: PostgresServer, found: DatabaseRequest, *, separate: bool
) -> None:
    adopting = replace(found, adopt=True, migrator_password=secrets.token_urlsafe(24) if separate else None)
    done = await postgres.ensure_database(server, adopting)
    assert {"database owner set", "what is in the database given to the owner", "database marked"} <= {*done}
    assert await postgres.ensure_database(server, adopting) == ()
    assert await postgres.ensure_database(server, replace(adopting, adopt=False)) == ()
    service = await log_in(server, adopting)
    assert await service.fetchval("SELECT total FROM orders") == 42
    assert await owners(service) == {adopting.roles.owner}
    await service.close()
    if separate:
        await assert_only_uses(server, adopting)
    else:
        await assert_serves(server, adopting)


async def test_adopted_role_gets_the_password_and_loses_its_privileges(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    await run(admin, "CREATE ROLE %I LOGIN SUPERUSER PASSWORD 'theirs'", wanted.roles.runtime)
    with pytest.raises(NotOwnedError, match="role"):
        await postgres.ensure_database(server, wanted)
    done = await postgres.ensure_database(server, replace(wanted, adopt=True))
    assert {"runtime role marked", "runtime role privileges removed", "runtime role password reset"} <= {*done}
    assert await postgres.ensure_database(server, wanted) == ()
    await assert_serves(server, wanted)


@pytest.mark.parametrize("what", ["ROLE", "DATABASE"])
async def test_what_another_service_owns_is_never_adopted(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection", what: str
) -> None:
    name = wanted.roles.runtime if what == "ROLE" else wanted.database
    await run(admin, f"CREATE {what} %I", name)
    await run(admin, f"COMMENT ON {what} %I IS 'fastapi-fleet: test/another'", name)
    with pytest.raises(NotOwnedError):
        await postgres.ensure_database(server, replace(wanted, adopt=True))
