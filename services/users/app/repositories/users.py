"""SQL of users."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from fleetkit.database import Connection, Row
from fleetkit.pages import Cursor, Page, PageRequest

from app.models.user import Role, User

_START = Cursor(datetime.min.replace(tzinfo=UTC), UUID(int=0))
_INSERT = """
INSERT INTO users (id, email, name, role) VALUES ($1, $2, $3, $4)
ON CONFLICT (lower(email)) DO NOTHING RETURNING updated_at
"""
# An order may be told to be cancelled before it is told to be placed: the count is below zero until then.
_SELECT = """
SELECT id, email, name, role, greatest(orders, 0) AS order_count
FROM users LEFT JOIN order_counts ON user_id = id WHERE id = $1
"""
_LOCK = _SELECT + " FOR UPDATE OF users"
# Statements of their own for each choice of index: a prepared one that fits all gets a plan that fits none.
_PAGE = """
SELECT id, email, name, role, created_at, greatest(orders, 0) AS order_count
FROM users LEFT JOIN order_counts ON user_id = id
WHERE (created_at, id) > ($1, $2) AND ($3::text IS NULL OR role = $3)
ORDER BY created_at, id LIMIT $4
"""
_PAGE_OF_IDS = """
SELECT id, email, name, role, created_at, greatest(orders, 0) AS order_count
FROM users LEFT JOIN order_counts ON user_id = id
WHERE id = ANY($5) AND (created_at, id) > ($1, $2) AND ($3::text IS NULL OR role = $3)
ORDER BY created_at, id LIMIT $4
"""
_UPDATE = """
UPDATE users SET email = $2, name = $3, role = $4,
    updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
WHERE id = $1 RETURNING updated_at
"""
_DELETE = """
DELETE FROM users WHERE id = $1 RETURNING greatest(clock_timestamp(), updated_at + interval '1 microsecond')
"""
# Any constant does: it only has to be the same for every process.
_LOCK_ADMINS = "SELECT pg_advisory_xact_lock(4119302856)"
_HAS_ADMIN = "SELECT EXISTS (SELECT FROM users WHERE role = 'admin')"
_FORGET_ORDERS = "DELETE FROM order_counts WHERE user_id = $1"
_COUNT_ORDERS = """
INSERT INTO order_counts (user_id, orders) VALUES ($1, $2)
ON CONFLICT (user_id) DO UPDATE SET orders = order_counts.orders + excluded.orders
"""


class UserRepository:
    """Reads and writes users on the connection of the use case.

    What changes a user returns the time of the change, later than that of any change of this user before.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, user: User) -> datetime | None:
        """Stores a new user; None where the e-mail address is taken, in whatever case."""
        added: datetime | None = await self._connection.fetchval(
            _INSERT, user.id, user.email, user.name, user.role.value
        )
        return added

    async def find(self, user_id: UUID) -> User | None:
        """The user, None where there is none."""
        row = await self._connection.fetchrow(_SELECT, user_id)
        return _user(row) if row else None

    async def lock(self, user_id: UUID) -> User | None:
        """The user, whom nobody else changes until the transaction ends; None where there is none."""
        row = await self._connection.fetchrow(_LOCK, user_id)
        return _user(row) if row else None

    async def page(self, request: PageRequest, *, role: Role | None, ids: Sequence[UUID] | None) -> Page[User]:
        """Users in the order of registration; `role` and `ids` leave out others where they are not None."""
        after = request.after or _START
        place = (after.at, after.id, role, request.limit + 1)
        if ids is None:
            rows = await self._connection.fetch(_PAGE, *place)
        else:
            rows = await self._connection.fetch(_PAGE_OF_IDS, *place, ids)
        return Page.of_rows(rows, request.limit, _user)

    async def update(self, user: User) -> datetime | None:
        """Stores what became of a locked user; None where another user has the e-mail address, in whatever case."""
        try:
            changed: datetime = await self._connection.fetchval(
                _UPDATE, user.id, user.email, user.name, user.role.value
            )
        except asyncpg.UniqueViolationError:
            return None
        return changed

    async def delete(self, user_id: UUID) -> datetime | None:
        """Deletes a user; None where there is none."""
        deleted: datetime | None = await self._connection.fetchval(_DELETE, user_id)
        await self._connection.execute(_FORGET_ORDERS, user_id)
        return deleted

    async def has_admin(self) -> bool:
        """Whether there is an admin."""
        return bool(await self._connection.fetchval(_HAS_ADMIN))

    async def lock_admins(self) -> None:
        """Waits until no other process is making the first admin; the lock ends with the transaction."""
        await self._connection.execute(_LOCK_ADMINS)

    async def count_orders(self, user_id: UUID, more: int) -> None:
        """Counts so many more orders of a user, known or not; a negative number takes them away."""
        await self._connection.execute(_COUNT_ORDERS, user_id, more)


def _user(row: Row) -> User:
    return User(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        order_count=row["order_count"],
    )
