"""SQL of users."""

from uuid import UUID

from fleetkit.database import Connection, Row

from app.models.user import Role, User

_INSERT = """
INSERT INTO users (id, email, name, role) VALUES ($1, $2, $3, $4)
ON CONFLICT (lower(email)) DO NOTHING RETURNING true
"""
_SELECT = """
SELECT id, email, name, role, coalesce(orders, 0) AS order_count
FROM users LEFT JOIN order_counts ON user_id = id WHERE id = $1
"""
_COUNT_ORDER = """
INSERT INTO order_counts (user_id, orders) VALUES ($1, 1)
ON CONFLICT (user_id) DO UPDATE SET orders = order_counts.orders + 1
"""


class UserRepository:
    """Reads and writes users on the connection of the use case."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, user: User) -> bool:
        """Stores a new user; False where the e-mail address is taken, in whatever case."""
        added = await self._connection.fetchval(_INSERT, user.id, user.email, user.name, user.role.value)
        return bool(added)

    async def find(self, user_id: UUID) -> User | None:
        """The user, None where there is none."""
        row = await self._connection.fetchrow(_SELECT, user_id)
        return _user(row) if row else None

    async def count_order(self, user_id: UUID) -> None:
        """Counts one more order of a user, known or not."""
        await self._connection.execute(_COUNT_ORDER, user_id)


def _user(row: Row) -> User:
    return User(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        order_count=row["order_count"],
    )
