"""A message in hand, and the three ways in which it ends."""

from collections.abc import Callable
from dataclasses import dataclass

import stamina
from aio_pika import DeliveryMode, IncomingMessage, Message
from aio_pika.abc import AbstractIncomingMessage
from aiormq.abc import DeliveredMessage

from fleetkit.events.failures import FAILURE_HEADERS, Failure, attempts_in
from fleetkit.events.rabbitmq.acknowledger import Acknowledger
from fleetkit.events.rabbitmq.publisher import RabbitPublisher
from fleetkit.events.rabbitmq.topology import (
    dead_letter_exchange_name,
    retry_exchange_name,
    retry_queue_name,
)
from fleetkit.events.relay import BrokerUnavailableError, EventRefusedError
from fleetkit.events.settlement import UnsettledError
from fleetkit.request_id import HEADER

SEND_PATIENCE_SECONDS = 600.0
_NOT_SENT = (BrokerUnavailableError, EventRefusedError)
# What the broker adds for its own bookkeeping; a copy begins anew.
_OF_THE_BROKER = ("x-death", "x-delivery-count", "x-acquired-count", "x-first-death-", "x-last-death-")


@dataclass(frozen=True)
class WayOn:
    """How what failed leaves a service's queue: with whose connection, to whose queues, and what ends it all."""

    publisher: RabbitPublisher
    service: str
    give_up: Callable[[], None]


class RabbitDelivery:
    """See `fleetkit.events.settlement.Delivery`.

    A copy is sent on and confirmed before the message is acknowledged: a failure between the two leaves both, and the
    inbox lets one of them have its effect. Copies go over the connection that publishes, which alone the broker blocks
    when it is short of memory.
    """

    def __init__(self, message: DeliveredMessage, acknowledger: Acknowledger, way: WayOn, event_type: str) -> None:
        headers = message.header.properties.headers or {}
        self.event_type = event_type
        self.body = message.body
        self.attempts = attempts_in(headers)
        self.request_id = str(headers.get(HEADER, ""))
        self._message = message
        self._acknowledger = acknowledger
        self._way = way

    async def acknowledge(self) -> None:
        self._acknowledger.acknowledge(self._message.delivery_tag or 0)

    async def retry(self, failure: Failure, delay_seconds: float) -> None:
        queue = retry_queue_name(self._way.service, self.event_type, delay_seconds)
        await self._send_on(failure, exchange=retry_exchange_name(self._way.service), routing_key=queue)

    async def park(self, failure: Failure) -> None:
        exchange = dead_letter_exchange_name(self._way.service)
        await self._send_on(failure, exchange=exchange, routing_key=self.event_type)

    async def _send_on(self, failure: Failure, *, exchange: str, routing_key: str) -> None:
        copy = copy_of(IncomingMessage(self._message), headers=failure.headers())
        try:
            async for attempt in stamina.retry_context(
                on=_NOT_SENT, attempts=None, timeout=SEND_PATIENCE_SECONDS, wait_max=5.0
            ):
                with attempt:
                    if self._message.channel.is_closed:
                        raise UnsettledError("the connection was lost")
                    await self._way.publisher.send(
                        copy.body, copy.properties, exchange=exchange, routing_key=routing_key
                    )
        except _NOT_SENT as error:
            self._way.give_up()
            raise UnsettledError(type(error).__name__) from error
        await self.acknowledge()


def copy_of(message: AbstractIncomingMessage, *, headers: dict[str, str | int]) -> Message:
    """The same event with these headers, and without what the broker or an earlier failure added to its own."""
    added = (*_OF_THE_BROKER, *FAILURE_HEADERS)
    kept = {name: value for name, value in message.headers.items() if not name.startswith(added)}
    return Message(
        message.body,
        content_type=message.content_type,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=message.message_id,
        type=message.type,
        headers={**kept, **headers},
    )
