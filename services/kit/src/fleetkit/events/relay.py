"""The relay: takes events from the outbox to the broker, in batches, several in flight."""

import asyncio
from collections import Counter
from typing import Protocol

import stamina
import structlog

from fleetkit.cancellation import end_if_cancelled
from fleetkit.database import Connection, Database, DatabaseUnavailableError
from fleetkit.events import outbox
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.outbox import NOTIFY_CHANNEL, OutboxMessage
from fleetkit.events.tracing import sending

BATCH_SIZE = 100
POLL_SECONDS = 1.0
MEASURE_SECONDS = 5.0
DEFAULT_UNROUTED_HOURS = 24.0
log = structlog.get_logger(__name__)


class BrokerUnavailableError(Exception):
    """The broker is away or did not confirm in time: whether it has the event is not known."""


class EventRefusedError(Exception):
    """The broker answered that it does not take this event now."""


class EventUnroutedError(EventRefusedError):
    """Nobody consumes this type of event, at present."""


class Publisher(Protocol):
    """What carries events to a broker."""

    async def ready(self) -> None:
        """Returns once there is a connection."""

    async def publish(self, message: OutboxMessage) -> None:
        """Returns once the broker has confirmed.

        Raises:
            BrokerUnavailableError: nothing can be published at present.
            EventUnroutedError: nobody consumes its type.
            EventRefusedError: this event cannot be published; others may.
        """


class OutboxRelay:
    """Publishes what is in the outbox. Any number may run on one outbox.

    Args:
        database: where the outbox is.
        publisher: the way to the broker.
        metrics: the figures of the application.
        unrouted_hours: how long an event is kept that nobody consumes.
    """

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        metrics: EventMetrics,
        *,
        unrouted_hours: float = DEFAULT_UNROUTED_HOURS,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._metrics = metrics
        self._unrouted_hours = unrouted_hours
        self._unrouted_types: frozenset[str] = frozenset()
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Relays until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._publish_forever())
            group.create_task(self._listen_forever())
            group.create_task(self._measure_forever())

    async def publish_batch(self) -> int:
        """Publishes one batch and returns its size.

        The rows stay locked until the broker has answered for each; a process that dies gives them back.

        Raises:
            BrokerUnavailableError: some were not confirmed; those stay in the outbox.
            DatabaseUnavailableError: try again later.
        """
        async with self._database.transaction() as connection:
            messages = await outbox.claim(connection, BATCH_SIZE)
            sent = self._worth_sending(messages)
            results = await asyncio.gather(*(self._publish(message) for message in sent), return_exceptions=True)
            await self._settle(connection, messages, dict(zip(_positions(sent), results, strict=True)))
        for result in results:
            if result is not None and not isinstance(result, EventRefusedError):
                raise result
        return len(messages)

    def _worth_sending(self, messages: list[OutboxMessage]) -> list[OutboxMessage]:
        """All, but of a type that nobody consumes only the first, which tells for the others."""
        first = {message.type: message for message in reversed(messages)}
        return [
            message
            for message in messages
            if message.type not in self._unrouted_types or message is first[message.type]
        ]

    async def _publish(self, message: OutboxMessage) -> None:
        with sending(message.type, message.id, message.traceparent):
            await self._publisher.publish(message)

    async def _settle(
        self, connection: Connection, messages: list[OutboxMessage], results: dict[int, BaseException | None]
    ) -> None:
        """`results`: of those that were sent, by position."""
        answers = [(message, results[message.position]) for message in messages if message.position in results]
        confirmed = [message for message, result in answers if result is None]
        unrouted = [message for message, result in answers if isinstance(result, EventUnroutedError)]
        if confirmed:
            await outbox.forget(connection, _positions(confirmed))
            await self._release(connection, confirmed)
        if unrouted:
            types = self._note_unrouted(unrouted)
            unsent = [message for message in messages if message.position not in results and message.type in types]
            await self._put_off(connection, [*unrouted, *unsent])
        for message, result in answers:
            if isinstance(result, EventRefusedError) and not isinstance(result, EventUnroutedError):
                await outbox.postpone(connection, [message.position], str(result))
                self._metrics.published.labels(message.type, "refused").inc()
                log.warning("Event was refused by the broker", type=message.type, id=message.id, reason=str(result))

    async def _release(self, connection: Connection, confirmed: list[OutboxMessage]) -> None:
        counts = Counter(message.type for message in confirmed)
        for event_type, count in counts.items():
            self._metrics.published.labels(event_type, "confirmed").inc(count)
        if wanted := self._unrouted_types.intersection(counts):
            await outbox.release(connection, sorted(wanted))
            self._unrouted_types -= wanted
            self._wake.set()
            log.info("Somebody consumes what was put off", types=sorted(wanted))

    def _note_unrouted(self, unrouted: list[OutboxMessage]) -> frozenset[str]:
        types = frozenset(message.type for message in unrouted)
        if new := types - self._unrouted_types:
            log.warning("Nobody consumes these events; they are put off", types=sorted(new))
            self._unrouted_types |= new
        for message in unrouted:
            self._metrics.published.labels(message.type, "unrouted").inc()
        return types

    async def _put_off(self, connection: Connection, unrouted: list[OutboxMessage]) -> None:
        dropped = await outbox.put_off_unrouted(connection, _positions(unrouted), hours=self._unrouted_hours)
        for event_type, count in Counter(dropped).items():
            self._metrics.published.labels(event_type, "dropped").inc(count)
            log.error("Events were dropped: nobody consumed them for too long", type=event_type, count=count)

    async def _publish_forever(self) -> None:
        away = (BrokerUnavailableError, DatabaseUnavailableError)
        while True:
            async for attempt in stamina.retry_context(
                on=away, attempts=None, timeout=None, wait_initial=0.1, wait_max=5.0, wait_jitter=0.5
            ):
                with attempt:
                    await self._drain()
            end_if_cancelled()
            await self._wait_for_more()

    async def _drain(self) -> None:
        await self._publisher.ready()
        self._wake.clear()
        while await self.publish_batch() == BATCH_SIZE:
            pass

    async def _wait_for_more(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _listen_forever(self) -> None:
        while True:
            async for attempt in stamina.retry_context(
                on=DatabaseUnavailableError, attempts=None, timeout=None, wait_initial=0.5, wait_max=5.0
            ):
                with attempt:
                    await self._database.listen(NOTIFY_CHANNEL, self._wake)

    async def _measure_forever(self) -> None:
        while True:
            try:
                async with self._database.acquire() as connection:
                    backlog = await outbox.backlog(connection)
            except DatabaseUnavailableError:
                log.warning("Outbox could not be measured")
            else:
                self._unrouted_types = backlog.unrouted_types
                self._metrics.pending.set(backlog.pending)
                self._metrics.unrouted.set(backlog.unrouted)
                self._metrics.oldest_age.set(backlog.oldest_age_seconds)
            end_if_cancelled()
            await asyncio.sleep(MEASURE_SECONDS)


def _positions(messages: list[OutboxMessage]) -> list[int]:
    return [message.position for message in messages]
