"""Consumes into the inbox: acknowledged after the commit, tried again within limits, parked when hopeless."""

import asyncio
from collections.abc import Awaitable, Callable

import stamina
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue, ConsumerTag
from pydantic import SecretStr

from fleetkit.database import DatabaseUnavailableError
from fleetkit.events.cloudevents import CloudEvent, InvalidEventError
from fleetkit.events.inbox import Inbox
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.rabbitmq.session import BROKER_ERRORS, RabbitSession
from fleetkit.events.rabbitmq.topology import declare_queue
from fleetkit.request_id import HEADER, request_id_scope

# The broker gives up on a consumer after 30 minutes without an acknowledgement.
PATIENCE_SECONDS = 600.0
DATABASE_POLL_SECONDS = 1.0
HANDLER_TIMEOUT_SECONDS = 30.0
DRAIN_TIMEOUT_SECONDS = 3.0
log = structlog.get_logger(__name__)


class RabbitConsumer(RabbitSession):
    """Feeds the inbox from a queue for each of its event types.

    Args:
        url: the broker.
        service: the prefix of the queues' names.
        inbox: what applies the events.
        metrics: the figures of the application.
        prefetch: how many messages are in hand at a time.
        retry_delay: seconds before a failed event is tried again, doubled with each failure.
        patience: seconds that an event is held while the database is away. After them nothing is consumed until it
            is back, so that an outage does not use up the deliveries that an event has.
    """

    def __init__(
        self,
        url: SecretStr,
        service: str,
        inbox: Inbox,
        metrics: EventMetrics,
        *,
        prefetch: int,
        retry_delay: float = 0.2,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        super().__init__(url, f"{service}.consumer", metrics)
        self._service = service
        self._inbox = inbox
        self._metrics = metrics
        self._prefetch = prefetch
        self._retry_delay = retry_delay
        self._patience = patience
        self._consuming: list[tuple[AbstractQueue, ConsumerTag]] = []
        self._in_hand: set[asyncio.Task[None]] = set()

    async def wait_until_useful(self) -> None:
        while not await self._inbox.is_available():  # noqa: ASYNC110 - only asking tells that a server is back
            await asyncio.sleep(DATABASE_POLL_SECONDS)

    async def set_up(self, connection: AbstractConnection, channel: AbstractChannel) -> None:  # noqa: ARG002 - as the base says
        await channel.set_qos(prefetch_count=self._prefetch)
        underlay = await channel.get_underlay_channel()
        # The broker cancels a consumer whose queue is deleted; a new session declares it again.
        underlay.on_consumer_cancel_callbacks.add(self.lose)
        for event_type in self._inbox.types:
            queue = await declare_queue(channel, self._service, event_type)
            self._consuming.append((queue, await queue.consume(self._receiver(event_type))))

    async def tear_down(self) -> None:
        """Takes no more messages and lets those in hand finish."""
        consuming, self._consuming = self._consuming, []
        try:
            async with asyncio.timeout(DRAIN_TIMEOUT_SECONDS):
                for queue, tag in consuming:
                    await queue.cancel(tag)
        except BROKER_ERRORS as error:
            log.info("Consumer was not cancelled in order", reason=type(error).__name__)
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=DRAIN_TIMEOUT_SECONDS)

    def _receiver(self, event_type: str) -> Callable[[AbstractIncomingMessage], Awaitable[None]]:
        async def receive(message: AbstractIncomingMessage) -> None:
            # A task of its own: the client cancels those that it made when a channel closes.
            task = asyncio.create_task(self._handle(event_type, message))
            self._in_hand.add(task)
            task.add_done_callback(self._in_hand.discard)

        return receive

    async def _handle(self, event_type: str, message: AbstractIncomingMessage) -> None:
        with request_id_scope(str(message.headers.get(HEADER, ""))):
            try:
                result = await self._settle(message)
            except BROKER_ERRORS as error:
                result = "unsettled"
                log.info("Event could not be settled and will come again", reason=type(error).__name__)
        self._metrics.consumed.labels(event_type, result).inc()

    async def _settle(self, message: AbstractIncomingMessage) -> str:
        try:
            applied = await self._apply(message)
        except InvalidEventError as error:
            log.error("Event was parked", id=message.message_id, reason=str(error))  # noqa: TRY400 - no traceback helps
            await message.reject(requeue=False)
            return "parked"
        except DatabaseUnavailableError as error:
            if await self._inbox.is_available():
                return await self._try_again(message, error)
            log.warning("Consuming pauses until the database is back", id=message.message_id)
            self.lose()
            return "unsettled"
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the event comes again
            return await self._try_again(message, error)
        await message.ack()
        return "applied" if applied else "duplicate"

    async def _try_again(self, message: AbstractIncomingMessage, error: Exception) -> str:
        log.error("Event failed and will be tried again", id=message.message_id, exc_info=error)
        await asyncio.sleep(self._retry_delay * 2 ** _deliveries(message))
        await message.reject(requeue=True)
        return "failed"

    async def _apply(self, message: AbstractIncomingMessage) -> bool:
        event = CloudEvent.parse(message.body)
        async for attempt in stamina.retry_context(
            on=DatabaseUnavailableError, attempts=None, timeout=self._patience, wait_max=5.0
        ):
            with attempt:
                async with asyncio.timeout(HANDLER_TIMEOUT_SECONDS):
                    return await self._inbox.receive(event)
        raise AssertionError  # the retry loop either returns or raises


def _deliveries(message: AbstractIncomingMessage) -> int:
    count = message.headers.get("x-delivery-count", 0)
    return count if isinstance(count, int) else 0
