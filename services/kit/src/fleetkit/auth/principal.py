"""Who asks, as far as a token says."""

from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Self
from uuid import UUID

from fleetkit.problems import ForbiddenError

MEMBER = "member"
ADMIN = "admin"
SERVICE = "service"
_SERVICE_PREFIX = "service:"
_current: ContextVar[str | None] = ContextVar("subject", default=None)


@dataclass(frozen=True)
class Principal:
    """A user, whose `subject` is the user's id, or a service, whose subject is `service:<name>`."""

    subject: str
    roles: frozenset[str]

    @classmethod
    def of_user(cls, user_id: UUID, role: str) -> Self:
        """A user with a role."""
        return cls(str(user_id), frozenset({role}))

    @classmethod
    def of_service(cls, name: str) -> Self:
        """A service that acts for itself, not for a user."""
        return cls(f"{_SERVICE_PREFIX}{name}", frozenset({SERVICE}))

    @cached_property
    def user_id(self) -> UUID | None:
        """The user's id, None for a service."""
        try:
            return UUID(self.subject)
        except ValueError:
            return None

    def has_any(self, *roles: str) -> bool:
        """Whether one of these roles is among the principal's."""
        return not self.roles.isdisjoint(roles)

    def require_self_or(self, user_id: UUID, *roles: str) -> None:
        """Lets the user with this id pass, and whoever has one of the roles.

        Raises:
            ForbiddenError: it is somebody else.
        """
        if self.user_id != user_id and not self.has_any(*roles):
            raise ForbiddenError("This belongs to somebody else")


def current_subject() -> str | None:
    """The subject of the token that the current request came with, None where none was verified."""
    return _current.get()


def remember_subject(subject: str | None) -> None:
    """Keeps who asks for the log lines of the current request."""
    _current.set(subject)
