"""Password verifiers computed on this side: cleartext passwords reach neither a server's statements nor its logs."""

import base64
import hashlib
import hmac
import secrets
from typing import Final

SCRAM_ITERATIONS: Final = 4096
"""PostgreSQL's own default; passwords here are random, so more rounds would only slow logins down."""

_SCRAM_SALT_BYTES: Final = 16
_RABBITMQ_SALT_BYTES: Final = 4


def require_password(password: str) -> None:
    """Refuse a password that the two ends could prepare differently.

    SASLprep, which PostgreSQL and its clients apply, leaves printable ASCII as it is.

    Raises:
        ValueError: the password is empty or holds anything but printable ASCII; the text does not show it.
    """
    if not (password and password.isascii() and password.isprintable()):
        raise ValueError("a password must be printable ASCII and not empty")


def make_scram_verifier(password: str) -> str:
    """Return a fresh SCRAM-SHA-256 verifier, in the form that PostgreSQL stores in `pg_authid.rolpassword`."""
    return _scram_verifier(password, secrets.token_bytes(_SCRAM_SALT_BYTES), SCRAM_ITERATIONS)


def matches_scram_verifier(password: str, verifier: str | None) -> bool:
    """Tell whether a stored verifier was made from this password; anything but SCRAM-SHA-256 (none, md5) was not."""
    try:
        scheme, parameters, _ = (verifier or "").split("$")
        iterations, salt = parameters.split(":")
        expected = _scram_verifier(password, base64.b64decode(salt, validate=True), int(iterations))
    except (ValueError, OverflowError):
        return False
    return scheme == "SCRAM-SHA-256" and hmac.compare_digest(expected.encode(), (verifier or "").encode())


def make_rabbitmq_hash(password: str) -> str:
    """Return a fresh salted hash, in the form of `rabbit_password_hashing_sha256`."""
    return _rabbitmq_hash(password, secrets.token_bytes(_RABBITMQ_SALT_BYTES))


def matches_rabbitmq_hash(password: str, password_hash: str) -> bool:
    """Tell whether a stored `rabbit_password_hashing_sha256` hash was made from this password."""
    try:
        salt = base64.b64decode(password_hash, validate=True)[:_RABBITMQ_SALT_BYTES]
    except ValueError:
        return False
    return hmac.compare_digest(_rabbitmq_hash(password, salt).encode(), password_hash.encode())


def _scram_verifier(password: str, salt: bytes, iterations: int) -> str:
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    return f"SCRAM-SHA-256${iterations}:{_base64(salt)}${_base64(stored_key)}:{_base64(server_key)}"


def _rabbitmq_hash(password: str, salt: bytes) -> str:
    return _base64(salt + hashlib.sha256(salt + password.encode()).digest())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
