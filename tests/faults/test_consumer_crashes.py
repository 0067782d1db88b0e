"""M-5: consumers that die between the effect of an event and its acknowledgement."""

from collections.abc import Awaitable, Callable

import order_queue
import pytest
from customer import Customer
from fleetkit.testing import eventually
from link import Direction
from order_queue import consumed, has_counted, order_created
from sizes import CONSUMER_KILLS, EVENTS_BEFORE_KILL
from two_services import Fleet

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_consumer_killed_between_commit_and_acknowledgement_repeats_no_effect(
    ada: Customer, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    for kill in range(1, CONSUMER_KILLS + 1):
        await apply_unacknowledged(ada, fleet, expected=kill * EVENTS_BEFORE_KILL)
        await fleet.users.kill()
        reconnect(fleet)
        await fleet.users.start()
        await eventually(has_repeated(fleet, EVENTS_BEFORE_KILL))
    assert await ada.counted() == CONSUMER_KILLS * EVENTS_BEFORE_KILL
    record_property("events applied, not acknowledged, and come again", CONSUMER_KILLS * EVENTS_BEFORE_KILL)


async def test_acknowledgements_lost_with_the_connection_repeat_no_effect(ada: Customer, fleet: Fleet) -> None:
    before = await consumed(fleet, "duplicate")
    await apply_unacknowledged(ada, fleet, expected=EVENTS_BEFORE_KILL)
    reconnect(fleet)
    await eventually(has_repeated(fleet, before + EVENTS_BEFORE_KILL))
    assert await ada.counted() == EVENTS_BEFORE_KILL


async def apply_unacknowledged(ada: Customer, fleet: Fleet, *, expected: int) -> None:
    """Lets users apply events of which the broker hears nothing, until `expected` are counted for Ada."""
    fleet.users.broker.silence(frozenset({Direction.TO_BACKEND}))
    await order_queue.put(fleet.vhost, [order_created(ada.user_id) for _ in range(EVENTS_BEFORE_KILL)])
    await eventually(has_counted(ada, expected))


def reconnect(fleet: Fleet) -> None:
    """Cuts users off from the broker, with all that was on the way, and lets it connect again."""
    fleet.users.broker.cut()
    fleet.users.broker.speak()


def has_repeated(fleet: Fleet, events: float) -> Callable[[], Awaitable[bool]]:
    async def probe() -> bool:
        return await consumed(fleet, "duplicate") >= events

    return probe
