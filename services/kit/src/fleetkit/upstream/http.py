"""Typed clients of other services over HTTP."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Self

import httpx2
import structlog

from fleetkit.problems import UnavailableError
from fleetkit.request_id import HEADER, current_request_id
from fleetkit.tracing.http import send_traced
from fleetkit.upstream.calls import Upstream
from fleetkit.upstream.credentials import Credentials
from fleetkit.upstream.errors import UpstreamTimeoutError, UpstreamUnavailableError

Params = Mapping[str, str | Sequence[str]]
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_WORTH_REPEATING = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
_CONNECT_SECONDS = 0.25
_POOL_SECONDS = 0.1
# Shorter than the five seconds for which uvicorn keeps an idle connection: the client lets go first.
_KEEPALIVE_SECONDS = 3.0
_POOL_TIMEOUTS = 3
log = structlog.get_logger(__name__)


class ServiceClient:
    """The base of a typed client of one service.

    Args:
        base_url: where the service is, as in `http://users:8000`.
        upstream: what surrounds each call.
        credentials: what is sent as bearer token, None where the service asks for none.
        transport: what carries the requests; tests give their own.
    """

    def __init__(
        self,
        base_url: str,
        upstream: Upstream,
        *,
        credentials: Credentials | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url = base_url
        self._upstream = upstream
        self._credentials = credentials
        self._transport = transport
        self._client = self._new_client()
        self._pool_timeouts = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def request(
        self, method: str, path: str, *, json: object = None, params: Params | None = None
    ) -> httpx2.Response:
        """Sends a request with the current request id.

        Returns:
            Any answer but those of a service that failed (5xx).

        Raises:
            UpstreamUnavailableError: no such answer within the deadline, or the service is left alone.
        """

        async def send(left: float) -> httpx2.Response:
            timeout = httpx2.Timeout(left, connect=min(_CONNECT_SECONDS, left), pool=min(_POOL_SECONDS, left))
            request = self._client.build_request(
                method, path, json=json, params=params, headers=_headers(), timeout=timeout
            )
            return await self._send_authorized(request)

        return await self._upstream.call(send, idempotent=method in _IDEMPOTENT)

    async def _send_authorized(self, request: httpx2.Request) -> httpx2.Response:
        if self._credentials is None:
            return await self._send(request)
        token = await self._authorize(request, self._credentials)
        response = await self._send(request)
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return response
        self._credentials.discard(token)
        await self._authorize(request, self._credentials)
        return await self._send(request)

    async def _authorize(self, request: httpx2.Request, credentials: Credentials) -> str:
        try:
            token = await credentials.token()
        except UnavailableError as error:
            raise UpstreamUnavailableError(f"{self._upstream.name} could not be called without a token") from error
        request.headers["Authorization"] = f"Bearer {token}"
        return token

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        client = self._client
        try:
            response = await send_traced(client.send, request)
        except httpx2.PoolTimeout as error:
            await self._note_pool_timeout(client)
            raise UpstreamUnavailableError(f"{self._upstream.name}: no connection was free") from error
        except (httpx2.ReadTimeout, httpx2.WriteTimeout) as error:
            raise UpstreamTimeoutError(f"{self._upstream.name} did not answer in time") from error
        except httpx2.TransportError as error:
            reason = f"{self._upstream.name} did not answer ({type(error).__name__})"
            raise UpstreamUnavailableError(reason, repeatable=True) from error
        self._pool_timeouts = 0
        if response.is_server_error:
            status = response.status_code
            raise UpstreamUnavailableError(
                f"{self._upstream.name} answered {status}", repeatable=status in _WORTH_REPEATING
            )
        return response

    def _new_client(self) -> httpx2.AsyncClient:
        # As many connections as there may be calls: none ever waits for one, unless connections got lost.
        limits = httpx2.Limits(
            max_connections=self._upstream.policy.concurrency,
            max_keepalive_connections=20,
            keepalive_expiry=_KEEPALIVE_SECONDS,
        )
        return httpx2.AsyncClient(base_url=self._base_url, limits=limits, transport=self._transport)

    async def _note_pool_timeout(self, client: httpx2.AsyncClient) -> None:
        if client is not self._client:
            return
        self._pool_timeouts += 1
        if self._pool_timeouts < _POOL_TIMEOUTS:
            return
        log.error("Connection pool lost its connections and is replaced", upstream=self._upstream.name)
        self._upstream.metrics.renewals.labels(self._upstream.name).inc()
        self._pool_timeouts = 0
        self._client = self._new_client()
        await client.aclose()


def _headers() -> dict[str, str]:
    request_id = current_request_id()
    return {HEADER: request_id} if request_id else {}
