"""What a user is."""

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    MEMBER = "member"
    ADMIN = "admin"


@dataclass(frozen=True)
class User:
    """A user as stored. `order_count` follows the orders service by its events."""

    id: UUID
    email: str
    name: str
    role: Role
    order_count: int = 0


@dataclass(frozen=True)
class UserChange:
    """What is to become different of a user; None leaves a part as it is."""

    email: str | None = None
    name: str | None = None
    role: Role | None = None

    def of(self, user: User) -> User:
        """The user after the change."""
        return replace(
            user,
            email=user.email if self.email is None else self.email,
            name=user.name if self.name is None else self.name,
            role=user.role if self.role is None else self.role,
        )
