"""M-6: events that nobody can apply, among those that are good."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import order_queue
import pytest
from customer import Customer
from fleetkit.testing import eventually
from link import Direction
from order_queue import consumed, has_counted, has_parked, order_created
from sizes import EVENTS_WITH_POISON, MIN_SHARE_WITH_POISON
from two_services import Fleet

pytestmark = pytest.mark.asyncio(loop_scope="session")
MAX_COUNT = 2**31 - 1
ATTEMPTS = 3
ROUNDS = 5
APPLY_SECONDS = 60.0
# What others do on the machine changes the time of a round; events that hold up others take many times as long.
MIN_SHARE_ON_A_BUSY_MACHINE = 0.4


@dataclass(frozen=True)
class Cost:
    """What it took to apply a number of events: time, and CPU time of users."""

    seconds: float
    cpu_seconds: float

    @classmethod
    def least(cls, costs: Sequence[Self]) -> Self:
        """The least of each, which the machine has disturbed least."""
        return cls(min(cost.seconds for cost in costs), min(cost.cpu_seconds for cost in costs))


async def test_events_that_cannot_be_applied_are_parked_with_their_reason_and_hold_up_no_other(
    fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    cursed = await Customer.register(fleet)
    await fleet.users.rows("INSERT INTO order_counts VALUES ($1, $2) RETURNING 1", cursed.user_id, MAX_COUNT)
    failed = await consumed(fleet, "failed")
    poison = EVENTS_WITH_POISON // 100
    clean, poisoned = [], []
    for done in range(1, ROUNDS + 1):
        clean.append(await cost_of_applying(fleet, []))
        poisoned.append(await cost_of_applying(fleet, ["no json", order_created(cursed.user_id)] * poison))
        # While the broker is silent, what is parked is not confirmed, so that it would be parked again.
        await eventually(has_parked(fleet, 2 * poison * done), within=APPLY_SECONDS)
    reasons = [event.exception for event in await order_queue.parked(fleet.vhost)]
    assert reasons.count("InvalidEventError") == reasons.count("NumericValueOutOfRangeError") == poison * ROUNDS
    assert await consumed(fleet, "failed") - failed == poison * ROUNDS * (ATTEMPTS - 1)
    share = Cost.least(clean).seconds / Cost.least(poisoned).seconds
    share_by_cpu = Cost.least(clean).cpu_seconds / Cost.least(poisoned).cpu_seconds
    record_property("events a second", round(EVENTS_WITH_POISON / Cost.least(poisoned).seconds))
    record_property("of those without poison", f"{share:.0%}, by CPU time {share_by_cpu:.0%}")
    assert share >= MIN_SHARE_ON_A_BUSY_MACHINE
    assert max(share, share_by_cpu) >= MIN_SHARE_WITH_POISON


async def cost_of_applying(fleet: Fleet, poison: Sequence[str]) -> Cost:
    """What as many events as ever take, some of which are these, until users has applied the good ones."""
    ada = await Customer.register(fleet)
    good = EVENTS_WITH_POISON - len(poison)
    events = [order_created(ada.user_id) for _ in range(good)]
    step = max(1, good // (len(poison) + 1))
    for place, event in enumerate(poison):
        events.insert(place * step, event)
    fleet.users.broker.silence(frozenset({Direction.TO_SERVICE}))
    await order_queue.put(fleet.vhost, events)
    clock = asyncio.get_running_loop().time
    cpu_seconds = await fleet.users.metric("process_cpu_seconds_total")
    began = clock()
    fleet.users.broker.speak()
    await eventually(has_counted(ada, good), within=APPLY_SECONDS)
    seconds = clock() - began
    return Cost(seconds, await fleet.users.metric("process_cpu_seconds_total") - cpu_seconds)
