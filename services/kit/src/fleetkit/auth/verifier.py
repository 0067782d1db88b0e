"""Verifies tokens: signature by the one algorithm that is configured, issuer, audience and times."""

from dataclasses import dataclass
from time import time
from typing import Annotated, Self

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fleetkit.auth.jwks import RemoteKeys
from fleetkit.auth.keys import KeySource, SharedSecret, VerificationKey
from fleetkit.auth.principal import Principal
from fleetkit.auth.settings import TokenSettings, VerifierSettings
from fleetkit.auth.single_flight import Clock
from fleetkit.problems import UnauthorizedError

LEEWAY_SECONDS = 10
MAX_TOKEN_LENGTH = 4096
CACHE_SIZE = 2048
# So long a token stays good whose key was taken back.
CACHE_SECONDS = 60.0
_Text = Annotated[str, Field(min_length=1, max_length=200)]


class InvalidTokenError(UnauthorizedError):
    """The token is none of the signer's, is meant for others, or its time is over."""

    code = "invalid_token"

    def headers(self) -> dict[str, str]:
        """The challenge with the reason (RFC 6750, 3.1)."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True)

    sub: _Text
    roles: Annotated[list[_Text], Field(max_length=16)]
    jti: _Text
    exp: int
    iat: int
    nbf: int


@dataclass(frozen=True)
class _Verified:
    principal: Principal
    until: float


class TokenVerifier:
    """Says whose a token is.

    Verified tokens are remembered for up to a minute and never past their expiry, so that a request costs a look-up.

    Args:
        keys: where the key for a token is.
        settings: what a token has to say.
        clock: seconds since the epoch.
    """

    def __init__(self, keys: KeySource, settings: TokenSettings, *, clock: Clock = time) -> None:
        self._keys = keys
        self._settings = settings
        self._clock = clock
        self._verified: dict[str, _Verified] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._keys.aclose()

    async def verify(self, token: str) -> Principal:
        """Finds out whose a token is.

        Raises:
            InvalidTokenError: it is not to be believed; an `UnauthorizedError`.
            UnavailableError: the keys to verify it cannot be had at present.
        """
        known = self._verified.get(token)
        if known is not None and self._clock() < known.until:
            return known.principal
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidTokenError("The token is too long")
        claims = self._decode(token, await self._key(token))
        principal = Principal(claims.sub, frozenset(claims.roles))
        self._remember(token, principal, claims.exp)
        return principal

    async def _key(self, token: str) -> VerificationKey:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError):
            raise InvalidTokenError("The token cannot be read") from None
        # Before anything is looked up: what the header asks for has no say in how it is verified.
        if header.get("alg") != self._settings.jwt_algorithm:
            raise InvalidTokenError("The token is signed in another way")
        key = await self._keys.find(header.get("kid"))
        if key is None:
            raise InvalidTokenError("The token is signed by an unknown key")
        return key

    def _decode(self, token: str, key: VerificationKey) -> _Claims:
        settings = self._settings
        try:
            payload = jwt.decode(
                token,
                key,
                algorithms=[settings.jwt_algorithm],
                issuer=settings.jwt_issuer,
                audience=settings.jwt_audience,
                leeway=LEEWAY_SECONDS,
                options={"strict_aud": True, "enforce_minimum_key_length": True},
            )
            return _Claims.model_validate(payload)
        except jwt.ExpiredSignatureError:
            raise InvalidTokenError("The token has expired") from None
        except (jwt.PyJWTError, ValidationError, ValueError):
            raise InvalidTokenError("The token is not valid here") from None

    def _remember(self, token: str, principal: Principal, expires: int) -> None:
        self._verified.pop(token, None)
        if len(self._verified) >= CACHE_SIZE:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = _Verified(principal, min(expires, self._clock() + CACHE_SECONDS))


def token_verifier(settings: VerifierSettings) -> TokenVerifier:
    """The verifier of a service that does not sign: by the shared secret, or by the keys that the signer shows."""
    if settings.jwt_secret is not None and settings.jwt_algorithm == "HS256":
        return TokenVerifier(SharedSecret(settings.jwt_secret), settings)
    return TokenVerifier(RemoteKeys(str(settings.jwt_jwks_url)), settings)
