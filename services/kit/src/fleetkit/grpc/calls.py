"""What surrounds every call: who asks, the request's id, an access line, metrics, and errors as statuses."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from http import HTTPStatus
from time import perf_counter
from typing import Any, NoReturn

import grpc
import grpc.aio
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram

from fleetkit.auth.principal import remember_subject
from fleetkit.auth.verifier import TokenVerifier
from fleetkit.problems import ForbiddenError, ServiceError, UnauthorizedError
from fleetkit.request_id import HEADER, request_id_scope

Context = grpc.aio.ServicerContext[Any, Any]
Serve = Callable[[Any, Context], Awaitable[Any]]
# Health and reflection, which anybody may ask and which say nothing of anybody.
_OPEN_PREFIX = "/grpc."
_CODES = {
    HTTPStatus.UNAUTHORIZED: grpc.StatusCode.UNAUTHENTICATED,
    HTTPStatus.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    HTTPStatus.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    HTTPStatus.CONFLICT: grpc.StatusCode.ABORTED,
    HTTPStatus.UNPROCESSABLE_ENTITY: grpc.StatusCode.INVALID_ARGUMENT,
    HTTPStatus.TOO_MANY_REQUESTS: grpc.StatusCode.RESOURCE_EXHAUSTED,
    HTTPStatus.SERVICE_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}
log = structlog.get_logger("fleetkit.access")


class InvalidArgumentError(ServiceError):
    """What the caller sent means nothing."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid_argument"


class GrpcMetrics:
    """The calls that were answered, by method and status code."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter("grpc_calls", "Calls answered", ["method", "code"], registry=registry)
        self.seconds = Histogram("grpc_call_seconds", "Time of a call", ["method"], registry=registry)


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Surrounds the calls of every service but health and reflection.

    A method of theirs that takes or gives a stream is not answered, as if there were none.

    Args:
        verifier: who can tell whose a token is.
        roles: the caller has to have one of them.
        metrics: where calls are counted.
    """

    def __init__(self, verifier: TokenVerifier, roles: Collection[str], metrics: GrpcMetrics) -> None:
        self._verifier = verifier
        self._roles = roles
        self._metrics = metrics

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # noqa: ANN401 - the handler of the library
        """Finds the method that is called, and surrounds it."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if method.startswith(_OPEN_PREFIX):
            return handler
        if handler is None or handler.unary_unary is None:
            return None  # nobody would ask who calls a stream
        metadata = {key: str(value) for key, value in handler_call_details.invocation_metadata}
        inner: Serve = handler.unary_unary

        async def serve(request: object, context: Context) -> object:
            remember_subject(None)
            with request_id_scope(metadata.get(HEADER.lower())):
                return await self._observed(method, metadata, inner, request, context)

        return grpc.unary_unary_rpc_method_handler(
            serve,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    async def _observed(
        self, method: str, metadata: Mapping[str, str], inner: Serve, request: object, context: Context
    ) -> object:
        started = perf_counter()
        code = grpc.StatusCode.CANCELLED.name
        try:
            answer = await self._answer(metadata, inner, request, context)
        except grpc.aio.AbortError:
            code = context.code().name
            raise
        else:
            code = grpc.StatusCode.OK.name
            return answer
        finally:
            seconds = perf_counter() - started
            self._metrics.calls.labels(method, code).inc()
            self._metrics.seconds.labels(method).observe(seconds)
            log.info("Call finished", method=method, code=code, duration_ms=round(seconds * 1000, 2))

    async def _answer(self, metadata: Mapping[str, str], inner: Serve, request: object, context: Context) -> object:
        try:
            await self._authorize(metadata)
            return await inner(request, context)
        except grpc.aio.AbortError:
            raise
        except ServiceError as error:
            await _refuse(context, error)
        except Exception:
            log.exception("Call failed")
            await context.abort(grpc.StatusCode.INTERNAL, "internal error")

    async def _authorize(self, metadata: Mapping[str, str]) -> None:
        scheme, _, token = metadata.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise UnauthorizedError("This needs a token of the scheme Bearer")
        principal = await self._verifier.verify(token.strip())
        remember_subject(principal.subject)
        if not principal.has_any(*self._roles):
            raise ForbiddenError("This is for others")


async def _refuse(context: Context, error: ServiceError) -> NoReturn:
    code = _CODES.get(error.status, grpc.StatusCode.INTERNAL)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("Call could not be answered", code=error.code, reason=str(error))
    await context.abort(code, str(error))
