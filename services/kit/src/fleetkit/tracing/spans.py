"""Spans of what a service does. Where traces are off, each of these is one look at a variable."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Attributes = Mapping[str, str | int]
TRACEPARENT = "traceparent"
_W3C = TraceContextTextMapPropagator()
_NO_SPAN: AbstractContextManager[None] = nullcontext()


class _Process:
    """Whether this process traces: like its logs, its traces are of the process as a whole."""

    tracer: Tracer | None = None


def trace_by(provider: TracerProvider | None) -> None:
    """Makes every span of this process by `provider` from now on; None ends that."""
    _Process.tracer = None if provider is None else provider.get_tracer("fleetkit")


def is_tracing() -> bool:
    """Whether spans are made."""
    return _Process.tracer is not None


def current_trace_id() -> str | None:
    """The id of the trace that the current work belongs to, None where there is none."""
    if _Process.tracer is None:
        return None
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def current_traceparent() -> str | None:
    """What tells another process of the current span (W3C Trace Context), None where there is none."""
    if _Process.tracer is None:
        return None
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get(TRACEPARENT)


def outgoing_headers() -> dict[str, str]:
    """The headers that a call to another service takes along, none where there is no current span."""
    carrier: dict[str, str] = {}
    if _Process.tracer is not None:
        propagate.inject(carrier)
    return carrier


def context_of(carrier: Mapping[str, str]) -> Context:
    """The span that the headers of a call tell of, as the parent of another."""
    return propagate.extract(dict(carrier))


def context_of_traceparent(traceparent: str | None) -> Context:
    """The span that `traceparent` tells of, as the parent of another; no parent where there is none."""
    return _W3C.extract({TRACEPARENT: traceparent} if traceparent else {}, Context())


def span(
    name: str,
    attributes: Attributes | None = None,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Context | None = None,
) -> AbstractContextManager[Span | None]:
    """Makes a span of what runs inside, and yields it; yields None where traces are off.

    Of an error that leaves it only the type is kept: messages may hold what a trace should not.

    Args:
        name: what is done, without ids: spans of the same work share it.
        attributes: OpenTelemetry's semantic conventions name them.
        kind: whether it serves, calls, sends, receives, or none of these.
        parent: what it belongs to, the current span unless told.
    """
    tracer = _Process.tracer
    return _NO_SPAN if tracer is None else _recorded(tracer, name, attributes, kind, parent)


@contextmanager
def _recorded(
    tracer: Tracer, name: str, attributes: Attributes | None, kind: SpanKind, parent: Context | None
) -> Iterator[Span]:
    with tracer.start_as_current_span(
        name, context=parent, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as recorded:
        try:
            yield recorded
        except BaseException as error:
            recorded.set_attribute("error.type", type(error).__qualname__)
            recorded.set_status(StatusCode.ERROR)
            raise
