"""What the version before does in its own SQL while the tables are those of this one."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from app.config import Settings
from app.main import MIGRATIONS
from app.models.user import Role
from app.repositories.users import UserRepository
from fleetkit.database import Connection, Database
from fleetkit.migrations import migrate

_REGISTER = """
INSERT INTO users (id, email, name, role) VALUES ($1, $2, $3, $4)
ON CONFLICT (lower(email)) DO NOTHING RETURNING updated_at
"""
_FIND = """
SELECT id, email, name, role, greatest(orders, 0) AS order_count
FROM users LEFT JOIN order_counts ON user_id = id WHERE id = $1
"""
_CHANGE = """
UPDATE users SET email = $2, name = $3, role = $4,
    updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
WHERE id = $1 RETURNING updated_at
"""
_DELETE = "DELETE FROM users WHERE id = $1 RETURNING clock_timestamp()"
_APPEND = "INSERT INTO outbox (id, type, body, request_id) VALUES ($1, $2, $3, $4) RETURNING position"
_CLAIM = """
SELECT position, id::text AS id, type, body::text AS body, request_id FROM outbox
WHERE next_attempt_at <= now() ORDER BY position LIMIT $1 FOR UPDATE SKIP LOCKED
"""
_REMEMBER = "INSERT INTO inbox (consumer, message_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true"


@pytest.fixture
async def connection(settings: Settings) -> AsyncIterator[Connection]:
    await migrate(settings.database_url, MIGRATIONS)
    async with Database(settings, application_name="version-before") as database:
        await database.open()
        async with database.transaction() as connection:
            yield connection


async def registered_by_version_before(connection: Connection) -> UUID:
    user_id = uuid4()
    assert await connection.fetchval(_REGISTER, user_id, "Ada@Example.com", "Ada", "member") is not None
    return user_id


async def test_its_users_are_users_here(connection: Connection) -> None:
    user = await UserRepository(connection).find(await registered_by_version_before(connection))
    assert user is not None
    assert (user.email, user.name, user.role, user.order_count) == ("Ada@Example.com", "Ada", Role.MEMBER, 0)


async def test_it_finds_an_address_taken_in_whatever_case(connection: Connection) -> None:
    await registered_by_version_before(connection)
    assert await connection.fetchval(_REGISTER, uuid4(), "ada@example.com", "Eve", "member") is None


async def test_it_reads_changes_and_deletes(connection: Connection) -> None:
    user_id = await registered_by_version_before(connection)
    await connection.fetchval(_CHANGE, user_id, "grace@example.com", "Grace", "admin")
    row = await connection.fetchrow(_FIND, user_id)
    assert row is not None
    assert (row["email"], row["role"]) == ("grace@example.com", "admin")
    assert await connection.fetchval(_DELETE, user_id) is not None
    assert await UserRepository(connection).find(user_id) is None


async def test_its_events_leave_and_arrive_once(connection: Connection) -> None:
    await connection.fetchval(_APPEND, uuid4(), "user.registered", "{}", None)
    assert [row["type"] for row in await connection.fetch(_CLAIM, 10)] == ["user.registered"]
    received = [await connection.fetchval(_REMEMBER, "users", "message-1") for _ in range(2)]
    assert received == [True, None]
