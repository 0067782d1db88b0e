"""What other services' events do here. Each model holds what is used of an event, and ignores the rest."""

from collections.abc import Mapping
from uuid import UUID

from fleetkit.database import Connection
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import EventHandler
from pydantic import BaseModel

from app.models.user import UserSummary
from app.repositories.known_users import KnownUserRepository

USER_REGISTERED = "user.registered"


class UserRegistered(BaseModel):
    user_id: UUID
    email: str
    name: str
    role: str


async def remember_user(connection: Connection, event: CloudEvent) -> None:
    """Keeps the local copy of the user."""
    user = event.data_as(UserRegistered)
    summary = UserSummary(user.user_id, user.email, user.name, user.role)
    await KnownUserRepository(connection).remember(summary, event.time)


HANDLERS: Mapping[str, EventHandler] = {USER_REGISTERED: remember_user}
