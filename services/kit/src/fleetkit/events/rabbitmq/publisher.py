"""Publishes with confirms, mandatory routing and a limit on the wait for either."""

import asyncio

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, DeliveryError, PublishError
from pydantic import SecretStr

from fleetkit.events.cloudevents import MEDIA_TYPE
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.outbox import OutboxMessage
from fleetkit.events.rabbitmq.session import RabbitSession
from fleetkit.events.rabbitmq.topology import declare_exchange
from fleetkit.events.relay import BrokerUnavailableError, EventRefusedError
from fleetkit.request_id import HEADER


class RabbitPublisher(RabbitSession):
    """Carries events to the exchange; see `fleetkit.events.relay.Publisher`."""

    def __init__(self, url: SecretStr, service: str, metrics: EventMetrics, *, timeout_seconds: float) -> None:
        super().__init__(url, f"{service}.publisher", metrics)
        self._timeout = timeout_seconds
        self._exchange: AbstractExchange | None = None
        self._ready = asyncio.Event()

    async def ready(self) -> None:
        """Returns once there is a connection."""
        await self._ready.wait()

    async def publish(self, message: OutboxMessage) -> None:
        """Returns once the broker has confirmed that it keeps the event.

        Raises:
            BrokerUnavailableError: no connection, or no confirm in time.
            EventRefusedError: no queue is bound for the event, or the broker refused it.
        """
        if self._exchange is None:
            raise BrokerUnavailableError("not connected")
        try:
            async with asyncio.timeout(self._timeout):
                await _publish(self._exchange, message)
        except TimeoutError as error:
            self.lose()
            raise BrokerUnavailableError("no confirm in time") from error
        except PublishError as error:
            raise EventRefusedError("no queue is bound for this event type") from error
        except DeliveryError as error:
            raise EventRefusedError("the broker refused the event") from error
        except CONNECTION_EXCEPTIONS as error:
            raise BrokerUnavailableError(type(error).__name__) from error

    async def set_up(self, channel: AbstractChannel) -> None:
        self._exchange = await declare_exchange(channel)
        self._ready.set()

    async def tear_down(self) -> None:
        self._ready.clear()
        self._exchange = None


async def _publish(exchange: AbstractExchange, message: OutboxMessage) -> None:
    try:
        await exchange.publish(
            Message(
                message.body.encode(),
                content_type=MEDIA_TYPE,
                delivery_mode=DeliveryMode.PERSISTENT,
                message_id=message.id,
                type=message.type,
                headers={HEADER: message.request_id} if message.request_id else {},
            ),
            routing_key=message.type,
            mandatory=True,
        )
    except asyncio.CancelledError as error:
        # The client cancels what waits for a confirm when the connection breaks; nobody asked this task to end.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise BrokerUnavailableError("connection lost") from error
