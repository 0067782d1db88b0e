"""Requests that may be repeated: with the same key the first answer comes again, and nothing is done twice."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Header

from fleetkit import purging
from fleetkit.database import Connection, Database
from fleetkit.problems import ConflictError, ServiceError

RETENTION_HOURS = 24
# Whoever holds the lock works on the key; it ends with the transaction, however that ends.
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
_FIND = """
SELECT fingerprint, answer FROM idempotency_keys WHERE key = $1 AND created_at > now() - make_interval(hours => $2)
"""
_STORE = """
INSERT INTO idempotency_keys (key, fingerprint, answer) VALUES ($1, $2, $3)
ON CONFLICT (key) DO UPDATE SET
    fingerprint = excluded.fingerprint, answer = excluded.answer, created_at = excluded.created_at
"""
_PURGE = """
DELETE FROM idempotency_keys WHERE key IN (
    SELECT key FROM idempotency_keys WHERE created_at <= now() - make_interval(hours => $1)
    LIMIT $2 FOR UPDATE SKIP LOCKED
)
"""

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Makes the request safe to repeat for 24 hours: the first answer comes again",
    ),
]


class RequestInFlightError(ConflictError):
    """The first request with this key has no answer yet."""

    code = "request_in_flight"
    retry_after_seconds = 1


class KeyReusedError(ServiceError):
    """The key belongs to a request that asked for something else."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "idempotency_key_reused"


async def once(connection: Connection, key: str, fingerprint: str, make: Callable[[], Awaitable[str]]) -> str:
    """Makes the answer to a request, or gives the one that was made for this key in the last 24 hours.

    Args:
        connection: with a transaction open, in which `make` does its work too: both stay, or neither.
        key: chosen by the caller.
        fingerprint: the same for the same request, different for any other.
        make: does what is asked and returns the answer.

    Raises:
        RequestInFlightError: another transaction is at it.
        KeyReusedError: the key belongs to a request with another fingerprint.
    """
    if not await connection.fetchval(_LOCK, key):
        raise RequestInFlightError("A request with this Idempotency-Key is being served")
    row = await connection.fetchrow(_FIND, key, RETENTION_HOURS)
    if row is None:
        answer = await make()
        await connection.execute(_STORE, key, fingerprint, answer)
        return answer
    if row["fingerprint"] != fingerprint:
        raise KeyReusedError("This Idempotency-Key was used for another request")
    stored: str = row["answer"]
    return stored


async def keep_purging(database: Database) -> None:
    """Forgets, once an hour, what is older than a day."""
    await purging.keep_purging(database, _PURGE, RETENTION_HOURS)
