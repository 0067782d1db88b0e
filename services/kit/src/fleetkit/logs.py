"""JSON logs, one line each, the same form for the service, uvicorn and every library."""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import stamina.instrumentation
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from fleetkit.auth.principal import current_subject
from fleetkit.request_id import current_request_id
from fleetkit.tracing.spans import current_trace_id


def configure_logging(service_name: str, level: str) -> None:
    """Sends every log line of this process to standard output as JSON.

    Args:
        service_name: the value of `service` in each line.
        level: the lowest level that is written, as in `logging`.
    """

    # One function for what every line has: called one by one, structlog's own take most of the time of a line.
    def add_context(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event["level"] = "error" if method == "exception" else method
        record = event.get("_record")  # of a line that came by way of `logging`
        event["logger"] = logger.name if record is None else record.name
        event["timestamp"] = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        event["service"] = service_name
        if request_id := current_request_id():
            event["request_id"] = request_id
        if subject := current_subject():
            event["user_id"] = subject
        if trace_id := current_trace_id():
            event["trace_id"] = trace_id
        return event

    # Local variables of a frame may hold secrets.
    exceptions = structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    )
    # By way of `logging` each line would cost four times as much.
    structlog.configure(
        processors=[add_context, exceptions, structlog.processors.JSONRenderer(serializer=_dump)],
        logger_factory=structlog.BytesLoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    _route_to_standard_output(_formatter(add_context, exceptions), level)
    # By itself it also counts retries by their number: while a server is away that never stops to grow.
    stamina.instrumentation.set_on_retry_hooks([stamina.instrumentation.StructlogOnRetryHook])


def _formatter(add_context: Processor, exceptions: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[add_context, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _drop_colour_message,
            exceptions,
            structlog.processors.JSONRenderer(serializer=_dump_text),
        ],
    )


def _route_to_standard_output(formatter: logging.Formatter, level: str) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    # A line for each call that goes well says nothing that the callee's own line does not.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    # The middleware writes the access line: it knows the duration and the request id.
    logging.getLogger("uvicorn.access").propagate = False


def _drop_colour_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)
    return event


def _dump(event: EventDict, default: Callable[[Any], Any]) -> bytes:
    try:
        return orjson.dumps(event, default=default)
    except (
        TypeError
    ):  # at half a surrogate pair or a number of more than 64 bits: who writes a line does not fail by it
        return json.dumps(event, default=default).encode()


def _dump_text(event: EventDict, default: Callable[[Any], Any]) -> str:
    return _dump(event, default).decode()
