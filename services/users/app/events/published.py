"""The events that users sends; their schemas are in `contracts/events`.

The time of an event is that of the change in the database, so that the events of one user have an order.
"""

from datetime import datetime
from uuid import UUID

from fleetkit.events.cloudevents import CloudEvent
from pydantic import BaseModel

from app.models.user import Role, User

USER_REGISTERED = "user.registered"
USER_UPDATED = "user.updated"
USER_DELETED = "user.deleted"


class UserState(BaseModel):
    """The data of `user.registered` and `user.updated`: the user as it is now."""

    user_id: UUID
    email: str
    name: str
    role: Role


class UserDeleted(BaseModel):
    """The data of `user.deleted`."""

    user_id: UUID


def user_registered(user: User, *, at: datetime, source: str) -> CloudEvent:
    """Tells of a new user."""
    return _event(USER_REGISTERED, user.id, _state(user), at=at, source=source)


def user_updated(user: User, *, at: datetime, source: str) -> CloudEvent:
    """Tells what a user is after a change."""
    return _event(USER_UPDATED, user.id, _state(user), at=at, source=source)


def user_deleted(user_id: UUID, *, at: datetime, source: str) -> CloudEvent:
    """Tells that a user is no more."""
    return _event(USER_DELETED, user_id, UserDeleted(user_id=user_id), at=at, source=source)


def _state(user: User) -> UserState:
    return UserState(user_id=user.id, email=user.email, name=user.name, role=user.role)


def _event(event_type: str, user_id: UUID, data: BaseModel, *, at: datetime, source: str) -> CloudEvent:
    return CloudEvent.new(source=source, event_type=event_type, subject=str(user_id), data=data, time=at)
