"""The inbox: what an event does, and that it was done, are one transaction."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fleetkit.cancellation import end_if_cancelled
from fleetkit.database import Connection, Database
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.tracing import processing
from fleetkit.health import NotReadyError
from fleetkit.request_id import current_request_id, request_id_scope

EventHandler = Callable[[Connection, CloudEvent], Awaitable[None]]
RETENTION_DAYS = 14
PURGE_INTERVAL_SECONDS = 3600.0
HANDLER_TIMEOUT_SECONDS = 30.0
# What took longer is committed before the next event, so that a slow handler holds up nothing but itself.
SLICE_SECONDS = 0.05
# PostgreSQL keeps up to 64 subtransactions of a transaction at hand.
MAX_EVENTS = 50
_REMEMBER = """
INSERT INTO inbox (consumer, message_id) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING RETURNING message_id
"""
_FORGET = "DELETE FROM inbox WHERE consumer = $1 AND message_id = ANY($2::text[])"
_SAVE = "SAVEPOINT event"
_SAVE_AGAIN = "RELEASE SAVEPOINT event; SAVEPOINT event"
_UNDO = "ROLLBACK TO SAVEPOINT event"
_PURGE = "DELETE FROM inbox WHERE received_at < now() - make_interval(days => $1)"


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


class Inbox:
    """Gives each event to its handler exactly once in effect.

    Args:
        database: where the effects and the inbox are.
        consumer: who remembers; two consumers in one database see an event once each.
        handlers: by event type. A handler works in the transaction of the connection it is given. It gets 30 seconds.
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

        One that fails leaves nothing behind and takes no other with it.

        Raises:
            DatabaseUnavailableError: none of them was applied; try again later.
        """
        incoming = incoming[:MAX_EVENTS]
        async with self._database.transaction() as connection:
            ids = [each.event.id for each in incoming]
            new = {row["message_id"] for row in await connection.fetch(_REMEMBER, self._consumer, ids)}
            receipts = await self._apply_in_turn(connection, incoming, new)
            if new:
                await connection.execute(_FORGET, self._consumer, list(new))
        return receipts

    async def is_available(self) -> bool:
        """Whether the database answers."""
        try:
            await self._database.check()
        except NotReadyError:
            return False
        return True

    async def keep_purging(self) -> None:
        """Forgets, once an hour, what is too old to come again."""
        while True:
            async with self._database.acquire() as connection:
                await connection.execute(_PURGE, RETENTION_DAYS)
            end_if_cancelled()
            await asyncio.sleep(PURGE_INTERVAL_SECONDS)

    async def _apply_in_turn(
        self, connection: Connection, incoming: Sequence[Incoming], new: set[str]
    ) -> list[Receipt]:
        """Takes out of `new` what is applied."""
        receipts: list[Receipt] = []
        failed: dict[str, Receipt] = {}
        save = _SAVE
        until = time.monotonic() + SLICE_SECONDS
        for each in incoming:
            if receipts and time.monotonic() > until:
                break
            event = each.event
            if event.id not in new:
                receipts.append(Receipt("duplicate"))
            elif event.id in failed:
                receipts.append(failed[event.id])
            else:
                await connection.execute(save)
                save = _SAVE_AGAIN
                receipts.append(await self._apply(connection, each))
                if receipts[-1].error is None:
                    new.discard(event.id)
                else:
                    failed[event.id] = receipts[-1]
        return receipts

    async def _apply(self, connection: Connection, incoming: Incoming) -> Receipt:
        event = incoming.event
        try:
            with request_id_scope(incoming.request_id), processing(event, self._consumer):
                async with asyncio.timeout(HANDLER_TIMEOUT_SECONDS):
                    await self._handlers[event.type](connection, event)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the others go on
            # Where the connection is lost this fails too, and with it the whole transaction.
            await connection.execute(_UNDO)
            return Receipt("failed", error)
        return Receipt("applied")
