"""Keys that sign and verify, and where a verifier finds the one for a token."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.algorithms import OKPAlgorithm
from pydantic import SecretStr

VerificationKey = bytes | Ed25519PublicKey
_PEM_BLOCK = re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)


class InvalidKeyMaterialError(ValueError):
    """The text holds no key of the kind that is needed; the message does not quote it."""


class KeySource(Protocol):
    """Where a verifier finds the key for a token."""

    async def find(self, kid: str | None) -> VerificationKey | None:
        """The key that the token's header names, None where there is no such key.

        Raises:
            UnavailableError: the keys cannot be had at present.
        """

    async def aclose(self) -> None:
        """Lets go of connections."""


class SharedSecret:
    """One secret for every token, whatever its header names."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret.get_secret_value().encode()

    async def find(self, kid: str | None) -> VerificationKey | None:  # noqa: ARG002 - there is only one
        return self._secret

    async def aclose(self) -> None:
        """There is nothing to let go of."""


class PublicKeys:
    """Public keys that are known from the start, by the `kid` that tokens name."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey]) -> None:
        self._keys = dict(keys)

    async def find(self, kid: str | None) -> VerificationKey | None:
        return self._keys.get(kid) if kid else None

    async def aclose(self) -> None:
        """There is nothing to let go of."""


def private_key(pem: SecretStr) -> Ed25519PrivateKey:
    """Reads a private key.

    Raises:
        InvalidKeyMaterialError: it is no Ed25519 key in PEM, or needs a password.
    """
    try:
        key = load_pem_private_key(pem.get_secret_value().encode(), password=None)
    except (ValueError, TypeError):
        raise InvalidKeyMaterialError("must be an Ed25519 private key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidKeyMaterialError("must be an Ed25519 private key, not one of another kind")
    return key


def public_keys(pem: str) -> list[Ed25519PublicKey]:
    """Reads public keys that follow one another.

    Raises:
        InvalidKeyMaterialError: there is something else than Ed25519 keys in PEM.
    """
    if _PEM_BLOCK.sub("", pem).strip():
        raise InvalidKeyMaterialError("must hold public keys in PEM, and nothing else")
    return [_public_key(block) for block in _PEM_BLOCK.findall(pem)]


def key_id(key: Ed25519PublicKey) -> str:
    """The thumbprint of the key (RFC 7638), by which tokens name it."""
    # The required members in the order of the alphabet, without spaces.
    canonical = json.dumps(OKPAlgorithm.to_jwk(key, as_dict=True), sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).decode().rstrip("=")


def json_web_key(key: Ed25519PublicKey) -> dict[str, Any]:
    """The key as it stands in a JWKS."""
    return {**OKPAlgorithm.to_jwk(key, as_dict=True), "kid": key_id(key), "use": "sig", "alg": "EdDSA"}


def _public_key(pem: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        raise InvalidKeyMaterialError("must hold public keys in PEM, and nothing else") from None
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidKeyMaterialError("must hold Ed25519 keys, not ones of another kind")
    return key
