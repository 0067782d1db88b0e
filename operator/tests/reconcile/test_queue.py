"""The work queue: nothing is lost, nothing is done twice at once, and what fails comes back later and later."""

import asyncio

import pytest
from fastapi_fleet.kube.kinds import ObjectKey
from fastapi_fleet.reconcile.queue import Backoff, Lane, WorkQueue
from hypothesis import given
from hypothesis import strategies as st
from support.time import ManualTime

A, B, C = (ObjectKey("FastAPIService", "team", name) for name in "abc")


class QueueWithTime:
    """A work queue whose clock and dice are in the test's hands."""

    def __init__(self, dice: float = 0.0) -> None:
        self.time = ManualTime()
        self.queue = WorkQueue(call_later=self.time.call_later, random=lambda: dice, clock=self.time.clock)

    async def take(self) -> ObjectKey:
        """The next key, which must be there already."""
        async with asyncio.timeout(1):
            return await self.queue.get()

    async def take_all(self) -> list[ObjectKey]:
        return [await self.take() for _ in range(self.queue.depth)]


@pytest.fixture
def held() -> QueueWithTime:
    return QueueWithTime()


@pytest.fixture
def queue(held: QueueWithTime) -> WorkQueue:
    return held.queue


@pytest.fixture
def time(held: QueueWithTime) -> ManualTime:
    return held.time


async def test_keys_come_in_the_order_in_which_they_were_added(held: QueueWithTime) -> None:
    for key in (B, A, C):
        held.queue.add(key)
    assert await held.take_all() == [B, A, C]


async def test_key_that_waits_is_one_piece_of_work(held: QueueWithTime) -> None:
    for _ in range(3):
        held.queue.add(A)
    assert await held.take_all() == [A]
    held.queue.done(A)
    assert held.queue.depth == 0


async def test_key_that_is_added_while_it_is_worked_on_comes_again_afterwards(held: QueueWithTime) -> None:
    held.queue.add(A)
    await held.take()
    held.queue.add(A)
    held.queue.add(B)
    assert await held.take() == B, "A is being worked on"
    held.queue.done(A)
    assert await held.take() == A


async def test_key_that_is_worked_on_is_offered_to_no_other_worker(queue: WorkQueue) -> None:
    queue.add(A)
    assert await queue.get() == A
    queue.add(A)
    other = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    assert not other.done()
    queue.done(A)
    assert await other == A


async def test_worker_that_waits_is_woken_by_work(queue: WorkQueue) -> None:
    worker = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    assert not worker.done()
    queue.add(A)
    assert await worker == A


