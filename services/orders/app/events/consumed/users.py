"""Events of the users service: the local copy of users follows them."""

from uuid import UUID

from fleetkit.database import Connection
from fleetkit.events.cloudevents import CloudEvent
from pydantic import BaseModel

from app.models.user import UserSummary
from app.repositories.known_users import KnownUserRepository

USER_REGISTERED = "user.registered"
USER_UPDATED = "user.updated"
USER_DELETED = "user.deleted"


class UserState(BaseModel):
    user_id: UUID
    email: str
    name: str
    role: str


class UserDeleted(BaseModel):
    user_id: UUID


async def remember_user(connection: Connection, event: CloudEvent) -> None:
    """Keeps the local copy of the user."""
    user = event.data_as(UserState)
    summary = UserSummary(user.user_id, user.email, user.name, user.role)
    await KnownUserRepository(connection).remember(summary, event.time)


async def forget_user(connection: Connection, event: CloudEvent) -> None:
    """Empties the local copy of the user, and remembers that there is none."""
    user = event.data_as(UserDeleted)
    await KnownUserRepository(connection).forget(user.user_id, event.time)
