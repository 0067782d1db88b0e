"""What a service has on the broker: nothing but the shared exchange and names that begin with its own.

events (topic) --<event type>--> <service>.<event type> (quorum)
                                      | refused for good, or too often
                                      v
<service>.dead-letter (direct) --<event type>--> <service>.<event type>.parked (quorum)
"""

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue

EXCHANGE = "events"
DELIVERY_LIMIT = 5


async def declare_exchange(channel: AbstractChannel) -> AbstractExchange:
    """Declares the exchange that all services publish to."""
    return await channel.declare_exchange(EXCHANGE, ExchangeType.TOPIC, durable=True)


async def declare_queue(channel: AbstractChannel, service: str, event_type: str) -> AbstractQueue:
    """Declares the queue of one consumed event type, with the parking queue for what fails for good."""
    name = f"{service}.{event_type}"
    dead_letter = await channel.declare_exchange(f"{service}.dead-letter", ExchangeType.DIRECT, durable=True)
    parked = await channel.declare_queue(f"{name}.parked", durable=True, arguments={"x-queue-type": "quorum"})
    await parked.bind(dead_letter, routing_key=event_type)
    queue = await channel.declare_queue(
        name,
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": dead_letter.name,
            "x-dead-letter-routing-key": event_type,
            "x-dead-letter-strategy": "at-least-once",
            # At-least-once dead-lettering requires it; without a length limit nothing is rejected.
            "x-overflow": "reject-publish",
        },
    )
    await queue.bind(await declare_exchange(channel), routing_key=event_type)
    return queue
