"""Times as the Kubernetes API writes them: RFC 3339 in UTC."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator

Now = Callable[[], datetime]
"""Tells the time, with its zone."""


def rfc3339(moment: datetime) -> str:
    """To the second, as metav1.Time has it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def rfc3339_micro(moment: datetime) -> str:
    """To the microsecond, as metav1.MicroTime has it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _with_zone(text: str) -> str:
    """Raises ValueError."""
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("without a time zone")
    return text


Time = Annotated[str, AfterValidator(_with_zone)]
"""A time that was written down, and that a hand may have changed since."""
