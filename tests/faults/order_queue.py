"""The queue from which users counts orders: what a test puts into it, and what was parked."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import aio_pika
from customer import Customer
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.parking import ParkedEvent
from fleetkit.events.rabbitmq.parking import RabbitParkingLot
from fleetkit.testing import VirtualHost
from pydantic import BaseModel, SecretStr
from two_services import Fleet

ORDER_CREATED = "order.created"
QUEUE = f"users.{ORDER_CREATED}"
AT_ONCE = 200


class OrderOfUser(BaseModel):
    """What users reads of the event."""

    user_id: UUID


def order_created(user_id: UUID) -> str:
    """An event that counts an order for this user."""
    data = OrderOfUser(user_id=user_id)
    event = CloudEvent.new(source="/test", event_type=ORDER_CREATED, subject=str(user_id), data=data)
    return event.model_dump_json()


async def put(vhost: VirtualHost, bodies: Sequence[str]) -> None:
    """Puts messages into the queue, past the exchange: nobody else gets them."""
    async with await aio_pika.connect(vhost.url) as connection:
        channel = await connection.channel()
        for first in range(0, len(bodies), AT_ONCE):
            messages = [aio_pika.Message(body.encode()) for body in bodies[first : first + AT_ONCE]]
            await asyncio.gather(*(channel.default_exchange.publish(message, QUEUE) for message in messages))


async def parked(vhost: VirtualHost) -> list[ParkedEvent]:
    """What users has parked of the queue."""
    lot = RabbitParkingLot(SecretStr(vhost.url), "users", timeout_seconds=10.0)
    async with lot.browse(ORDER_CREATED) as events:
        return [event async for event in events]


async def consumed(fleet: Fleet, result: str) -> float:
    """How many events of the queue have come to this, since users was started."""
    return await fleet.users.metric("events_consumed_total", type=ORDER_CREATED, result=result)


def has_parked(fleet: Fleet, events: int) -> Callable[[], Awaitable[bool]]:
    """Asks whether so many events of the queue have been parked."""

    async def probe() -> bool:
        return await consumed(fleet, "parked") >= events

    return probe


def has_counted(customer: Customer, orders: int) -> Callable[[], Awaitable[bool]]:
    """Asks whether so many orders are counted for somebody."""

    async def probe() -> bool:
        return await customer.counted() >= orders

    return probe
