"""What a user is."""

from dataclasses import dataclass
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
