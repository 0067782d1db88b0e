"""Calls to another service: a deadline for each, retries only where repeating is harmless."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Self

import httpx2
import stamina

from fleetkit.problems import UnavailableError
from fleetkit.request_id import HEADER, current_request_id

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_WORTH_REPEATING = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
_TIMEOUT = httpx2.Timeout(connect=0.5, read=1.0, write=1.0, pool=0.5)
# Shorter than the five seconds for which uvicorn keeps an idle connection: the client lets go first.
_LIMITS = httpx2.Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=3.0)


class UpstreamUnavailableError(UnavailableError):
    """The other service did not answer within the deadline, or answered that it cannot."""

    code = "upstream_unavailable"


class ServiceClient:
    """The base of a typed client of one service.

    Args:
        base_url: where the service is, as in `http://users:8000`.
        deadline: seconds for one call with all its retries, two unless told.
        attempts: how often an idempotent call is tried, twice unless told.
        transport: what carries the requests; tests give their own.
    """

    def __init__(
        self,
        base_url: str,
        *,
        deadline: float = 2.0,
        attempts: int = 2,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._deadline = deadline
        self._attempts = attempts
        self._client = httpx2.AsyncClient(base_url=base_url, timeout=_TIMEOUT, limits=_LIMITS, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def request(
        self, method: str, path: str, *, json: object = None, params: Mapping[str, str | Sequence[str]] | None = None
    ) -> httpx2.Response:
        """Sends a request with the current request id.

        Returns:
            Any answer but those that say the service is away (502, 503, 504).

        Raises:
            UpstreamUnavailableError: no such answer within the deadline.
        """
        request_id = current_request_id()
        headers = {HEADER: request_id} if request_id else {}
        request = self._client.build_request(method, path, json=json, params=params, headers=headers)
        attempts = self._attempts if method in _IDEMPOTENT else 1
        try:
            async with asyncio.timeout(self._deadline):
                async for attempt in stamina.retry_context(
                    on=(httpx2.TransportError, UpstreamUnavailableError),
                    attempts=attempts,
                    timeout=self._deadline,
                    wait_initial=0.05,
                    wait_max=0.5,
                    wait_jitter=0.1,
                ):
                    with attempt:
                        return await self._send(request)
        except (TimeoutError, httpx2.TransportError) as error:
            raise UpstreamUnavailableError(f"{request.url.host} did not answer ({type(error).__name__})") from error
        raise AssertionError  # the retry loop either returns or raises

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._client.send(request)
        if response.status_code in _WORTH_REPEATING:
            raise UpstreamUnavailableError(f"{request.url.host} answered {response.status_code}")
        return response
