"""Two logins of a service by turns, on a real PostgreSQL server."""

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

import asyncpg
import pytest
from fastapi_fleet.backends.login_session import Turn
from fastapi_fleet.backends.postgres import DatabaseRequest, PostgresBackend, PostgresServer
from fastapi_fleet.errors import BackendRefusedError
from support.database_rights import SCHEMA, assert_only_uses
from support.databases import assert_serves, log_in, migrating, run

if TYPE_CHECKING:
    from support.databases import Connection

REFUSED = asyncpg.InvalidAuthorizationSpecificationError


def in_turn(request: DatabaseRequest, *, draining: bool) -> DatabaseRequest:
    """The other login, with a password of its own."""
    turn: Turn = "second" if request.turn == "first" else "first"
    return replace(request, turn=turn, password=secrets.token_urlsafe(24), draining=draining)


async def lock(postgres: PostgresBackend, server: PostgresServer, left: DatabaseRequest) -> None:
    await postgres.lock_login(server, left.login, left.owner)


async def test_both_logins_serve_side_by_side_until_the_old_one_is_locked(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, wanted)
    coming = in_turn(wanted, draining=True)
    await postgres.ensure_database(server, coming)
    await postgres.log_in(server, coming)
    await assert_serves(server, wanted)
    await assert_serves(server, coming)
    await lock(postgres, server, wanted)
    with pytest.raises(REFUSED):
        await log_in(server, wanted)
    await assert_serves(server, coming)
    assert await postgres.ensure_database(server, replace(coming, draining=False)) == ()


async def test_turns_go_round_and_no_old_password_comes_back(
    postgres: PostgresBackend, server: PostgresServer, migrated: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, migrated)
    async with migrating(server, migrated) as migrator:
        await migrator.execute(SCHEMA)
    current, old = migrated, []
    for _ in range(4):
        coming = in_turn(current, draining=True)
        await postgres.ensure_database(server, coming)
        await lock(postgres, server, current)
        old.append(current)
        current = replace(coming, draining=False)
        assert await postgres.ensure_database(server, current) == ()
        await assert_only_uses(server, current)
        for before in old:
            with pytest.raises(REFUSED):
                await log_in(server, before)


async def test_what_migrations_make_and_take_later_holds_for_the_second_login_too(
    postgres: PostgresBackend, server: PostgresServer, migrated: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, migrated)
    coming = in_turn(migrated, draining=True)
    await postgres.ensure_database(server, coming)
    async with migrating(server, coming) as migrator:
        await migrator.execute("CREATE TABLE audit (entry text)")
        await run(migrator, "REVOKE DELETE ON audit FROM %I", migrated.roles.runtime)
    service = await log_in(server, coming)
    await service.execute("INSERT INTO audit VALUES ('kept')")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("DELETE FROM audit")
    await service.close()


async def test_login_that_was_locked_and_is_opened_by_hand_is_locked_again(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    await postgres.ensure_database(server, wanted)
    coming = in_turn(wanted, draining=True)
    await postgres.ensure_database(server, coming)
    await lock(postgres, server, wanted)
    settled = replace(coming, draining=False)
    await run(admin, "ALTER ROLE %I LOGIN PASSWORD %L", wanted.login, wanted.password)
    assert await postgres.ensure_database(server, settled) == ("runtime role locked",)
    with pytest.raises(REFUSED):
        await log_in(server, wanted)


async def test_sessions_of_a_login_are_told_and_end_when_it_is_locked(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, wanted)
    assert await postgres.list_sessions(server, wanted.login) == ()
    sessions = [await log_in(server, wanted) for _ in range(2)]
    first, second = await postgres.list_sessions(server, wanted.login)
    assert first.client != ""
    assert first.since <= second.since
    await lock(postgres, server, wanted)
    assert await postgres.list_sessions(server, wanted.login) == ()
    for session in sessions:
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
            await session.execute("SELECT 1")


async def test_wrong_password_is_found_by_logging_in_and_told_without_it(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, wanted)
    wrong = replace(wanted, password="of-somebody-else")
    with pytest.raises(BackendRefusedError) as refused:
        await postgres.log_in(server, wrong)
    assert refused.value.reason == "LoginRefused"
    assert wrong.password not in refused.value.message


async def test_login_of_somebody_else_is_not_locked(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    await postgres.ensure_database(server, wanted)
    await postgres.lock_login(server, wanted.login, "team/other")
    await postgres.log_in(server, wanted)


async def test_deleting_leaves_neither_login(
    postgres: PostgresBackend, server: PostgresServer, migrated: DatabaseRequest, admin: "Connection"
) -> None:
    await postgres.ensure_database(server, migrated)
    coming = in_turn(migrated, draining=True)
    await postgres.ensure_database(server, coming)
    await postgres.lock_database(server, migrated.database, migrated.roles, migrated.owner)
    for login in (migrated, coming):
        with pytest.raises(REFUSED):
            await log_in(server, login)
    await postgres.drop_database(server, migrated.database, migrated.roles, migrated.owner)
    left = "SELECT count(*) FROM pg_roles WHERE rolname = ANY($1::text[])"
    assert await admin.fetchval(left, migrated.roles.all) == 0
