"""The outbox: an event is a row in the transaction of the change that it tells of."""

from collections.abc import Sequence
from dataclasses import dataclass

from fleetkit.database import Connection
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.tracing import creating
from fleetkit.request_id import current_request_id

NOTIFY_CHANNEL = "outbox"
MAX_RETRY_SECONDS = 10
MAX_UNROUTED_RETRY_SECONDS = 3600
# So many came to nothing before an event counts as one that nobody will consume: more than an hour of them.
MIN_UNROUTED_ATTEMPTS = 12
# The notification is sent when the transaction commits, and costs no round trip of its own.
_APPEND = """
WITH appended AS (
    INSERT INTO outbox (id, type, body, request_id) VALUES ($1, $2, $3, $4) RETURNING 1
)
SELECT pg_notify($5, '') FROM appended
"""
_CLAIM = """
SELECT position, id::text AS id, type, body::text AS body, request_id, body ->> 'traceparent' AS traceparent FROM outbox
WHERE next_attempt_at <= now() ORDER BY next_attempt_at, position LIMIT $1 FOR UPDATE SKIP LOCKED
"""
_FORGET = "DELETE FROM outbox WHERE position = ANY($1::bigint[])"
_POSTPONE = """
UPDATE outbox SET attempts = attempts + 1, last_error = $2, unrouted = $3,
    next_attempt_at = now() + least(power(2, least(attempts, 30)), $4) * interval '1 second'
WHERE position = ANY($1::bigint[])
"""
_DROP_UNROUTED = """
DELETE FROM outbox WHERE position = ANY($1::bigint[]) AND attempts >= $2
    AND created_at < now() - $3 * interval '1 hour' RETURNING type
"""
_RELEASE = """
UPDATE outbox SET unrouted = false, next_attempt_at = now() WHERE position IN (
    SELECT position FROM outbox WHERE unrouted AND type = ANY($1::text[]) FOR UPDATE SKIP LOCKED
)
"""
_BACKLOG = """
SELECT count(*) FILTER (WHERE NOT unrouted) AS pending, count(*) FILTER (WHERE unrouted) AS unrouted,
    coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE NOT unrouted)), 0) AS age,
    coalesce(array_agg(DISTINCT type) FILTER (WHERE unrouted), '{}') AS unrouted_types
FROM outbox
"""


@dataclass(frozen=True)
class OutboxMessage:
    """A claimed row: `body` is the event as JSON."""

    position: int
    id: str
    type: str
    body: str
    request_id: str | None
    traceparent: str | None = None


@dataclass(frozen=True)
class Backlog:
    """What waits to be published and for how many seconds the oldest has; apart from that, what nobody consumes yet."""

    pending: int
    oldest_age_seconds: float
    unrouted: int
    unrouted_types: frozenset[str]


async def append(connection: Connection, event: CloudEvent) -> None:
    """Puts an event into the outbox, in the transaction that `connection` has open."""
    with creating(event) as made:
        await connection.execute(
            _APPEND, made.id, made.type, made.model_dump_json(), current_request_id(), NOTIFY_CHANNEL
        )


async def claim(connection: Connection, limit: int) -> list[OutboxMessage]:
    """Takes the oldest messages that no other relay holds; the claim ends with the transaction."""
    rows = await connection.fetch(_CLAIM, limit)
    return [OutboxMessage(**row) for row in rows]


async def forget(connection: Connection, positions: Sequence[int]) -> None:
    """Removes what the broker has confirmed."""
    await connection.execute(_FORGET, positions)


async def postpone(connection: Connection, positions: Sequence[int], reason: str) -> None:
    """Leaves messages for later, twice as late each time up to ten seconds."""
    await connection.execute(_POSTPONE, positions, reason, False, MAX_RETRY_SECONDS)


async def put_off_unrouted(connection: Connection, positions: Sequence[int], *, hours: float) -> list[str]:
    """Leaves messages that nobody consumes for later, twice as late each time up to an hour.

    Drops those that have waited for more than `hours`, and returns the type of each.
    """
    dropped = await connection.fetch(_DROP_UNROUTED, positions, MIN_UNROUTED_ATTEMPTS, hours)
    await connection.execute(_POSTPONE, positions, "nobody consumes this type", True, MAX_UNROUTED_RETRY_SECONDS)
    return [row["type"] for row in dropped]


async def release(connection: Connection, types: Sequence[str]) -> None:
    """Makes all messages of these types due that waited for somebody to consume them."""
    await connection.execute(_RELEASE, types)


async def backlog(connection: Connection) -> Backlog:
    """Measures the outbox."""
    row = await connection.fetchrow(_BACKLOG)
    if row is None:
        return Backlog(0, 0.0, 0, frozenset())
    return Backlog(row["pending"], float(row["age"]), row["unrouted"], frozenset(row["unrouted_types"]))
