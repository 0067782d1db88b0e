"""Traces through events: the span of an event's making is the parent of what becomes of it elsewhere."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind

from fleetkit.events.cloudevents import CloudEvent
from fleetkit.tracing.spans import Attributes, context_of_traceparent, current_traceparent, is_tracing, span


def creating(event: CloudEvent) -> AbstractContextManager[CloudEvent]:
    """Makes a span of an event's way into the outbox, and yields the event as it goes there: with `traceparent`."""
    return _creating(event) if is_tracing() else nullcontext(event)


def sending(event_type: str, event_id: str, traceparent: str | None) -> AbstractContextManager[Span | None]:
    """Makes a span of one publication of an event, in the trace in which the event was made."""
    if traceparent is None or not is_tracing():
        return nullcontext()
    return span(
        f"send {event_type}",
        _attributes("send", event_type, event_id),
        kind=SpanKind.CLIENT,
        parent=context_of_traceparent(traceparent),
    )


def processing(event: CloudEvent, consumer: str) -> AbstractContextManager[Span | None]:
    """Makes a span of what an event does here, in the trace in which the event was made."""
    if not is_tracing():
        return nullcontext()
    return span(
        f"process {event.type}",
        {**_attributes("process", event.type, event.id), "messaging.consumer.group.name": consumer},
        kind=SpanKind.CONSUMER,
        parent=_parent(event),
    )


@contextmanager
def _creating(event: CloudEvent) -> Iterator[CloudEvent]:
    attributes = _attributes("create", event.type, event.id)
    with span(f"create {event.type}", attributes, kind=SpanKind.PRODUCER):
        yield event.model_copy(update={"traceparent": current_traceparent()})


def _parent(event: CloudEvent) -> Context:
    return context_of_traceparent(event.traceparent)


def _attributes(operation: str, event_type: str, event_id: str) -> Attributes:
    return {
        "messaging.operation.type": operation,
        "messaging.operation.name": operation,
        "messaging.destination.name": event_type,
        "messaging.message.id": event_id,
        "cloudevents.event_id": event_id,
        "cloudevents.event_type": event_type,
    }
