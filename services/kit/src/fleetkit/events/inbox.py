"""The inbox: what an event does, and that it was done, are one transaction."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import asyncpg

from fleetkit import purging
from fleetkit.database import Connection, Database, DatabaseUnavailableError
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.tracing import processing
from fleetkit.health import NotReadyError
from fleetkit.request_id import current_request_id, request_id_scope

EventHandler = Callable[[Connection, CloudEvent], Awaitable[None]]
RETENTION_DAYS = 14
HANDLER_TIMEOUT_SECONDS = 30.0
# What took longer is committed before the next event, so that a slow handler holds up nothing but itself.
SLICE_SECONDS = 0.05
MAX_EVENTS = 100
_REMEMBER = """
INSERT INTO inbox (consumer, message_id) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING RETURNING message_id
"""
_FORGET = "DELETE FROM inbox WHERE consumer = $1 AND message_id = ANY($2::text[])"
_PURGE = """
DELETE FROM inbox WHERE (consumer, message_id) IN (
    SELECT consumer, message_id FROM inbox WHERE received_at < now() - make_interval(days => $1)
    LIMIT $2 FOR UPDATE SKIP LOCKED
)
"""
# What several transactions lock together they lock in any order: this is nothing that an event could help.
_CONTENTION = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)


@dataclass(frozen=True)
class Incoming:
    """An event as it came, with the id of the request that led to it."""

    event: CloudEvent
    request_id: str | None = None


@dataclass(frozen=True)
class Receipt:
    """What came of an event: applied now, applied before, or failed with `error` and without a trace."""

    state: Literal["applied", "duplicate", "failed"]
    error: Exception | None = None


class _HandlerError(Exception):
    """What the handler of event number `place` failed with: the transaction has to be undone."""

    def __init__(self, place: int, cause: Exception) -> None:
        super().__init__(place)
        self.place = place
        self.cause = cause


class Inbox:
    """Gives each event to its handler exactly once in effect.

    Args:
        database: where the effects and the inbox are.
        consumer: who remembers; two consumers in one database see an event once each.
        handlers: by event type. A handler works in the transaction of the connection it is given, and does nothing
            outside of it: where a transaction is undone it is called again for the same event. It gets 30 seconds.
    """

    def __init__(self, database: Database, consumer: str, handlers: Mapping[str, EventHandler]) -> None:
        self._database = database
        self._consumer = consumer
        self._handlers = dict(handlers)

    @property
    def types(self) -> tuple[str, ...]:
        """The event types that have a handler."""
        return tuple(self._handlers)

    async def receive(self, event: CloudEvent) -> bool:
        """Applies an event that is new; False where it was applied before.

        Raises:
            DatabaseUnavailableError: try again later.
            InvalidEventError: its data will never be understood.
        """
        (receipt,) = await self.receive_some([Incoming(event, current_request_id())])
        if receipt.error is not None:
            raise receipt.error
        return receipt.state == "applied"

    async def receive_some(self, incoming: Sequence[Incoming]) -> list[Receipt]:
        """Applies the first of these events, as many as fit into a short transaction, and says what came of each.

        One that fails leaves nothing behind and takes no other with it: those before it are applied again without it,
        and it is the first of the next call. A savepoint for each event would cost as much as all else that is done.

        Raises:
            DatabaseUnavailableError: none of them was applied; try again later.
        """
        incoming = incoming[:MAX_EVENTS]
        while True:
            try:
                return await self._apply_together(incoming)
            except _HandlerError as error:
                if isinstance(error.cause, _CONTENTION) and error.place == 0:
                    raise DatabaseUnavailableError("Another transaction has what an event needs") from error.cause
                if error.place == 0:
                    return [Receipt("failed", error.cause)]
                incoming = incoming[: error.place]
            except DatabaseUnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - as of a constraint that is checked at the commit
                if len(incoming) <= 1:
                    return [Receipt("failed", error)]
                incoming = incoming[:1]

    async def is_available(self) -> bool:
        """Whether the database answers."""
        try:
            await self._database.check()
        except NotReadyError:
            return False
        return True

    async def keep_purging(self) -> None:
        """Forgets, once an hour, what is too old to come again."""
        await purging.keep_purging(self._database, _PURGE, RETENTION_DAYS)

    async def _apply_together(self, incoming: Sequence[Incoming]) -> list[Receipt]:
        async with self._database.transaction() as connection:
            # Sorted, so that of two who have the same events one waits for the other.
            ids = sorted(each.event.id for each in incoming)
            new = {row["message_id"] for row in await connection.fetch(_REMEMBER, self._consumer, ids)}
            receipts = await self._apply_in_turn(connection, incoming, new)
            if new:
                await connection.execute(_FORGET, self._consumer, list(new))
        return receipts

    async def _apply_in_turn(
        self, connection: Connection, incoming: Sequence[Incoming], new: set[str]
    ) -> list[Receipt]:
        """Takes out of `new` what is applied."""
        receipts: list[Receipt] = []
        until = time.monotonic() + SLICE_SECONDS
        for place, each in enumerate(incoming):
            if receipts and time.monotonic() > until:
                break
            if each.event.id not in new:
                receipts.append(Receipt("duplicate"))
                continue
            try:
                await self._apply(connection, each)
            except Exception as error:
                raise _HandlerError(place, error) from error
            new.discard(each.event.id)
            receipts.append(Receipt("applied"))
        return receipts

    async def _apply(self, connection: Connection, incoming: Incoming) -> None:
        event = incoming.event
        with request_id_scope(incoming.request_id), processing(event, self._consumer):
            async with asyncio.timeout(HANDLER_TIMEOUT_SECONDS):
                await self._handlers[event.type](connection, event)
