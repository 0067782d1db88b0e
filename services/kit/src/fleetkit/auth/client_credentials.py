"""A service's own token, by the client credentials grant of OAuth2 (RFC 6749, 4.4)."""

import asyncio
from dataclasses import dataclass, field
from time import monotonic
from typing import Annotated, Literal, Self

import httpx2
import structlog
from pydantic import BaseModel, Field, SecretStr, ValidationError

from fleetkit.auth.single_flight import Clock, SingleFlight
from fleetkit.problems import UnavailableError

FETCH_TIMEOUT_SECONDS = 1.0
FETCH_PAUSE_SECONDS = 1.0
# Before its end, so that a token is neither fetched while somebody waits nor over when it arrives.
RENEW_BEFORE_SECONDS = 60.0
LAST_USE_BEFORE_SECONDS = 5.0
log = structlog.get_logger(__name__)


class TokenUnavailableError(UnavailableError):
    """The service could not get a token for itself."""

    code = "service_token_unavailable"


class _Answer(BaseModel):
    access_token: Annotated[str, Field(min_length=1, max_length=4096, repr=False)]
    token_type: Literal["bearer", "Bearer"]
    expires_in: Annotated[float, Field(gt=0)]


@dataclass(frozen=True)
class _Token:
    text: str = field(repr=False)
    renew_from: float
    use_until: float


class ServiceTokenSource:
    """Has a token at hand for calls to other services.

    It is renewed in the background in its last minute, by one request whoever asks. After a failure the next attempt
    is a second later, and those who ask meanwhile are told at once.

    Args:
        issuer_url: the service that gives tokens at `/auth/token`, as in `http://users:8000`.
        client_id: the name of this service.
        client_secret: what proves it.
        transport: what carries the requests; tests give their own.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        issuer_url: str,
        *,
        client_id: str,
        client_secret: SecretStr,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Clock = monotonic,
    ) -> None:
        self._credentials = httpx2.BasicAuth(client_id, client_secret.get_secret_value())
        self._client = httpx2.AsyncClient(base_url=issuer_url, timeout=FETCH_TIMEOUT_SECONDS, transport=transport)
        self._clock = clock
        self._token: _Token | None = None
        self._fetching = SingleFlight(self._fetch, self._pause, clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._fetching.aclose()
        await self._client.aclose()

    async def token(self) -> str:
        """A token that is good for the next call.

        Raises:
            TokenUnavailableError: there is none, and none could be had within a second.
        """
        token = self._usable()
        if token is None:
            await self._fetching.finish()
            token = self._usable()
        elif self._clock() >= token.renew_from:
            self._fetching.begin()
        if token is None:
            raise TokenUnavailableError("No token could be had for this service")
        return token.text

    def discard(self, token: str) -> None:
        """Forgets a token that was refused, as after the signer's key was exchanged."""
        if self._token is not None and self._token.text == token:
            self._token = None

    def _usable(self) -> _Token | None:
        return self._token if self._token is not None and self._clock() < self._token.use_until else None

    def _pause(self) -> float:
        return FETCH_PAUSE_SECONDS

    async def _fetch(self) -> None:
        asked_at = self._clock()
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_SECONDS):
                response = await self._client.post(
                    "/auth/token", data={"grant_type": "client_credentials"}, auth=self._credentials
                )
            answer = _Answer.model_validate_json(response.raise_for_status().content)
        except httpx2.HTTPStatusError as error:
            log.warning("Token was refused to this service", status=error.response.status_code)
        except (TimeoutError, httpx2.HTTPError, ValidationError) as error:
            log.warning("Token of this service could not be fetched", reason=type(error).__name__)
        else:
            self._token = _token(answer, asked_at)


def _token(answer: _Answer, asked_at: float) -> _Token:
    lifetime = answer.expires_in
    return _Token(
        answer.access_token,
        renew_from=asked_at + lifetime - min(RENEW_BEFORE_SECONDS, lifetime / 4),
        use_until=asked_at + lifetime - min(LAST_USE_BEFORE_SECONDS, lifetime / 10),
    )
