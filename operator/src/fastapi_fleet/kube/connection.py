"""Requests to the API server over one bounded pool of connections, each with credentials that are not stale."""

import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

import aiohttp

from fastapi_fleet.errors import NotLoggedInError
from fastapi_fleet.kube.body import encode

JSON = "application/json"
REQUEST_TIMEOUT_SECONDS = 30.0
CONNECT_TIMEOUT_SECONDS = 5.0
MOST_CONNECTIONS = 32
LONGEST_LINE_BYTES = 2 * 1024 * 1024
"""The API server takes objects of 1.5 MiB; in a watch each is a line."""
LOGIN_SECONDS = 60.0
"""The kubelet replaces a token file long before the token in it ends: one that is read so often is never stale."""


class Access(Protocol):
    """Where the API server is and who asks. kopf.ConnectionInfo is one."""

    @property
    def server(self) -> str: ...

    @property
    def proxy_url(self) -> str | None: ...

    @property
    def default_namespace(self) -> str | None: ...

    def as_http_headers(self) -> dict[str, str]: ...

    def as_ssl_context(self) -> ssl.SSLContext: ...


Login = Callable[[], Access]
"""Reads the credentials as they are now. Raises ApiUnavailableError where there are none."""


@dataclass(frozen=True)
class Answer:
    """`retry_after`: seconds that the server asks to be left alone."""

    status: int
    retry_after: float
    body: bytes = field(repr=False)

    def json(self) -> Any:  # noqa: ANN401 - whatever the server sent
        """Raises ValueError where the body is no JSON."""
        return json.loads(self.body)


class Connection:
    """To be made within a running event loop. Raises NotLoggedInError without credentials that can be read.

    Attributes:
        namespace: the one that is meant where none is named. None where the credentials come without one.
    """

    def __init__(
        self, login: Login, *, clock: Callable[[], float] = time.monotonic, timeout: float = REQUEST_TIMEOUT_SECONDS
    ) -> None:
        access = login()
        self._login = login
        self._clock = clock
        self.namespace = access.default_namespace
        self._server = access.server.rstrip("/")
        self._authorization = access.as_http_headers()
        self._logged_in_at = clock()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=_certificates(access), limit=MOST_CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT_TIMEOUT_SECONDS),
            proxy=access.proxy_url,
        )

    async def aclose(self) -> None:
        await self._session.close()

    async def request(
        self,
        verb: str,
        path: str,
        *,
        params: Mapping[str, str] | None,
        content_type: str,
        body: object,
        accept: str = JSON,
    ) -> Answer:
        """One request with `body` as JSON, None for none. Raises aiohttp.ClientError or TimeoutError."""
        if self._clock() - self._logged_in_at >= LOGIN_SECONDS:
            self._log_in()
        content = None if body is None else encode(body)
        headers = {"Accept": accept} | ({} if content is None else {"Content-Type": content_type})
        answer = await self._send(verb, path, params, headers, content)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._log_in()
            answer = await self._send(verb, path, params, headers, content)
        return answer

    @asynccontextmanager
    async def stream(
        self, path: str, *, params: Mapping[str, str], silence: float | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer that takes as long as it will, but says something every `silence` seconds, where that is said.

        Raises as `request`.
        """
        if self._clock() - self._logged_in_at >= LOGIN_SECONDS:
            self._log_in()
        async with self._session.get(
            self._server + path,
            params=params,
            headers=self._authorization,
            timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_SECONDS, sock_read=silence),
            read_bufsize=LONGEST_LINE_BYTES,
            allow_redirects=False,
        ) as response:
            yield response

    def _log_in(self) -> None:
        self._authorization = self._login().as_http_headers()
        self._logged_in_at = self._clock()

    async def _send(
        self, verb: str, path: str, params: Mapping[str, str] | None, headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        async with self._session.request(
            verb,
            self._server + path,
            params=params,
            headers={**headers, **self._authorization},
            data=content,
            allow_redirects=False,
        ) as response:
            return await answer_of(response)


def _certificates(access: Access) -> ssl.SSLContext:
    try:
        return access.as_ssl_context()
    except (OSError, ValueError) as error:
        raise NotLoggedInError(f"its certificates cannot be read: {error}") from error


async def answer_of(response: aiohttp.ClientResponse) -> Answer:
    return Answer(response.status, _seconds(response.headers.get("Retry-After")), await response.read())


def _seconds(retry_after: str | None) -> float:
    """The API server sends whole seconds; a date, which a proxy may send, counts as nothing asked."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else 0.0
