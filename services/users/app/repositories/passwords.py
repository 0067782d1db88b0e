"""SQL of passwords, which are hashes only."""

from uuid import UUID

from fleetkit.database import Connection

from app.models.credentials import Login
from app.models.user import Role

_SET = """
INSERT INTO passwords (user_id, hash) VALUES ($1, $2)
ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, updated_at = now()
"""
_REPLACE = "UPDATE passwords SET hash = $3, updated_at = now() WHERE user_id = $1 AND hash = $2 RETURNING true"
_FIND = "SELECT hash FROM passwords WHERE user_id = $1"
_FIND_LOGIN = """
SELECT id, role, hash FROM users LEFT JOIN passwords ON user_id = id WHERE lower(email) = lower($1)
"""


class PasswordRepository:
    """Reads and writes the hashes of passwords on the connection of the use case."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def set(self, user_id: UUID, password_hash: str) -> None:
        """Stores the hash of a user's password, in place of another if there is one."""
        await self._connection.execute(_SET, user_id, password_hash)

    async def replace(self, user_id: UUID, old_hash: str, new_hash: str) -> bool:
        """Stores the hash in place of this one; False where it is another meanwhile."""
        return bool(await self._connection.fetchval(_REPLACE, user_id, old_hash, new_hash))

    async def find(self, user_id: UUID) -> str | None:
        """The hash of a user's password, None where there is none."""
        found: str | None = await self._connection.fetchval(_FIND, user_id)
        return found

    async def find_login(self, email: str) -> Login | None:
        """Who has this e-mail address, in whatever case; None where nobody has."""
        row = await self._connection.fetchrow(_FIND_LOGIN, email)
        return Login(row["id"], Role(row["role"]), row["hash"]) if row else None
