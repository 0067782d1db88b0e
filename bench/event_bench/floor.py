"""The floor: the bare client, publishing with confirms into a quorum queue and acknowledging, without any database."""

import asyncio
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from event_bench.process import Counter
from event_bench.services import made

QUEUE = "floor"
IN_FLIGHT = 100


async def publish(counter: Counter, broker_url: str, events: int) -> None:
    """Publishes so many events, a hundred of them unconfirmed at a time, and waits to be cancelled."""
    body = made("thing").model_dump_json().encode()
    async with await aio_pika.connect(broker_url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        for _ in range(0, events, IN_FLIGHT):
            await asyncio.gather(
                *(
                    channel.default_exchange.publish(
                        aio_pika.Message(body, message_id=str(uuid4()), delivery_mode=aio_pika.DeliveryMode.PERSISTENT),
                        QUEUE,
                    )
                    for _ in range(IN_FLIGHT)
                )
            )
            counter.note([""] * IN_FLIGHT)
        await asyncio.Event().wait()


async def consume(counter: Counter, broker_url: str) -> None:
    """Acknowledges what comes until cancelled."""
    async with await aio_pika.connect(broker_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=IN_FLIGHT)
        queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})

        async def acknowledge(message: AbstractIncomingMessage) -> None:
            await message.ack()
            counter.note([message.message_id or ""])

        await queue.consume(acknowledge)
        await asyncio.Event().wait()
