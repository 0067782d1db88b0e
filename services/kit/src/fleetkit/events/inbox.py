"""The inbox: what an event does, and that it was done, are one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fleetkit.cancellation import end_if_cancelled
from fleetkit.database import Connection, Database
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.tracing import processing
from fleetkit.health import NotReadyError

EventHandler = Callable[[Connection, CloudEvent], Awaitable[None]]
RETENTION_DAYS = 14
PURGE_INTERVAL_SECONDS = 3600.0
_REMEMBER = """
INSERT INTO inbox (consumer, message_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true
"""
_PURGE = "DELETE FROM inbox WHERE received_at < now() - make_interval(days => $1)"


class Inbox:
    """Gives each event to its handler exactly once in effect.

    Args:
        database: where the effects and the inbox are.
        consumer: who remembers; two consumers in one database see an event once each.
        handlers: by event type. A handler works in the transaction of the connection it is given.
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
        with processing(event, self._consumer):
            async with self._database.transaction() as connection:
                if not await connection.fetchval(_REMEMBER, self._consumer, event.id):
                    return False
                await self._handlers[event.type](connection, event)
                return True

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
