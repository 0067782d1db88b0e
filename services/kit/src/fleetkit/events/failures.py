"""What becomes of an event that could not be applied: tried again after growing pauses, then parked with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

REASON_HEADER = "x-reason"
EXCEPTION_HEADER = "x-exception"
TYPE_HEADER = "x-original-type"
ATTEMPTS_HEADER = "x-attempts"
FAILED_AT_HEADER = "x-failed-at"
FAILURE_HEADERS = (REASON_HEADER, EXCEPTION_HEADER, TYPE_HEADER, ATTEMPTS_HEADER, FAILED_AT_HEADER)
MAX_REASON_LENGTH = 300
MAX_DIGITS = 9


@dataclass(frozen=True)
class Failure:
    """Why an event was not applied at its last attempt.

    Args:
        event_type: what it was sent as.
        reason: the first line of the error.
        exception: the error's class.
        attempts: how many there were, this one included.
        at: when.
    """

    event_type: str
    reason: str
    exception: str
    attempts: int
    at: datetime

    @classmethod
    def of(cls, error: Exception, *, event_type: str, attempts: int) -> Self:
        """Describes the error of attempt number `attempts`."""
        reason = next(iter(str(error).splitlines()), "")[:MAX_REASON_LENGTH]
        reason = reason.encode(errors="backslashreplace").decode()  # headers have to be encoded
        return cls(event_type, reason, type(error).__qualname__, attempts, datetime.now(UTC))

    def headers(self) -> dict[str, str | int]:
        """What travels with the event."""
        return {
            REASON_HEADER: self.reason,
            EXCEPTION_HEADER: self.exception,
            TYPE_HEADER: self.event_type,
            ATTEMPTS_HEADER: self.attempts,
            FAILED_AT_HEADER: self.at.isoformat(),
        }


def attempts_in(headers: Mapping[str, object]) -> int:
    """How often the event that came with these headers has failed before."""
    text = str(headers.get(ATTEMPTS_HEADER, ""))
    return int(text) if text.isdecimal() and len(text) <= MAX_DIGITS else 0
