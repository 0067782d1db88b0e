"""M-3, M-4, M-7: whatever becomes of the broker, orders are accepted and each has its effects once."""

import asyncio
from collections.abc import Awaitable, Callable

import containers
import pytest
from customer import Customer
from fleetkit.testing import eventually
from sizes import BROKER_KILLS, ORDERS_PER_SECOND, OUTAGE_SECONDS, PARTITION_SECONDS
from stopwatch import seconds_until
from two_services import Fleet

pytestmark = pytest.mark.asyncio(loop_scope="session")
DRAIN_SECONDS = 60.0
RECOVERY_SECONDS = 30.0
Outage = Callable[[Fleet], Awaitable[None]]


async def frozen(_: Fleet) -> None:
    async with containers.broker().frozen():
        await asyncio.sleep(OUTAGE_SECONDS)


async def short_of_memory(_: Fleet) -> None:
    broker = containers.broker()
    await broker.run("rabbitmqctl", "set_vm_memory_high_watermark", "absolute", "1")
    try:
        await asyncio.sleep(OUTAGE_SECONDS)
    finally:
        await broker.run("rabbitmqctl", "set_vm_memory_high_watermark", "0.6")


async def partitioned(fleet: Fleet) -> None:
    links = (fleet.users.broker, fleet.orders.broker)
    for link in links:
        link.silence()
    await asyncio.sleep(PARTITION_SECONDS)
    for link in links:
        link.speak()


async def connections_closed(fleet: Fleet) -> None:
    assert await eventually(fleet.vhost.close_connections) > 0


async def queue_deleted(fleet: Fleet) -> None:
    await fleet.vhost.delete_queue("orders.user.updated")


async def test_a_broker_that_is_killed_loses_no_event_and_repeats_no_effect(
    ada: Customer, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    broker = containers.broker()
    async with ada.ordering(per_second=ORDERS_PER_SECOND):
        for _ in range(BROKER_KILLS):
            await ada.has_ordered_more()
            await broker.kill()
            await asyncio.sleep(OUTAGE_SECONDS / 2)
            await broker.start()
    assert ada.failures == {}
    record_property("orders", len(ada.attempts))
    record_property("seconds until the outboxes were empty", await seconds_until(fleet.is_drained, DRAIN_SECONDS))
    record_property("seconds until every effect", await seconds_until(ada.nothing_is_lost, DRAIN_SECONDS))


@pytest.mark.parametrize("outage", [frozen, short_of_memory, partitioned, connections_closed, queue_deleted])
async def test_orders_are_accepted_meanwhile_and_have_their_effects_soon_after(
    ada: Customer, fleet: Fleet, outage: Outage, record_property: Callable[[str, object], None]
) -> None:
    async with ada.ordering(per_second=ORDERS_PER_SECOND):
        await ada.has_ordered_more()
        await outage(fleet)
        await ada.has_ordered_more()
    assert ada.failures == {}
    record_property("orders", len(ada.attempts))
    record_property("slowest answer", f"{ada.slowest():.2f} s")
    record_property("seconds until every effect", await seconds_until(ada.nothing_is_lost, RECOVERY_SECONDS))
    record_property("seconds until the outboxes were empty", await seconds_until(fleet.is_drained, RECOVERY_SECONDS))


async def test_consumers_come_back_for_a_queue_that_was_deleted(
    ada: Customer, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    queue = "users.order.created"
    await fleet.vhost.delete_queue(queue)

    async def is_consumed() -> bool:
        return await fleet.vhost.consumers(queue) > 0

    record_property("seconds until consuming again", await seconds_until(is_consumed, DRAIN_SECONDS))
    await ada.order()
    assert ada.failures == {}
    await eventually(ada.nothing_is_lost)
