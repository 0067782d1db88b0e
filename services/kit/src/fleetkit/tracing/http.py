"""Spans of requests: those that are served, by FastAPI's own telemetry, and those that are sent."""

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

import httpx2
from fastapi.telemetry import TelemetryConfig
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS, SERVER_PORT
from opentelemetry.semconv.attributes.url_attributes import URL_FULL
from opentelemetry.trace import SpanKind, StatusCode, TracerProvider

from fleetkit.tracing.spans import Attributes, is_tracing, outgoing_headers, span

Send = Callable[[httpx2.Request], Awaitable[httpx2.Response]]
# Probes and scrapes come every few seconds and would drown the rest.
_UNTRACED_PATHS = frozenset({"/health/live", "/health/ready", "/metrics"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


def server_telemetry(provider: TracerProvider | None) -> TelemetryConfig:
    """What `FastAPI(telemetry=...)` takes: a span for each request, or nothing at all where there is no provider."""
    return {
        "tracer_provider": provider,
        "tracing": provider is not None,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
        "exclude": _is_untraced,
    }


async def send_traced(send: Send, request: httpx2.Request) -> httpx2.Response:
    """Sends a request by `send`, with the current trace in its headers, as a span of its own for each attempt."""
    if not is_tracing():
        return await send(request)
    with span(request.method, _attributes(request), kind=SpanKind.CLIENT) as recorded:
        request.headers.update(outgoing_headers())
        response = await send(request)
        if recorded is not None:
            recorded.set_attribute(HTTP_RESPONSE_STATUS_CODE, response.status_code)
            if response.status_code >= HTTPStatus.BAD_REQUEST:
                recorded.set_attribute(ERROR_TYPE, str(response.status_code))
                recorded.set_status(StatusCode.ERROR)
        return response


def _attributes(request: httpx2.Request) -> Attributes:
    return {
        HTTP_REQUEST_METHOD: request.method,
        URL_FULL: str(request.url),
        SERVER_ADDRESS: request.url.host,
        SERVER_PORT: request.url.port or _DEFAULT_PORTS.get(request.url.scheme, 0),
    }


def _is_untraced(scope: MutableMapping[str, Any]) -> bool:
    return scope.get("path") in _UNTRACED_PATHS
