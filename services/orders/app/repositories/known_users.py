"""SQL of the local copy of users."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from fleetkit.database import Connection

from app.models.user import UserSummary

# Events may arrive in another order than they happened in: what is older changes nothing.
_REMEMBER = """
INSERT INTO known_users (id, email, name, role, changed_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET
    email = excluded.email, name = excluded.name, role = excluded.role, changed_at = excluded.changed_at
WHERE known_users.changed_at < excluded.changed_at AND NOT known_users.deleted
"""
_FORGET = """
INSERT INTO known_users (id, email, name, role, changed_at, deleted) VALUES ($1, '', '', '', $2, true)
ON CONFLICT (id) DO UPDATE SET email = '', name = '', role = '', changed_at = excluded.changed_at, deleted = true
"""
_SELECT = "SELECT id, email, name, role FROM known_users WHERE id = ANY($1) AND NOT deleted"


class KnownUserRepository:
    """Reads and writes the copy on the connection of the use case."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def remember(self, user: UserSummary, changed_at: datetime) -> None:
        """Stores what became of a user at a time, unless something later is known."""
        await self._connection.execute(_REMEMBER, user.id, user.email, user.name, user.role, changed_at)

    async def forget(self, user_id: UUID, deleted_at: datetime) -> None:
        """Stores that a user is no more, and nothing else of them; this is final."""
        await self._connection.execute(_FORGET, user_id, deleted_at)

    async def find(self, user_ids: Collection[UUID]) -> dict[UUID, UserSummary]:
        """The copies by id, without users of whom no event has told yet, or one told that they were deleted."""
        rows = await self._connection.fetch(_SELECT, user_ids)
        return {row["id"]: UserSummary(row["id"], row["email"], row["name"], row["role"]) for row in rows}
