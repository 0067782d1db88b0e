"""When a login or a signing key is to be changed: by the spec, or because somebody asked. Pure."""

from dataclasses import dataclass
from datetime import datetime

from fastapi_fleet.api.span import span_of


@dataclass(frozen=True)
class RotationSchedule:
    """`since`: when what is in use was made. `every`: how often the spec wants another.

    `request` is what the annotation asks for now, `followed` what was done already.
    """

    since: str | None
    every: str | None
    request: str | None
    followed: str | None

    @property
    def due_at(self) -> datetime | None:
        """By the spec."""
        return datetime.fromisoformat(self.since) + span_of(self.every) if self.since and self.every else None

    def is_due(self, now: datetime) -> bool:
        is_asked_for = self.request is not None and self.request != self.followed
        return is_asked_for or (self.due_at is not None and self.due_at <= now)
