"""What orders knows of users, who belong to another service."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class UserSummary:
    """A user as shown with an order."""

    id: UUID
    email: str
    name: str
    role: str


@dataclass(frozen=True)
class EmbeddedUser:
    """The user of an order, None where unknown; `degraded` where the users service could not be asked."""

    user: UserSummary | None
    degraded: bool
