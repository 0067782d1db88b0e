"""The outbox: an event is a row in the transaction of the change that it tells of."""

from dataclasses import dataclass

from fleetkit.database import Connection
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.tracing import creating
from fleetkit.request_id import current_request_id

NOTIFY_CHANNEL = "outbox"
MAX_RETRY_SECONDS = 10
# The notification is sent when the transaction commits, and costs no round trip of its own.
_APPEND = """
WITH appended AS (
    INSERT INTO outbox (id, type, body, request_id) VALUES ($1, $2, $3, $4) RETURNING 1
)
SELECT pg_notify($5, '') FROM appended
"""
_CLAIM = """
SELECT position, id::text AS id, type, body::text AS body, request_id, body ->> 'traceparent' AS traceparent FROM outbox
WHERE next_attempt_at <= now() ORDER BY position LIMIT $1 FOR UPDATE SKIP LOCKED
"""
_FORGET = "DELETE FROM outbox WHERE position = ANY($1::bigint[])"
_POSTPONE = """
UPDATE outbox SET attempts = attempts + 1, last_error = $2,
    next_attempt_at = now() + least(power(2, least(attempts, 30)), $3) * interval '1 second'
WHERE position = $1
"""
_BACKLOG = "SELECT count(*) AS pending, coalesce(extract(epoch FROM now() - min(created_at)), 0) AS age FROM outbox"


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
    """What waits to be published, and for how many seconds the oldest has."""

    pending: int
    oldest_age_seconds: float


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


async def forget(connection: Connection, positions: list[int]) -> None:
    """Removes what the broker has confirmed."""
    await connection.execute(_FORGET, positions)


async def postpone(connection: Connection, position: int, reason: str) -> None:
    """Leaves a message for later, twice as late each time up to ten seconds."""
    await connection.execute(_POSTPONE, position, reason, MAX_RETRY_SECONDS)


async def backlog(connection: Connection) -> Backlog:
    """Measures the outbox."""
    row = await connection.fetchrow(_BACKLOG)
    return Backlog(row["pending"], float(row["age"])) if row else Backlog(0, 0.0)
