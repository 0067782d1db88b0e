"""Signs tokens, in the one service that knows who may have them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import SecretStr

from fleetkit.auth.keys import PublicKeys, SharedSecret, json_web_key, key_id, private_key, public_keys
from fleetkit.auth.principal import Principal
from fleetkit.auth.settings import SignerSettings
from fleetkit.auth.verifier import TokenVerifier


@dataclass(frozen=True)
class IssuedToken:
    """A signed token and for how many seconds it is good."""

    token: str = field(repr=False)
    expires_in: int


class TokenSigner:
    """Signs tokens by the configured algorithm, shows the keys that verify them, and verifies them itself."""

    def __init__(self, settings: SignerSettings) -> None:
        self._settings = settings
        self._private = _private_key(settings.jwt_private_key, settings)
        self._public = _public_keys(self._private, settings)

    def sign(self, principal: Principal) -> IssuedToken:
        """Makes a token that says who `principal` is, good from now on."""
        settings = self._settings
        lifetime = timedelta(minutes=settings.token_expiry_minutes)
        now = datetime.now(UTC)
        claims = {
            "iss": settings.jwt_issuer,
            "aud": settings.jwt_audience,
            "sub": principal.subject,
            "roles": sorted(principal.roles),
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "jti": str(uuid4()),
        }
        return IssuedToken(self._encode(claims), int(lifetime.total_seconds()))

    def key_set(self) -> list[dict[str, Any]]:
        """The public keys as they stand in a JWKS: the current one first, none where the secret is shared."""
        return [json_web_key(key) for key in self._public.values()]

    def verifier(self) -> TokenVerifier:
        """Verifies what this signer signs, and what others sign with the keys beside its own."""
        secret = self._settings.jwt_secret
        if self._private is None and secret is not None:
            return TokenVerifier(SharedSecret(secret), self._settings)
        return TokenVerifier(PublicKeys(self._public), self._settings)

    def _encode(self, claims: dict[str, Any]) -> str:
        if self._private is not None:
            headers = {"kid": key_id(self._private.public_key())}
            return jwt.encode(claims, self._private, algorithm="EdDSA", headers=headers)
        secret = self._settings.jwt_secret
        return jwt.encode(claims, secret.get_secret_value() if secret else "", algorithm="HS256")


def _private_key(pem: SecretStr | None, settings: SignerSettings) -> Ed25519PrivateKey | None:
    return private_key(pem) if pem is not None and settings.jwt_algorithm == "EdDSA" else None


def _public_keys(current: Ed25519PrivateKey | None, settings: SignerSettings) -> dict[str, Ed25519PublicKey]:
    if current is None:
        return {}
    other = _private_key(settings.jwt_other_private_key, settings)
    private = [current] if other is None else [current, other]
    keys = [*(key.public_key() for key in private), *public_keys(settings.jwt_previous_public_keys)]
    return {key_id(key): key for key in keys}