async def test_every_waiting_worker_gets_a_key(queue: WorkQueue) -> None:
    workers = [asyncio.ensure_future(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    for key in (A, B, C):
        queue.add(key)
    assert set(await asyncio.gather(*workers)) == {A, B, C}


async def test_deletions_go_before_changes_and_changes_before_the_resync(held: QueueWithTime) -> None:
    held.queue.add(A, Lane.RESYNC)
    held.queue.add(B, Lane.CHANGE)
    held.queue.add(C, Lane.DELETION)
    assert await held.take_all() == [C, B, A]


async def test_better_lane_replaces_the_one_that_a_key_waits_in(held: QueueWithTime) -> None:
    held.queue.add(A, Lane.RESYNC)
    held.queue.add(B, Lane.CHANGE)
    held.queue.add(A, Lane.DELETION)
    assert await held.take_all() == [A, B]
    assert held.queue.depth == 0


async def test_worse_lane_does_not(held: QueueWithTime) -> None:
    held.queue.add(A, Lane.DELETION)
    held.queue.add(B, Lane.CHANGE)
    held.queue.add(A, Lane.RESYNC)
    assert await held.take_all() == [A, B]


async def test_key_comes_again_in_the_lane_it_was_added_to_meanwhile(held: QueueWithTime) -> None:
    held.queue.add(A)
    await held.take()
    held.queue.add(A, Lane.RESYNC)
    held.queue.add(B, Lane.CHANGE)
    held.queue.done(A)
    assert await held.take_all() == [B, A]


def test_delayed_key_comes_when_it_is_due(queue: WorkQueue, time: ManualTime) -> None:
    queue.add_after(A, 10)
    time.advance(9.9)
    assert queue.depth == 0
    time.advance(0.1)
    assert queue.depth == 1


@pytest.mark.parametrize("delays", [(10, 5), (5, 10)], ids=["earlier one last", "earlier one first"])
def test_earliest_of_several_wishes_counts(delays: tuple[float, ...], queue: WorkQueue, time: ManualTime) -> None:
    for delay in delays:
        queue.add_after(A, delay)
    assert time.pending == [5]
    time.advance(5)
    assert queue.depth == 1


def test_delays_of_different_keys_do_not_meet(queue: WorkQueue, time: ManualTime) -> None:
    queue.add_after(A, 10)
    queue.add_after(B, 5)
    assert time.pending == [5, 10]


def test_retry_comes_later_with_each_failure_in_a_row(queue: WorkQueue, time: ManualTime) -> None:
    delays = []
    for _ in range(4):
        delays.append(queue.retry(A))
        time.advance(delays[-1])
    assert delays == [1, 2, 4, 8]


def test_success_forgets_failures_and_what_was_still_to_come(queue: WorkQueue, time: ManualTime) -> None:
    for _ in range(5):
        time.advance(queue.retry(A))
    queue.retry(A)
    queue.succeeded(A)
    assert time.pending == []
    assert queue.retry(A) == 1


def test_failures_of_one_key_do_not_slow_another(queue: WorkQueue) -> None:
    queue.retry(A)
    queue.retry(A)
    assert queue.retry(B) == 1


async def test_retry_waits_in_the_lane_of_changes(held: QueueWithTime) -> None:
    held.queue.retry(A)
    held.time.advance(1)
    held.queue.add(B, Lane.RESYNC)
    assert await held.take_all() == [A, B]


@given(failures=st.integers(1, 10_000), dice=st.floats(0, 1, exclude_max=True))
def test_backoff_is_bounded_and_at_least_half_of_its_ceiling(failures: int, dice: float) -> None:
    backoff = Backoff(first=1.0, most=300.0)
    ceiling = min(300.0, 2.0 ** min(failures - 1, 64))
    assert ceiling / 2 <= backoff.delay(failures, dice) <= ceiling


def test_jitter_takes_up_to_half_off_so_that_what_failed_together_parts() -> None:
    assert [Backoff().delay(3, dice) for dice in (0.0, 0.5, 0.75)] == [4.0, 3.0, 2.5]


def test_empty_queue_has_no_depth_and_no_age(queue: WorkQueue, time: ManualTime) -> None:
    time.advance(1000)
    assert (queue.depth, queue.oldest_age, queue.stuck_for) == (0, 0.0, 0.0)


async def test_age_counts_from_when_a_key_began_to_wait(held: QueueWithTime) -> None:
    held.queue.add(A, Lane.RESYNC)
    held.time.advance(5)
    held.queue.add(B)
    held.queue.add(A, Lane.CHANGE)
    held.time.advance(2)
    assert (held.queue.depth, held.queue.oldest_age) == (2, 7)
    assert await held.take() == B, "A has changed lanes, not its age"
    assert held.queue.oldest_age == 7


async def test_long_queue_that_moves_is_not_stuck(held: QueueWithTime) -> None:
    for key in (A, B, C):
        held.queue.add(key)
    for _ in range(2):
        held.time.advance(100)
        held.queue.done(await held.take())
    assert held.queue.oldest_age == 200
    assert held.queue.stuck_for == 0
    held.time.advance(50)
    assert held.queue.stuck_for == 50


async def test_queue_is_not_stuck_because_it_was_idle_before(held: QueueWithTime) -> None:
    held.queue.add(B)
    held.queue.done(await held.take())
    held.time.advance(1000)
    held.queue.add(A)
    held.time.advance(3)
    assert held.queue.stuck_for == 3


async def test_queue_is_not_stuck_while_no_worker_has_asked_for_work(held: QueueWithTime) -> None:
    held.queue.add(A)
    held.time.advance(1000)
    assert held.queue.stuck_for == 0
    held.queue.add(B)
    held.queue.done(await held.take())
    held.time.advance(50)
    assert held.queue.stuck_for == 50
