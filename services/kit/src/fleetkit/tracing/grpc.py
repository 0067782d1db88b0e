"""Spans of calls over gRPC, on either side, as interceptors: where traces are off there are none."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc.aio
from opentelemetry.trace import SpanKind, StatusCode

from fleetkit.tracing.spans import Attributes, context_of, is_tracing, outgoing_headers, span

# Probes come every few seconds and would drown the rest.
_UNTRACED_PREFIX = "/grpc.health."


def client_interceptors() -> Sequence[grpc.aio.ClientInterceptor]:
    """What a channel needs for a span of each call, with the current trace in the call's metadata."""
    return [_TracedCalls()] if is_tracing() else []


def server_interceptors() -> Sequence[grpc.aio.ServerInterceptor]:
    """What a server needs for a span of each call, in the trace that the caller tells of."""
    return [_TracedService()] if is_tracing() else []


class _TracedCalls(grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self,
        continuation: Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: grpc.aio.ClientCallDetails,
        request: Any,  # noqa: ANN401 - a message of any kind
    ) -> Any:  # noqa: ANN401 - the call of the library
        method = _text(client_call_details.method)
        with span(method.removeprefix("/"), _attributes(method), kind=SpanKind.CLIENT) as recorded:
            details = grpc.aio.ClientCallDetails(
                method=client_call_details.method,
                timeout=client_call_details.timeout,
                metadata=grpc.aio.Metadata(*(client_call_details.metadata or ()), *outgoing_headers().items()),
                credentials=client_call_details.credentials,
                wait_for_ready=client_call_details.wait_for_ready,
            )
            call = await continuation(details, request)
            code = await call.code()
            if recorded is not None:
                recorded.set_attribute("rpc.response.status_code", code.name)
                if code is not grpc.StatusCode.OK:
                    recorded.set_attribute("error.type", code.name)
                    recorded.set_status(StatusCode.ERROR)
            return call


class _TracedService(grpc.aio.ServerInterceptor):
    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # noqa: ANN401 - the handler of the library
        handler = await continuation(handler_call_details)
        method = _text(handler_call_details.method)
        if handler is None or handler.unary_unary is None or method.startswith(_UNTRACED_PREFIX):
            return handler
        carrier = {key: _text(value) for key, value in handler_call_details.invocation_metadata or ()}

        async def serve(request: Any, context: Any) -> Any:  # noqa: ANN401 - as the handler has them
            name = method.removeprefix("/")
            with span(name, _attributes(method), kind=SpanKind.SERVER, parent=context_of(carrier)):
                return await handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(
            serve,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _attributes(method: str) -> Attributes:
    return {"rpc.system.name": "grpc", "rpc.method": method.removeprefix("/")}


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
