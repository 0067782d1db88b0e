"""Parked events on RabbitMQ: messages in the parking queue of their type."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity
from pydantic import SecretStr

from fleetkit.events.failures import (
    ATTEMPTS_HEADER,
    EXCEPTION_HEADER,
    FAILED_AT_HEADER,
    REASON_HEADER,
    TYPE_HEADER,
    attempts_in,
)
from fleetkit.events.parking import ParkedEvent, ParkingUnavailableError
from fleetkit.events.rabbitmq.delivery import copy_of
from fleetkit.events.rabbitmq.session import BROKER_ERRORS, CONNECT_TIMEOUT_SECONDS
from fleetkit.events.rabbitmq.topology import (
    dead_letter_exchange_name,
    parking_queue_name,
    queue_name,
    retry_exchange_name,
)

# Each time that a message is looked at and put back counts as a delivery, and after some 20 the broker drops it.
MAX_DELIVERIES = 5


class RabbitParkingLot:
    """See `fleetkit.events.parking.ParkingLot`."""

    def __init__(self, url: SecretStr, service: str, *, timeout_seconds: float) -> None:
        self._url = url
        self._service = service
        self._timeout = timeout_seconds
        self._channel: AbstractChannel | None = None
        self._held: AbstractIncomingMessage | None = None

    @asynccontextmanager
    async def browse(self, event_type: str) -> AsyncIterator[AsyncIterator[ParkedEvent]]:
        try:
            async with await aio_pika.connect(
                self._url.get_secret_value(), timeout=CONNECT_TIMEOUT_SECONDS
            ) as connection:
                # What is neither acknowledged nor sent on is back in its place when the channel closes.
                self._channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                queue = await self._channel.declare_queue(parking_queue_name(self._service, event_type), passive=True)
                yield self._each(queue, event_type)
        except ChannelNotFoundEntity as error:
            raise ParkingUnavailableError(f"{self._service} has no parking queue for {event_type}") from error
        except BROKER_ERRORS as error:
            raise ParkingUnavailableError(f"the broker is not available ({type(error).__name__})") from error

    async def replay(self, event: ParkedEvent) -> None:
        queue = queue_name(self._service, event.type)
        await self._move(event, {}, exchange=retry_exchange_name(self._service), routing_key=queue)

    async def _each(self, queue: AbstractQueue, event_type: str) -> AsyncIterator[ParkedEvent]:
        # No more than there are now: what comes back meanwhile is not looked at twice.
        for _ in range(queue.declaration_result.message_count or 0):
            message = await queue.get(fail=False, timeout=self._timeout)
            if message is None:
                return
            self._held = message
            event = _describe(message, event_type)
            yield event
            if self._held is message and _deliveries(message) >= MAX_DELIVERIES:
                await self._park_afresh(event)

    async def _park_afresh(self, event: ParkedEvent) -> None:
        """Puts a copy with a new count behind the others."""
        await self._move(
            event, _headers(event), exchange=dead_letter_exchange_name(self._service), routing_key=event.type
        )

    async def _move(
        self, event: ParkedEvent, headers: dict[str, str | int], *, exchange: str, routing_key: str
    ) -> None:
        message, self._held = self._held, None
        if message is None or self._channel is None or message.message_id != (event.id or None):
            raise ParkingUnavailableError("only the event that was yielded last can be moved")
        destination = await self._channel.get_exchange(exchange, ensure=False)
        try:
            await destination.publish(copy_of(message, headers=headers), routing_key, timeout=self._timeout)
            await message.ack()
        except BROKER_ERRORS as error:
            raise ParkingUnavailableError(f"the broker did not take it ({type(error).__name__})") from error


def _describe(message: AbstractIncomingMessage, event_type: str) -> ParkedEvent:
    headers = message.headers
    failed_at = str(headers.get(FAILED_AT_HEADER, ""))
    return ParkedEvent(
        id=message.message_id or "",
        type=event_type,
        reason=str(headers.get(REASON_HEADER) or _given_up(headers.get("x-death"))),
        exception=str(headers.get(EXCEPTION_HEADER, "")),
        attempts=attempts_in(headers),
        failed_at=datetime.fromisoformat(failed_at) if failed_at else None,
    )


def _given_up(deaths: object) -> str:
    """Why the broker itself parked a message."""
    match deaths:
        case [{"reason": reason}, *_]:
            return f"given up by the broker: {reason}"
        case _:
            return ""


def _headers(event: ParkedEvent) -> dict[str, str | int]:
    headers: dict[str, str | int] = {
        REASON_HEADER: event.reason,
        EXCEPTION_HEADER: event.exception,
        TYPE_HEADER: event.type,
        ATTEMPTS_HEADER: event.attempts,
    }
    if event.failed_at is not None:
        headers[FAILED_AT_HEADER] = event.failed_at.isoformat()
    return headers


def _deliveries(message: AbstractIncomingMessage) -> int:
    count = message.headers.get("x-delivery-count", 0)
    return count if isinstance(count, int) else 0
