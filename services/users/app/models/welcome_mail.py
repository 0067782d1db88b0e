"""A welcome mail that is due."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class WelcomeMail:
    """To whom it goes, which event is its cause, and how often sending it was begun, this time included."""

    user_id: UUID
    event_id: UUID
    email: str
    name: str
    attempts: int
