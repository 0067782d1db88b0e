"""The events that users sends; their schemas are in `contracts/events`."""

from uuid import UUID

from fleetkit.events.cloudevents import CloudEvent
from pydantic import BaseModel

from app.models.user import Role, User

USER_REGISTERED = "user.registered"


class UserRegistered(BaseModel):
    """The data of `user.registered`."""

    user_id: UUID
    email: str
    name: str
    role: Role


def user_registered(user: User, *, source: str) -> CloudEvent:
    """Tells of a new user."""
    data = UserRegistered(user_id=user.id, email=user.email, name=user.name, role=user.role)
    return CloudEvent.new(source=source, event_type=USER_REGISTERED, subject=str(user.id), data=data)
