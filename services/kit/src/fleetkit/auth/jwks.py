"""The keys of a signer in another process, from its JWKS (RFC 7517)."""

import asyncio
from time import monotonic
from typing import Annotated, Any, Literal

import httpx2
import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm
from pydantic import BaseModel, Field, ValidationError

from fleetkit.auth.keys import VerificationKey
from fleetkit.auth.single_flight import Clock, SingleFlight
from fleetkit.problems import UnavailableError

FETCH_TIMEOUT_SECONDS = 2.0
FETCH_PAUSE_SECONDS = 30.0
FIRST_FETCH_PAUSE_SECONDS = 1.0
MAX_AGE_SECONDS = 300.0
MAX_KEYS = 16
log = structlog.get_logger(__name__)


class KeysUnavailableError(UnavailableError):
    """The signer's keys were not there yet when a token came."""

    code = "token_keys_unavailable"


class _Key(BaseModel):
    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: Annotated[str, Field(max_length=64)]
    kid: Annotated[str, Field(min_length=1, max_length=200)]
    use: Literal["sig"] = "sig"
    alg: Literal["EdDSA"] = "EdDSA"


class _KeySet(BaseModel):
    keys: list[dict[str, Any]]


class RemoteKeys:
    """Fetches the keys when a token first needs them, and again after five minutes while they are in use.

    A token that names an unknown key fetches them too, but there are 30 seconds between two fetches whatever tokens
    come. While the signer is away the keys that are known stay in use.

    Args:
        url: where the JWKS is.
        transport: what carries the requests; tests give their own.
        clock: seconds that never go back.
    """

    def __init__(
        self, url: str, *, transport: httpx2.AsyncBaseTransport | None = None, clock: Clock = monotonic
    ) -> None:
        self._url = url
        self._client = httpx2.AsyncClient(timeout=FETCH_TIMEOUT_SECONDS, transport=transport)
        self._clock = clock
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched_at = clock()
        self._fetching = SingleFlight(self._fetch, self._pause, clock)

    async def find(self, kid: str | None) -> VerificationKey | None:
        """The key of this id; one that is known is given at once, and fetched again in the background when old.

        Raises:
            KeysUnavailableError: no key is known yet, and none could be fetched.
        """
        if kid is None:
            return None
        if kid not in self._keys:
            await self._fetching.finish()
        elif self._clock() - self._fetched_at > MAX_AGE_SECONDS:
            self._fetching.begin()
        if not self._keys:
            raise KeysUnavailableError("Tokens cannot be verified yet")
        return self._keys.get(kid)

    async def aclose(self) -> None:
        """Ends a running fetch and closes the connections."""
        await self._fetching.aclose()
        await self._client.aclose()

    def _pause(self) -> float:
        return FETCH_PAUSE_SECONDS if self._keys else FIRST_FETCH_PAUSE_SECONDS

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_SECONDS):
                response = await self._client.get(self._url)
            keys = _read(response.raise_for_status().content)
        except (TimeoutError, httpx2.HTTPError, ValidationError) as error:
            log.warning("Keys of tokens could not be fetched", reason=type(error).__name__)
            return
        if keys:
            self._keys, self._fetched_at = keys, self._clock()


def _read(body: bytes) -> dict[str, Ed25519PublicKey]:
    keys = {}
    for entry in _KeySet.model_validate_json(body).keys[:MAX_KEYS]:
        try:
            key = _Key.model_validate(entry)
            public = OKPAlgorithm.from_jwk(key.model_dump())
        except (ValidationError, jwt.InvalidKeyError, ValueError):
            log.info("Key of another kind was left out", kid=str(entry.get("kid"))[:200])
            continue
        if isinstance(public, Ed25519PublicKey):
            keys[key.kid] = public
    return keys
