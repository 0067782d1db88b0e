"""Events that were parked: what they are, why, and how they come back."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class ParkingUnavailableError(Exception):
    """The broker is away, refused, or has nothing of this name; the message says which."""


@dataclass(frozen=True)
class ParkedEvent:
    """An event in the parking place of its type. What is not known of it is empty, or zero attempts.

    `id` is the message's id, which is the event's.
    """

    id: str
    type: str
    reason: str
    exception: str
    attempts: int
    failed_at: datetime | None


class ParkingLot(Protocol):
    """Where one service's parked events are, on whatever broker."""

    def browse(self, event_type: str) -> AbstractAsyncContextManager[AsyncIterator[ParkedEvent]]:
        """Yields what is parked at present, oldest first; what is not replayed within stays parked.

        Raises:
            ParkingUnavailableError: as it says.
        """

    async def replay(self, event: ParkedEvent) -> None:
        """Brings the event that `browse` yielded last back to the service, with all its attempts.

        Returns once the broker has confirmed that it has it; only then does it leave the parking place.

        Raises:
            ParkingUnavailableError: it stays parked.
        """
