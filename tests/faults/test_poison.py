"""M-6: events that nobody can apply, among those that are good."""

import asyncio
from collections.abc import Callable, Sequence

import order_queue
import pytest
from customer import Customer
from fleetkit.testing import eventually
from link import Direction
from order_queue import consumed, has_counted, order_created
from sizes import EVENTS_WITH_POISON
from two_services import Fleet

pytestmark = pytest.mark.asyncio(loop_scope="session")
MAX_COUNT = 2**31 - 1
ATTEMPTS = 3
ROUNDS = 5
APPLY_SECONDS = 60.0
MIN_SHARE_OF_THROUGHPUT = 0.8


async def test_events_that_cannot_be_applied_are_parked_with_their_reason_and_hold_up_no_other(
    fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    cursed = await Customer.register(fleet)
    await fleet.users.rows("INSERT INTO order_counts VALUES ($1, $2) RETURNING 1", cursed.user_id, MAX_COUNT)
    failed = await consumed(fleet, "failed")
    poison = EVENTS_WITH_POISON // 100
    clean, poisoned = [], []
    for _ in range(ROUNDS):
        clean.append(await seconds_to_apply(fleet, []))
        poisoned.append(await seconds_to_apply(fleet, ["no json", order_created(cursed.user_id)] * poison))

    async def all_are_parked() -> bool:
        return await consumed(fleet, "parked") >= 2 * poison * ROUNDS

    await eventually(all_are_parked, within=APPLY_SECONDS)
    reasons = [event.exception for event in await order_queue.parked(fleet.vhost)]
    assert reasons.count("InvalidEventError") == reasons.count("NumericValueOutOfRangeError") == poison * ROUNDS
    assert await consumed(fleet, "failed") - failed == poison * ROUNDS * (ATTEMPTS - 1)
    share = min(clean) / min(poisoned)
    record_property("events a second", f"{EVENTS_WITH_POISON / min(poisoned):.0f}, of those without poison {share:.0%}")
    assert share >= MIN_SHARE_OF_THROUGHPUT


async def seconds_to_apply(fleet: Fleet, poison: Sequence[str]) -> float:
    """How long users needs for as many events as ever, some of which are these, until the good ones are applied."""
    ada = await Customer.register(fleet)
    good = EVENTS_WITH_POISON - len(poison)
    events = [order_created(ada.user_id) for _ in range(good)]
    step = max(1, good // (len(poison) + 1))
    for place, event in enumerate(poison):
        events.insert(place * step, event)
    fleet.users.broker.silence(frozenset({Direction.TO_SERVICE}))
    await order_queue.put(fleet.vhost, events)
    clock = asyncio.get_running_loop().time
    began = clock()
    fleet.users.broker.speak()
    await eventually(has_counted(ada, good), within=APPLY_SECONDS)
    return clock() - began
