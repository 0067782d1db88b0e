"""RabbitMQ's management HTTP API, as far as it is needed here: JSON in and out, failures as errors of a pass."""

import ssl
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import JsonValue, TypeAdapter, ValidationError

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.errors import BackendRefusedError, BackendUnavailableError

Answer = TypeVar("Answer")

_DOT_SEGMENTS: Final = (".", "..")

_REFUSALS: Final[dict[int, Reason]] = {
    HTTPStatus.UNAUTHORIZED: Reason.LOGIN_REFUSED,
    HTTPStatus.FORBIDDEN: Reason.NOT_PRIVILEGED,
}


@dataclass(frozen=True)
class BrokerServer:
    """Where the management API answers, and a user with the tag `administrator`.

    Attributes:
        tls: whether it answers HTTPS, not plain HTTP.
        certificate_authority: certificates in PEM that the server's is checked with; the system's where None.
        virtual_host: where all services are to be, if not in one that is made for their platform.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: bool = False
    certificate_authority: str | None = field(default=None, repr=False)
    virtual_host: str = ""


class ManagementApi:
    """One server's API over a shared client. Paths are given segment by segment and quoted here."""

    def __init__(self, client: httpx2.AsyncClient, server: BrokerServer) -> None:
        self._client = client
        self._server = server

    async def get(self, answer: TypeAdapter[Answer], *path: str) -> Answer | None:
        """Read an object; None when it is absent.

        Raises:
            BackendUnavailableError: no answer, a refusal, or one of another shape.
        """
        response = await self._request("GET", path)
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        self._require_success(response, path)
        try:
            return answer.validate_json(response.content)
        except ValidationError:
            # without its cause, which quotes the answer: password hashes are in there
            raise self._failure(f"unexpected answer to GET {path[0]}") from None

    async def answer(self, *path: str) -> tuple[int, bytes]:
        """Status and body, whatever they say: for asking as somebody who has no rights.

        Raises:
            BackendUnavailableError: no answer.
        """
        response = await self._request("GET", path)
        return response.status_code, response.content

    async def put(self, *path: str, body: dict[str, JsonValue]) -> None:
        """Create or replace an object.

        Raises:
            BackendUnavailableError: no answer, or a refusal.
        """
        self._require_success(await self._request("PUT", path, body), path)

    async def delete(self, *path: str) -> None:
        """Delete an object; an absent one is fine.

        Raises:
            BackendUnavailableError: no answer, or a refusal.
        """
        response = await self._request("DELETE", path)
        if response.status_code != HTTPStatus.NOT_FOUND:
            self._require_success(response, path)

    async def _request(
        self, method: str, path: tuple[str, ...], body: dict[str, JsonValue] | None = None
    ) -> httpx2.Response:
        server = self._server
        quoted = "/".join(quote(segment, safe="") for segment in path)
        scheme = "https" if server.tls else "http"
        url = httpx2.URL(scheme=scheme, host=server.host, port=server.port, raw_path=f"/api/{quoted}".encode())
        try:
            return await self._client.request(method, url, json=body, auth=(server.user, server.password))
        except httpx2.TimeoutException as error:
            raise self._failure("no answer in time") from error
        except httpx2.HTTPError as error:
            if is_tls_failure(error):
                raise self._refusal(Reason.TLS_FAILED, "TLS failed, or its certificate is not trusted") from error
            raise self._failure(f"not reachable ({type(error).__name__})") from error

    def _require_success(self, response: httpx2.Response, path: tuple[str, ...]) -> None:
        if response.is_success:
            return
        message = f"{response.request.method} {path[0]} was answered {response.status_code}"
        reason = _REFUSALS.get(response.status_code)
        raise self._refusal(reason, message) if reason else self._failure(message)

    def _refusal(self, reason: Reason, message: str) -> BackendRefusedError:
        return BackendRefusedError(reason, self._failure(message).message)

    def _failure(self, message: str) -> BackendUnavailableError:
        return BackendUnavailableError(f"RabbitMQ management at {self._server.host}:{self._server.port}: {message}")


def is_tls_failure(error: BaseException | None) -> bool:
    """Whether TLS is what an error of the HTTP client began with."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


def require_segment(name: str) -> None:
    """Refuse a name that cannot stand in a path or in a permission: what is invisible, and the two dot segments.

    Raises:
        ValueError: the name is empty, "." or "..", or holds a character that does not print.
    """
    if not name or not name.isprintable() or name in _DOT_SEGMENTS:
        raise ValueError(f"not a name for RabbitMQ: {name!r}")
