"""Tokens as nobody who keeps the rules would make them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fleetkit.auth.keys import key_id
from fleetkit.testing.tokens import JWT_KEY

Sign = Callable[[bytes], bytes]
SIGNING_KEY = Ed25519PrivateKey.generate()
OTHER_KEY = Ed25519PrivateKey.generate()
KID = key_id(SIGNING_KEY.public_key())


def private_pem(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def claims(**changed: object) -> dict[str, object]:
    """The claims of a good token; what is given as `...` is left out."""
    now = int(datetime.now(UTC).timestamp())
    good: dict[str, object] = {
        "iss": "fastapi-fleet",
        "aud": "fastapi-fleet",
        "sub": str(uuid4()),
        "roles": ["member"],
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "jti": str(uuid4()),
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not ...}


def part(value: object) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def by_secret(secret: str = JWT_KEY, digest: str = "sha256") -> Sign:
    return lambda text: hmac.new(secret.encode(), text, digest).digest()


def token(payload: object, header: Mapping[str, Any] | None = None, sign: Sign | None = None) -> str:
    """Signs anything with any header, by HS256 and the right secret unless told."""
    text = f"{part({'alg': 'HS256', 'typ': 'JWT'} if header is None else dict(header))}.{part(payload)}"
    signature = (sign or by_secret())(text.encode())
    return f"{text}.{part(signature)}"


def eddsa_token(payload: object, header: Mapping[str, Any] | None = None, sign: Sign = SIGNING_KEY.sign) -> str:
    """Signs with the right private key unless told."""
    return token(payload, {"alg": "EdDSA", "typ": "JWT", "kid": KID} if header is None else header, sign)


def unsigned(_: bytes) -> bytes:
    return b""


def half_signed(text: bytes) -> bytes:
    return by_secret()(text)[: hashlib.sha256().digest_size // 2]
