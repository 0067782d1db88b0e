"""The relay: takes events from the outbox to the broker, in batches, several in flight."""

import asyncio
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
log = structlog.get_logger(__name__)


class BrokerUnavailableError(Exception):
    """The broker is away or did not confirm in time: whether it has the event is not known."""


class EventRefusedError(Exception):
    """The broker answered that it does not take this event now, as when no queue is bound for it."""


class Publisher(Protocol):
    """What carries events to a broker."""

    async def ready(self) -> None:
        """Returns once there is a connection."""

    async def publish(self, message: OutboxMessage) -> None:
        """Returns once the broker has confirmed.

        Raises:
            BrokerUnavailableError: nothing can be published at present.
            EventRefusedError: this event cannot; others may.
        """


class OutboxRelay:
    """Publishes what is in the outbox. Any number may run on one outbox."""

    def __init__(self, database: Database, publisher: Publisher, metrics: EventMetrics) -> None:
        self._database = database
        self._publisher = publisher
        self._metrics = metrics
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
            results = await asyncio.gather(*(self._publish(message) for message in messages), return_exceptions=True)
            await self._settle(connection, messages, results)
        for result in results:
            if result is not None and not isinstance(result, EventRefusedError):
                raise result
        return len(messages)

    async def _publish(self, message: OutboxMessage) -> None:
        with sending(message.type, message.id, message.traceparent):
            await self._publisher.publish(message)

    async def _settle(
        self, connection: Connection, messages: list[OutboxMessage], results: list[BaseException | None]
    ) -> None:
        confirmed = []
        for message, result in zip(messages, results, strict=True):
            if result is None:
                confirmed.append(message.position)
                self._metrics.published.labels(message.type, "confirmed").inc()
            elif isinstance(result, EventRefusedError):
                await outbox.postpone(connection, message.position, str(result))
                self._metrics.published.labels(message.type, "refused").inc()
                log.warning("Event was refused by the broker", type=message.type, id=message.id, reason=str(result))
        if confirmed:
            await outbox.forget(connection, confirmed)

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
                self._metrics.pending.set(backlog.pending)
                self._metrics.oldest_age.set(backlog.oldest_age_seconds)
            end_if_cancelled()
            await asyncio.sleep(MEASURE_SECONDS)
