"""What a service's user may do on a real RabbitMQ, and what is refused, seen through its own AMQP connection."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractRobustConnection
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelAccessRefused
from fastapi_fleet.backends.rabbitmq import BrokerRequest, BrokerServer, RabbitmqBackend
from support.brokers import connect, make_request, publish


async def test_declared_events_are_published_and_consumed(
    backend: RabbitmqBackend, server: BrokerServer, wanted: BrokerRequest, connection: AbstractRobustConnection
) -> None:
    users = replace(
        make_request("users"), vhost=wanted.vhost, publishes=("user.registered",), consumes=("order.created",)
    )
    await backend.ensure_user(server, users)
    try:
        channel = await connection.channel()
        queue = await channel.declare_queue(f"{wanted.service}.user.registered", durable=True)
        await queue.bind("events", "user.registered")
        publisher = await connect(users)
        await publish(await publisher.channel(), "events", "user.registered")
        await publisher.close()
        message = await queue.get(timeout=10)
        assert message is not None
        await message.ack()
        await publish(channel, "events", "order.created")
    finally:
        await backend.remove_user(server, users.user, users.owner)


async def test_own_dead_letter_topology_is_allowed(wanted: BrokerRequest, connection: AbstractRobustConnection) -> None:
    channel = await connection.channel()
    name = f"{wanted.service}.user.registered"
    dead_letter = await channel.declare_exchange(f"{wanted.service}.dead-letter", durable=True)
    parked = await channel.declare_queue(f"{name}.parked", durable=True, arguments={"x-queue-type": "quorum"})
    await parked.bind(dead_letter, name)
    arguments = {"x-queue-type": "quorum", "x-dead-letter-exchange": dead_letter.name}
    await channel.declare_queue(name, durable=True, arguments=arguments)


@pytest.mark.parametrize("routing_key", ["user.registered", "order.created.x", "x.order.created", "orderXcreated", "#"])
async def test_publishing_an_undeclared_event_is_refused(
    connection: AbstractRobustConnection, routing_key: str
) -> None:
    channel = await connection.channel(publisher_confirms=True)
    with pytest.raises(AMQPError, match="ACCESS_REFUSED"):
        await publish(channel, "events", routing_key)


@pytest.mark.parametrize("routing_key", ["order.created", "user.*", "#", "user.registered.x"])
async def test_binding_to_an_undeclared_event_is_refused(
    wanted: BrokerRequest, connection: AbstractRobustConnection, routing_key: str
) -> None:
    channel = await connection.channel()
    queue = await channel.declare_queue(f"{wanted.service}.q", durable=True)
    with pytest.raises(ChannelAccessRefused):
        await queue.bind("events", routing_key)


@pytest.mark.parametrize("name", ["users.q", "q", "events.q", "x{service}.q", "{service}"])
async def test_declaring_a_queue_of_another_service_is_refused(
    wanted: BrokerRequest, connection: AbstractRobustConnection, name: str
) -> None:
    name = name.format(service=wanted.service)
    with pytest.raises(ChannelAccessRefused):
        await (await connection.channel()).declare_queue(name, durable=True)


async def test_publishing_past_the_exchange_into_another_queue_is_refused(
    connection: AbstractRobustConnection,
) -> None:
    channel = await connection.channel(publisher_confirms=True)
    with pytest.raises(AMQPError, match="ACCESS_REFUSED"):
        await channel.default_exchange.publish(aio_pika.Message(b"body"), routing_key="users.q", mandatory=False)


async def test_silent_service_cannot_reach_the_exchange_by_a_detour(
    backend: RabbitmqBackend, server: BrokerServer, wanted: BrokerRequest
) -> None:
    silent = replace(wanted, publishes=())
    await backend.ensure_user(server, silent)
    connection = await connect(silent)
    channel = await connection.channel()
    with pytest.raises(ChannelAccessRefused):
        await channel.declare_exchange(f"{wanted.service}.x", arguments={"alternate-exchange": "events"})
    await connection.close()


Operation = Callable[[AbstractChannel, str], Awaitable[object]]


async def bind(channel: AbstractChannel, queue: str, routing_key: str) -> None:
    await (await channel.declare_queue(queue, durable=True)).bind("events", routing_key)


ALLOWED: dict[str, Operation] = {
    "declare an own queue": lambda channel, own: channel.declare_queue(f"{own}.q", durable=True),
    "declare an own exchange": lambda channel, own: channel.declare_exchange(f"{own}.x", durable=True),
    "find the shared exchange": lambda channel, _: channel.declare_exchange("events", "topic", durable=True),
    "publish what it declares": lambda channel, _: publish(channel, "events", "order.created"),
    "bind to what it declares": lambda channel, own: bind(channel, f"{own}.q", "user.registered"),
    "delete an own queue": lambda channel, own: channel.queue_delete(f"{own}.unused"),
}

DENIED: dict[str, Operation] = {
    "declare another's queue": lambda channel, _: channel.declare_queue("other.q", durable=True),
    "declare a queue whose name only begins alike": lambda channel, own: channel.declare_queue(f"{own}s.q"),
    "declare a queue of its bare name": lambda channel, own: channel.declare_queue(own),
    "let the server name a queue": lambda channel, _: channel.declare_queue(exclusive=True),
    "declare another's exchange": lambda channel, _: channel.declare_exchange("other.x"),
    "delete another's queue": lambda channel, _: channel.queue_delete("other.q"),
    "publish what it does not declare": lambda channel, _: publish(channel, "events", "order.paid"),
    "publish a part of what it declares": lambda channel, _: publish(channel, "events", "order"),
    "publish past the exchange to an own queue": lambda channel, own: publish(channel, "", f"{own}.q"),
    "publish to another's queue": lambda channel, _: publish(channel, "", "other.q"),
    "publish to an exchange of the server": lambda channel, _: publish(channel, "amq.topic", "order.created"),
    "bind to what it publishes": lambda channel, own: bind(channel, f"{own}.q", "order.created"),
    "bind to everything": lambda channel, own: bind(channel, f"{own}.q", "#"),
    "bind to a pattern": lambda channel, own: bind(channel, f"{own}.q", "user.*"),
}


@pytest.mark.parametrize("operation", ALLOWED.values(), ids=ALLOWED.keys())
async def test_service_may(wanted: BrokerRequest, connection: AbstractRobustConnection, operation: Operation) -> None:
    channel = await connection.channel(publisher_confirms=True)
    await operation(channel, wanted.service)
    assert not channel.is_closed


@pytest.mark.parametrize("operation", DENIED.values(), ids=DENIED.keys())
async def test_service_may_not(
    wanted: BrokerRequest, connection: AbstractRobustConnection, operation: Operation
) -> None:
    channel = await connection.channel(publisher_confirms=True)
    with pytest.raises(AMQPError, match="ACCESS_REFUSED"):
        await operation(channel, wanted.service)


async def test_service_reaches_no_other_virtual_host(
    wanted: BrokerRequest, connection: AbstractRobustConnection
) -> None:
    for vhost in ("/", "not-there"):
        with pytest.raises((AMQPError, ConnectionError)):
            await connect(replace(wanted, vhost=vhost))
