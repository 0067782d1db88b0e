"""Who leads, when a successor may, and what a leader does that could not renew."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from fastapi_fleet.errors import ApiConflictError, ApiRefusedError, ApiUnavailableError, LeadershipLostError
from fastapi_fleet.kube.election import LEADER, Election, Timing
from fastapi_fleet.kube.kinds import ObjectKey
from support.leases import FakeLeases
from support.time import ManualTime
from support.waiting import until

LEASE = ObjectKey("Lease", "system", "operator")
TIMING = Timing(lease=12, renew_deadline=8.0, retry=0.0)


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


@pytest.fixture
def leases() -> FakeLeases:
    return FakeLeases()


def replica(identity: str, leases: FakeLeases, time: ManualTime) -> Election:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Election(leases, lease=LEASE, identity=identity, now=lambda: moment, clock=time.clock, timing=TIMING)


@asynccontextmanager
async def running(election: Election) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(election.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


async def tries_again(leases: FakeLeases) -> None:
    """Lets every replica that runs look at the Lease a few times."""
    calls = leases.calls
    await until(lambda: leases.calls >= calls + 6)


async def test_the_first_replica_leads_and_the_second_waits(leases: FakeLeases, time: ManualTime) -> None:
    first, second = replica("a", leases, time), replica("b", leases, time)
    async with running(first), running(second):
        await first.elected.wait()
        await tries_again(leases)
        first.require()
        assert leases.holder == "a"
        assert not second.elected.is_set()
        with pytest.raises(LeadershipLostError):
            second.require()


async def test_a_leader_that_renews_is_never_replaced(leases: FakeLeases, time: ManualTime) -> None:
    first, second = replica("a", leases, time), replica("b", leases, time)
    async with running(first), running(second):
        await first.elected.wait()
        for _ in range(10):
            await tries_again(leases)
            time.advance(TIMING.lease / 2)
        await tries_again(leases)
        first.require()
        assert not second.elected.is_set()


async def test_a_dead_leader_is_replaced_when_its_lease_has_not_changed_for_its_duration(
    leases: FakeLeases, time: ManualTime
) -> None:
    async with running(replica("a", leases, time)):
        await until(lambda: leases.holder == "a")
    successor = replica("b", leases, time)
    async with running(successor):
        await tries_again(leases)
        time.advance(TIMING.lease - 0.1)
        await tries_again(leases)
        assert not successor.elected.is_set(), "the old leader may still write"
        time.advance(0.1)
        await successor.elected.wait()
    assert leases.lease is not None
    assert leases.lease["spec"]["leaseTransitions"] == 1


async def test_a_lease_that_was_given_back_is_taken_at_once(leases: FakeLeases, time: ManualTime) -> None:
    first, second = replica("a", leases, time), replica("b", leases, time)
    async with running(first):
        await first.elected.wait()
    async with running(second):
        await tries_again(leases)
        await first.release()
        await second.elected.wait()
    assert leases.holder == "b"


async def test_nothing_is_given_back_that_was_never_held(leases: FakeLeases, time: ManualTime) -> None:
    await replica("a", leases, time).release()
    assert leases.calls == 0


async def test_a_leader_that_was_stopped_may_not_write_when_it_goes_on(leases: FakeLeases, time: ManualTime) -> None:
    leader = replica("a", leases, time)
    async with running(leader):
        await leader.elected.wait()
        leader.require()
        time.advance(TIMING.lease)
        with pytest.raises(LeadershipLostError):
            leader.require()


async def test_a_leader_ends_when_another_replica_holds_its_lease(leases: FakeLeases, time: ManualTime) -> None:
    leader = replica("a", leases, time)
    async with running(leader) as task:
        await leader.elected.wait()
        assert leases.lease is not None
        leases.lease["spec"]["holderIdentity"] = "b"
        with pytest.raises(LeadershipLostError):
            await task


@pytest.mark.parametrize("failure", [ApiUnavailableError("down"), ApiConflictError("changed")])
async def test_a_leader_outlives_failed_renewals_up_to_the_deadline(
    leases: FakeLeases, time: ManualTime, failure: ApiUnavailableError | ApiConflictError
) -> None:
    leader = replica("a", leases, time)
    async with running(leader) as task:
        await leader.elected.wait()
        leases.failure = failure
        await tries_again(leases)
        time.advance(TIMING.renew_deadline - 0.1)
        await tries_again(leases)
        leader.require()
        time.advance(0.2)
        with pytest.raises(LeadershipLostError, match="8 s"):
            await task


async def test_renewing_again_in_time_keeps_the_lead(leases: FakeLeases, time: ManualTime) -> None:
    leader = replica("a", leases, time)
    async with running(leader):
        await leader.elected.wait()
        leases.failure = ApiUnavailableError("down")
        await tries_again(leases)
        time.advance(TIMING.renew_deadline - 0.1)
        leases.failure = None
        await tries_again(leases)
        time.advance(TIMING.renew_deadline - 0.1)
        await tries_again(leases)
        leader.require()


async def test_a_replica_that_may_not_touch_leases_ends_and_says_so(leases: FakeLeases, time: ManualTime) -> None:
    leases.failure = ApiRefusedError("leases is forbidden")
    async with running(replica("a", leases, time)) as task:
        with pytest.raises(ApiRefusedError, match="forbidden"):
            await task


@pytest.mark.parametrize("call", ["create", "replace"])
async def test_of_two_that_reach_for_the_lease_at_once_one_gets_it(
    leases: FakeLeases, time: ManualTime, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    if call == "replace":
        gone = replica("gone", leases, time)
        async with running(gone):
            await gone.elected.wait()
        await gone.release()
    both = asyncio.Barrier(2)
    write: Callable[[object], Awaitable[object]] = getattr(leases, call)

    async def together(obj: object) -> object:
        await both.wait()
        return await write(obj)

    first, second = replica("a", leases, time), replica("b", leases, time)
    monkeypatch.setattr(leases, call, together)
    async with running(first), running(second):
        await until(lambda: leases.holder in {"a", "b"})
        monkeypatch.setattr(leases, call, write)
        await tries_again(leases)
        assert first.elected.is_set() != second.elected.is_set()


async def test_the_leader_shows_in_the_metrics(leases: FakeLeases, time: ManualTime) -> None:
    leader = replica("a", leases, time)
    async with running(leader):
        await leader.elected.wait()
        assert LEADER._value.get() == 1
    await leader.release()
    assert LEADER._value.get() == 0
