"""The envelope of every event: CloudEvents 1.0 in JSON."""

import builtins
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self, TypeVar
from uuid import uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

MEDIA_TYPE = "application/cloudevents+json"
# The specification permits no control character in it; a longer one is none that a database can find again.
EventId = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Data = TypeVar("Data", bound=BaseModel)


class InvalidEventError(Exception):
    """The event will never be understood: no repetition helps."""


class CloudEvent(BaseModel):
    """An event. `id` is the message id by which consumers know what they have had already."""

    model_config = ConfigDict(frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: EventId
    source: str
    type: str
    subject: str | None = None
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    # The extension for distributed tracing: the span in which the event was made.
    traceparent: Annotated[str | None, Field(exclude_if=lambda value: value is None)] = None
    data: dict[str, Any]

    @classmethod
    def new(cls, *, source: str, event_type: str, subject: str, data: BaseModel, time: datetime | None = None) -> Self:
        """Makes an event that happened at `time`, now unless told."""
        return cls(
            id=str(uuid4()),
            source=source,
            type=event_type,
            subject=subject,
            time=time or datetime.now(UTC),
            data=data.model_dump(mode="json"),
        )

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Reads an event from the wire.

        Raises:
            InvalidEventError: it is no CloudEvent.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise InvalidEventError(_summary(error)) from None

    def data_as(self, model: builtins.type[Data]) -> Data:
        """Reads `data` as the consumer's own model of it.

        Raises:
            InvalidEventError: it does not fit.
        """
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            raise InvalidEventError(_summary(error)) from None


def _summary(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}"
        for detail in error.errors(include_input=False, include_url=False, include_context=False)
    )
