"""Publishes with confirms, mandatory routing and a limit on the wait for either."""

import asyncio
from dataclasses import dataclass
from typing import cast

from aio_pika import DeliveryMode
from aio_pika.abc import AbstractChannel, AbstractConnection, HeadersType
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    ChannelClosed,
    ChannelInvalidStateError,
    DeliveryError,
    PublishError,
)
from aiormq import spec
from aiormq.channel import Channel
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed
from pydantic import SecretStr

from fleetkit.events.cloudevents import MEDIA_TYPE
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.outbox import OutboxMessage
from fleetkit.events.rabbitmq.session import RabbitSession
from fleetkit.events.rabbitmq.topology import EXCHANGE, declare_exchange
from fleetkit.events.relay import BrokerUnavailableError, EventRefusedError, EventUnroutedError
from fleetkit.request_id import HEADER
from fleetkit.tracing.spans import TRACEPARENT


@dataclass(frozen=True, slots=True)
class _Publication:
    body: bytes
    properties: spec.Basic.Properties
    exchange: str
    routing_key: str


class RabbitPublisher(RabbitSession):
    """Carries events to the exchange; see `fleetkit.events.relay.Publisher`.

    Events share a channel. The broker closes it when this service may not publish the type of one of them, or one is
    too large, and does not say for which of those under way: each of them is then published on a channel of its own.
    """

    def __init__(self, url: SecretStr, service: str, metrics: EventMetrics, *, timeout_seconds: float) -> None:
        super().__init__(url, f"{service}.publisher", metrics)
        self._timeout = timeout_seconds
        self._connection: AbstractConnection | None = None
        self._shared: AbstractChannel | None = None
        self._opening = asyncio.Lock()
        self._alone = asyncio.Lock()
        self._ready = asyncio.Event()
        self._own_queues: asyncio.Event | None = None

    def publish_after(self, own_queues: asyncio.Event) -> None:
        """Makes `ready` wait for the service's own queues too.

        The broker confirms an event that only others have a queue for: this service would never get it.
        """
        self._own_queues = own_queues

    async def ready(self) -> None:
        """Returns once there is a connection, and the queues that are to be waited for."""
        if self._own_queues is not None:
            await self._own_queues.wait()
        await self._ready.wait()

    async def publish(self, message: OutboxMessage) -> None:
        """Returns once the broker has confirmed that it keeps the event.

        Raises:
            BrokerUnavailableError: no connection, or no confirm in time.
            EventUnroutedError: no queue is bound for the event.
            EventRefusedError: the broker refused it, or this service may not publish its type.
        """
        properties = spec.Basic.Properties(
            content_type=MEDIA_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=message.id,
            message_type=message.type,
            headers=_headers(message),
        )
        await self.send(message.body.encode(), properties, exchange=EXCHANGE, routing_key=message.type)

    async def send(self, body: bytes, properties: spec.Basic.Properties, *, exchange: str, routing_key: str) -> None:
        """Returns once the broker has confirmed that a queue keeps the message.

        Raises:
            BrokerUnavailableError, EventRefusedError: as `publish`.
        """
        if self._connection is None:
            raise BrokerUnavailableError("not connected")
        try:
            async with asyncio.timeout(self._timeout):
                await self._send(self._connection, _Publication(body, properties, exchange, routing_key))
        except TimeoutError as error:
            self.lose()
            raise BrokerUnavailableError("no confirm in time") from error
        except ChannelAccessRefused as error:
            raise EventRefusedError("this service may not publish this event type") from error
        except ChannelPreconditionFailed as error:
            raise EventRefusedError("the broker takes no such event, as where it is too large") from error
        except PublishError as error:
            raise EventUnroutedError("no queue is bound for this event type") from error
        except DeliveryError as error:
            raise EventRefusedError("the broker refused the event") from error
        except ChannelClosed as error:
            self.lose()  # as where the exchange was deleted: a new session declares it
            raise BrokerUnavailableError(type(error).__name__) from error
        except CONNECTION_EXCEPTIONS as error:
            raise BrokerUnavailableError(type(error).__name__) from error

    async def wait_until_useful(self) -> None:
        return

    async def set_up(self, connection: AbstractConnection, channel: AbstractChannel) -> None:
        await declare_exchange(channel)
        self._connection = connection
        self._ready.set()

    async def tear_down(self) -> None:
        self._ready.clear()
        self._connection = self._shared = None

    async def _send(self, connection: AbstractConnection, publication: _Publication) -> None:
        try:
            await _send(await self._shared_channel(connection), publication)
        except (ChannelAccessRefused, ChannelPreconditionFailed, ChannelInvalidStateError):
            async with self._alone, _open_channel(connection) as channel:
                await _send(channel, publication)

    async def _shared_channel(self, connection: AbstractConnection) -> AbstractChannel:
        if self._shared is None or self._shared.is_closed:
            async with self._opening:
                if self._shared is None or self._shared.is_closed:
                    self._shared = await _open_channel(connection)
        return self._shared


def _open_channel(connection: AbstractConnection) -> AbstractChannel:
    return connection.channel(publisher_confirms=True, on_return_raises=True)


async def _send(channel: AbstractChannel, publication: _Publication) -> None:
    underlay = cast(Channel, await channel.get_underlay_channel())
    try:
        await underlay.basic_publish(
            publication.body,
            exchange=publication.exchange,
            routing_key=publication.routing_key,
            properties=publication.properties,
            mandatory=True,
            wait=False,  # for the socket: the confirm is waited for anyway, and the others need not wait for this
        )
    except asyncio.CancelledError as error:
        # The client cancels what waits for a confirm when the connection breaks; nobody asked this task to end.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise BrokerUnavailableError("connection lost") from error


def _headers(message: OutboxMessage) -> HeadersType:
    headers = {HEADER: message.request_id, TRACEPARENT: message.traceparent}
    return {name: value for name, value in headers.items() if value}
