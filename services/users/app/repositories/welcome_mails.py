"""SQL of welcome mails."""

from datetime import timedelta
from uuid import UUID

from fleetkit.database import Connection

from app.models.welcome_mail import WelcomeMail

# A user who was deleted meanwhile gets none, and cannot be deleted between the look and the insert.
_ADD = """
INSERT INTO welcome_mails (user_id, event_id) SELECT id, $2 FROM users WHERE id = $1 FOR KEY SHARE
ON CONFLICT DO NOTHING
"""
_CLAIM = """
UPDATE welcome_mails SET attempts = attempts + 1, next_attempt_at = now() + $1
FROM users WHERE id = welcome_mails.user_id AND welcome_mails.user_id = (
    SELECT user_id FROM welcome_mails WHERE next_attempt_at <= now()
    ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING user_id, event_id, email, name, attempts
"""
_SENT = """
UPDATE welcome_mails SET sent_at = now(), next_attempt_at = 'infinity', last_error = NULL WHERE user_id = $1
"""
_POSTPONE = "UPDATE welcome_mails SET next_attempt_at = now() + $2, last_error = $3 WHERE user_id = $1"
_GIVE_UP = "UPDATE welcome_mails SET next_attempt_at = 'infinity', last_error = $2 WHERE user_id = $1"


class WelcomeMailRepository:
    """Reads and writes which welcome mails are due on the connection of the use case."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, user_id: UUID, *, event_id: UUID) -> None:
        """Notes that a user is to get a mail, unless there is no such user or that was noted before."""
        await self._connection.execute(_ADD, user_id, event_id)

    async def claim(self, lease: timedelta) -> WelcomeMail | None:
        """Takes the mail that has been due for longest, and nobody else gets it for so long; None where none is due."""
        row = await self._connection.fetchrow(_CLAIM, lease)
        if row is None:
            return None
        return WelcomeMail(row["user_id"], row["event_id"], row["email"], row["name"], row["attempts"])

    async def mark_sent(self, user_id: UUID) -> None:
        """Remembers that the mail server has the mail."""
        await self._connection.execute(_SENT, user_id)

    async def postpone(self, user_id: UUID, pause: timedelta, reason: str) -> None:
        """Leaves the mail for later."""
        await self._connection.execute(_POSTPONE, user_id, pause, reason)

    async def give_up(self, user_id: UUID, reason: str) -> None:
        """Remembers that the mail cannot be sent."""
        await self._connection.execute(_GIVE_UP, user_id, reason)
