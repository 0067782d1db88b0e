"""Consumes into the inbox, and sees to it that it really does."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue, ConsumerTag
from aiormq.abc import DeliveredMessage
from pydantic import SecretStr

from fleetkit.events.inbox import Inbox
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.rabbitmq.acknowledger import Acknowledger
from fleetkit.events.rabbitmq.delivery import RabbitDelivery, WayOn
from fleetkit.events.rabbitmq.publisher import RabbitPublisher
from fleetkit.events.rabbitmq.session import BROKER_ERRORS, RabbitSession
from fleetkit.events.rabbitmq.topology import (
    dead_letter_exchange_name,
    declare_queue,
    parking_queue_name,
    queue_name,
    retry_exchange_name,
)
from fleetkit.events.receiver import PATIENCE_SECONDS, Receiver

DATABASE_POLL_SECONDS = 1.0
DRAIN_TIMEOUT_SECONDS = 3.0
WATCH_SECONDS = 15.0
WATCH_TIMEOUT_SECONDS = 10.0
log = structlog.get_logger(__name__)


class RabbitConsumer(RabbitSession):
    """Feeds the inbox from a queue for each of its event types; `declared` is set once these are there.

    Args:
        url: the broker.
        service: the prefix of the queues' names.
        inbox: what applies the events.
        publisher: what carries events to be tried again, or parked; it has to be running too.
        metrics: the figures of the application.
        prefetch: how many messages are in hand at a time.
        retry_delays: seconds before each further attempt at an event that failed; after the last one it is parked.
        patience: seconds that an event is held while the database is away. After them nothing is consumed until it
            is back, so that an outage does not use up the attempts that an event has.
        watch_seconds: how often the broker is asked whether it still knows of the consumers, and what waits for them.
    """

    def __init__(
        self,
        url: SecretStr,
        service: str,
        inbox: Inbox,
        publisher: RabbitPublisher,
        metrics: EventMetrics,
        *,
        prefetch: int,
        retry_delays: Sequence[float],
        patience: float = PATIENCE_SECONDS,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        super().__init__(url, f"{service}.consumer", metrics)
        self._service = service
        self._inbox = inbox
        self._way_on = WayOn(publisher, service, self.lose)
        self._metrics = metrics
        self._prefetch = prefetch
        self._retry_delays = retry_delays
        self._watch_seconds = watch_seconds
        self._receiver = Receiver(inbox, metrics, retry_delays=retry_delays, on_outage=self.lose, patience=patience)
        self._consuming: list[tuple[AbstractQueue, ConsumerTag]] = []
        self.declared = asyncio.Event()
        self._acknowledger: Acknowledger | None = None
        self._watching: asyncio.Task[None] | None = None

    async def wait_until_useful(self) -> None:
        while not await self._inbox.is_available():  # noqa: ASYNC110 - only asking tells that a server is back
            await asyncio.sleep(DATABASE_POLL_SECONDS)

    async def set_up(self, connection: AbstractConnection, channel: AbstractChannel) -> None:
        await channel.set_qos(prefetch_count=self._prefetch)
        underlay = await channel.get_underlay_channel()
        # The broker cancels a consumer whose queue is deleted; a new session declares it again.
        underlay.on_consumer_cancel_callbacks.add(self.lose)
        self._acknowledger = acknowledger = Acknowledger(underlay, self.lose)
        for event_type in self._inbox.types:
            queue = await declare_queue(channel, self._service, event_type, self._retry_delays)
            # Not by the queue itself, which would make a task more for each message.
            consuming = await underlay.basic_consume(queue.name, self._put(event_type, acknowledger))
            self._consuming.append((queue, ConsumerTag(consuming.consumer_tag or "")))
        self.declared.set()
        for event_type in self._inbox.types:
            self._metrics.consumer_up.labels(event_type).set(1)
        self._watching = asyncio.create_task(self._watch(connection))

    async def tear_down(self) -> None:
        """Takes no more messages and lets those in hand finish."""
        if self._watching is not None:
            self._watching.cancel()
        for event_type in self._inbox.types:
            self._metrics.consumer_up.labels(event_type).set(0)
        await self._within_limit(self._cancel_consumers())
        await self._receiver.drain(DRAIN_TIMEOUT_SECONDS)
        acknowledger, self._acknowledger = self._acknowledger, None
        if acknowledger is not None:
            await self._within_limit(acknowledger.finish())
        if self._watching is not None:
            await asyncio.wait({self._watching}, timeout=DRAIN_TIMEOUT_SECONDS)  # it may have a channel to close

    def _put(
        self, event_type: str, acknowledger: Acknowledger
    ) -> Callable[[DeliveredMessage], Coroutine[None, None, None]]:
        async def put(message: DeliveredMessage) -> None:
            acknowledger.take(message.delivery_tag or 0)
            self._receiver.put(RabbitDelivery(message, acknowledger, self._way_on, event_type))

        return put

    async def _cancel_consumers(self) -> None:
        consuming, self._consuming = self._consuming, []
        for queue, tag in consuming:
            await queue.cancel(tag)

    async def _within_limit(self, last_words: Coroutine[None, None, None]) -> None:
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT_SECONDS):
                await last_words
        except BROKER_ERRORS as error:
            log.info("Consumer did not end in order", reason=type(error).__name__)

    async def _watch(self, connection: AbstractConnection) -> None:
        """Ends the session where the broker has lost something of it without telling: a new one makes it again."""
        try:
            while await self._is_consuming(connection):  # noqa: ASYNC110 - only asking tells
                await asyncio.sleep(self._watch_seconds)
            log.warning("Broker does not know of a consumer that should be there")
        except BROKER_ERRORS as error:
            log.warning("Broker does not say whether events are consumed", reason=type(error).__name__)
        self.lose()

    async def _is_consuming(self, connection: AbstractConnection) -> bool:
        return all([await self._is_consumed(connection, event_type) for event_type in self._inbox.types])

    async def _is_consumed(self, connection: AbstractConnection, event_type: str) -> bool:
        # On a channel of its own: asking for a queue that is missing closes the channel.
        async with asyncio.timeout(WATCH_TIMEOUT_SECONDS), connection.channel() as channel:
            for exchange in (retry_exchange_name(self._service), dead_letter_exchange_name(self._service)):
                await channel.get_exchange(exchange)
            queue = await channel.declare_queue(queue_name(self._service, event_type), passive=True)
            parked = await channel.declare_queue(parking_queue_name(self._service, event_type), passive=True)
        self._metrics.consumer_lag.labels(event_type).set(queue.declaration_result.message_count or 0)
        self._metrics.parked.labels(event_type).set(parked.declaration_result.message_count or 0)
        return bool(queue.declaration_result.consumer_count)
