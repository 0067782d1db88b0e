"""Typed clients of other services over gRPC; needs the extra `fleetkit[grpc]`."""

from typing import Self, TypeVar

import grpc
import grpc.aio

from fleetkit.problems import UnavailableError
from fleetkit.request_id import HEADER, current_request_id
from fleetkit.tracing.grpc import client_interceptors
from fleetkit.upstream.calls import Upstream
from fleetkit.upstream.credentials import Credentials
from fleetkit.upstream.errors import UpstreamTimeoutError, UpstreamUnavailableError

Request = TypeVar("Request")
Answer = TypeVar("Answer")
_FAILED = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,
    }
)
_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.enable_retries", 0),  # one layer repeats, under a budget
    ("grpc.lb_policy_name", "round_robin"),
    # A peer that vanished without a word is noticed, and one that came back is found: the default tries every 2 min.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


class CallRefusedError(Exception):
    """The other service answered that it will not do this; that is no failure of it."""

    def __init__(self, code: grpc.StatusCode, details: str | None) -> None:
        super().__init__(f"{code.name}: {details}")
        self.code = code


class GrpcServiceClient:
    """The base of a typed client of one service.

    Args:
        target: where the service is, as in `users:9000`.
        upstream: what surrounds each call.
        credentials: what is sent as bearer token.
    """

    def __init__(self, target: str, upstream: Upstream, *, credentials: Credentials) -> None:
        self._upstream = upstream
        self._credentials = credentials
        self.channel = grpc.aio.insecure_channel(target, options=_OPTIONS, interceptors=client_interceptors())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.channel.close()

    async def invoke(
        self, method: grpc.aio.UnaryUnaryMultiCallable[Request, Answer], request: Request, *, idempotent: bool
    ) -> Answer:
        """Calls a method with the current request id and what is left of the deadline.

        Raises:
            CallRefusedError: the service answered with an error that is the caller's.
            UpstreamUnavailableError: no usable answer within the deadline, or the service is left alone.
        """

        async def send(left: float) -> Answer | CallRefusedError:
            token = await self._token()
            answer = await self._attempt(method, request, token, left)
            if isinstance(answer, CallRefusedError) and answer.code is grpc.StatusCode.UNAUTHENTICATED:
                self._credentials.discard(token)
                answer = await self._attempt(method, request, await self._token(), left)
            return answer

        answer = await self._upstream.call(send, idempotent=idempotent)
        if isinstance(answer, CallRefusedError):
            raise answer
        return answer

    async def _token(self) -> str:
        try:
            return await self._credentials.token()
        except UnavailableError as error:
            raise UpstreamUnavailableError(f"{self._upstream.name} could not be called without a token") from error

    async def _attempt(
        self, method: grpc.aio.UnaryUnaryMultiCallable[Request, Answer], request: Request, token: str, left: float
    ) -> Answer | CallRefusedError:
        metadata = grpc.aio.Metadata(("authorization", f"Bearer {token}"))
        if request_id := current_request_id():
            metadata.add(HEADER.lower(), request_id)
        try:
            return await method(request, timeout=left, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            return self._judged(error)

    def _judged(self, error: grpc.aio.AioRpcError) -> CallRefusedError:
        code = error.code()
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            raise UpstreamTimeoutError(f"{self._upstream.name} did not answer in time") from error
        if code in _FAILED:
            repeatable = code is grpc.StatusCode.UNAVAILABLE
            raise UpstreamUnavailableError(
                f"{self._upstream.name} answered {code.name}", repeatable=repeatable
            ) from error
        return CallRefusedError(code, error.details())
