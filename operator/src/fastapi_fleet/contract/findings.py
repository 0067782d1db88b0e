"""What a comparison says."""

from dataclasses import dataclass
from enum import StrEnum

from fastapi_fleet.contract.document import Side


class Severity(StrEnum):
    BREAKING = "breaking"
    NOT_BREAKING = "not breaking"


class Direction(StrEnum):
    """Requests break where less is taken, responses where more can come."""

    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True)
class Location:
    """`pointer` is into the new document, and into the old one for what is gone."""

    operation: str
    document: Side
    pointer: str


@dataclass(frozen=True)
class Finding:
    rule: str
    severity: Severity
    location: Location
    message: str

    @property
    def is_breaking(self) -> bool:
        return self.severity is Severity.BREAKING
