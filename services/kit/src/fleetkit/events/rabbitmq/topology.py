"""What a service has on the broker: nothing but the shared exchange and names that begin with its own.

events (topic) --<event type>--> <service>.<event type> (quorum)
                                      | given up by the broker, after a crash loop
                                      v
<service>.dead-letter (direct) --<event type>--> <service>.<event type>.parked (quorum)
<service>.retry (direct) --<name of the queue>--> <service>.<event type>.retry.<seconds> (quorum)
                                      | after so many seconds
                                      v
<service>.retry (direct) --<name of the queue>--> <service>.<event type>

The arguments of a queue cannot be changed: a queue with others is refused, so they stay as they are.
"""

from collections.abc import Sequence

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue

EXCHANGE = "events"
DELIVERY_LIMIT = 5
# Neither a full disk nor a queue that is missing costs an event on its way from one queue to another.
_SAFE_DEAD_LETTERING = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}


def queue_name(service: str, event_type: str) -> str:
    """Where the events of one type wait for their consumer."""
    return f"{service}.{event_type}"


def parking_queue_name(service: str, event_type: str) -> str:
    """Where they are kept that could not be applied."""
    return f"{service}.{event_type}.parked"


def retry_queue_name(service: str, event_type: str, delay_seconds: float) -> str:
    """Where they wait for the next attempt."""
    return f"{service}.{event_type}.retry.{delay_seconds:g}"


def dead_letter_exchange_name(service: str) -> str:
    """Leads to the parking queue, by event type."""
    return f"{service}.dead-letter"


def retry_exchange_name(service: str) -> str:
    """Leads to the service's own queues by their names, which the default exchange may not do for everybody."""
    return f"{service}.retry"


async def declare_exchange(channel: AbstractChannel) -> AbstractExchange:
    """Declares the exchange that all services publish to."""
    return await channel.declare_exchange(EXCHANGE, ExchangeType.TOPIC, durable=True)


async def declare_queue(
    channel: AbstractChannel, service: str, event_type: str, retry_delays: Sequence[float]
) -> AbstractQueue:
    """Declares the queue of one consumed event type, with those for what failed: to wait in, and to be parked in."""
    name = queue_name(service, event_type)
    dead_letter = await _declare_own_exchange(channel, dead_letter_exchange_name(service))
    retry = await _declare_own_exchange(channel, retry_exchange_name(service))
    parked = await _declare_quorum_queue(channel, parking_queue_name(service, event_type), {})
    await parked.bind(dead_letter, routing_key=event_type)
    queue = await _declare_quorum_queue(
        channel,
        name,
        {
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": dead_letter.name,
            "x-dead-letter-routing-key": event_type,
            **_SAFE_DEAD_LETTERING,
        },
    )
    await queue.bind(retry, routing_key=name)
    for delay in retry_delays:
        waiting = await _declare_quorum_queue(
            channel,
            retry_queue_name(service, event_type, delay),
            {
                "x-message-ttl": round(delay * 1000),
                "x-dead-letter-exchange": retry.name,
                "x-dead-letter-routing-key": name,
                **_SAFE_DEAD_LETTERING,
            },
        )
        await waiting.bind(retry, routing_key=waiting.name)
    await queue.bind(await declare_exchange(channel), routing_key=event_type)
    return queue


async def _declare_own_exchange(channel: AbstractChannel, name: str) -> AbstractExchange:
    return await channel.declare_exchange(name, ExchangeType.DIRECT, durable=True)


async def _declare_quorum_queue(channel: AbstractChannel, name: str, arguments: dict[str, str | int]) -> AbstractQueue:
    return await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum", **arguments})
