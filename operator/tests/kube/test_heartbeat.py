"""When the watch counts as deaf, and what is not its fault."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi_fleet.errors import ApiRefusedError, ApiUnavailableError, ReconcileError
from fastapi_fleet.handlers.watches import watch
from fastapi_fleet.kube.heartbeat import BEAT_SECONDS, BEATS, DEAF_SECONDS, Heartbeat
from fastapi_fleet.kube.kinds import WATCHED, Object, ObjectKey
from support.api_server import StubApiServer, write_kubeconfig
from support.kubernetes import FakeKube
from support.time import ManualTime
from support.waiting import until

KEY = ObjectKey("ConfigMap", "system", "operator-heartbeat")
BEATS_UNTIL_DEAF = int(DEAF_SECONDS / BEAT_SECONDS) + 1


class Replica:
    """One replica's heartbeat; replicas of a cluster share its clock and its API."""

    def __init__(self, kube: FakeKube, time: ManualTime, *, leads: bool) -> None:
        self.leads = leads
        self.time = time
        self.heartbeat = Heartbeat(
            kube,
            namespace=KEY.namespace,
            name=KEY.name,
            leads=lambda: self.leads,
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            clock=time.clock,
        )

    def sees(self, obj: Object) -> None:
        self.heartbeat.saw(obj)

    async def beats(self, count: int) -> None:
        for _ in range(count):
            self.time.advance(BEAT_SECONDS)
            await self.heartbeat.beat()

    @property
    def is_deaf(self) -> bool:
        return self.heartbeat.unheard_for > DEAF_SECONDS


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


@pytest.fixture
def leader(kube: FakeKube, time: ManualTime) -> Replica:
    return Replica(kube, time, leads=True)


@pytest.fixture
def standby(kube: FakeKube, time: ManualTime) -> Replica:
    return Replica(kube, time, leads=False)


async def test_a_leader_that_sees_its_beats_hears(kube: FakeKube, leader: Replica) -> None:
    for _ in range(2 * BEATS_UNTIL_DEAF):
        await leader.beats(1)
        leader.sees(kube.object(KEY))
        assert leader.heartbeat.unheard_for == 0.0


async def test_beats_that_were_written_are_counted(kube: FakeKube, leader: Replica, standby: Replica) -> None:
    before = BEATS._value.get()
    await leader.beats(2)
    await standby.beats(2)
    kube.fail("apply", KEY.kind, ApiUnavailableError("down"))
    await leader.beats(1)
    assert BEATS._value.get() - before == 2


async def test_a_leader_that_does_not_see_its_beats_is_deaf(leader: Replica) -> None:
    await leader.beats(BEATS_UNTIL_DEAF)
    assert leader.heartbeat.unheard_for == DEAF_SECONDS
    await leader.beats(1)
    assert leader.is_deaf


async def test_a_replica_that_stands_by_writes_nothing_and_is_deaf_to_the_leaders_beats(
    kube: FakeKube, leader: Replica, standby: Replica
) -> None:
    await leader.beats(1)
    leader.sees(kube.object(KEY))
    writes = len(kube.writes)
    await standby.beats(BEATS_UNTIL_DEAF + 1)
    assert len(kube.writes) == writes
    assert standby.is_deaf
    standby.sees(kube.object(KEY))
    assert standby.heartbeat.unheard_for == 0.0


async def test_nothing_is_missed_while_nobody_leads(kube: FakeKube, leader: Replica, standby: Replica) -> None:
    await standby.beats(BEATS_UNTIL_DEAF + 1)
    assert standby.heartbeat.unheard_for == 0.0, "there has never been a beat"
    await leader.beats(1)
    standby.sees(kube.object(KEY))
    await standby.beats(BEATS_UNTIL_DEAF + 1)
    assert standby.heartbeat.unheard_for == 0.0, "the last beat has been heard"


@pytest.mark.parametrize("failure", [ApiUnavailableError("down"), ApiRefusedError("forbidden")])
async def test_the_watch_is_not_blamed_while_the_api_does_not_answer(
    kube: FakeKube, leader: Replica, failure: ReconcileError
) -> None:
    await leader.beats(BEATS_UNTIL_DEAF)
    for _ in range(BEATS_UNTIL_DEAF):
        kube.fail("apply", KEY.kind, failure)
    await leader.beats(BEATS_UNTIL_DEAF)
    assert leader.heartbeat.unheard_for == 0.0
    await leader.beats(1)
    assert not leader.is_deaf, "the watch has time to come back"
    await leader.beats(BEATS_UNTIL_DEAF)
    assert leader.is_deaf


async def test_a_slow_watch_is_not_a_deaf_one(kube: FakeKube, leader: Replica) -> None:
    late: list[Object] = []
    for _ in range(3 * BEATS_UNTIL_DEAF):
        await leader.beats(1)
        late.append(kube.object(KEY))
        if len(late) > 2:
            leader.sees(late.pop(0))
        assert not leader.is_deaf


async def test_other_objects_are_no_heartbeat(kube: FakeKube, leader: Replica) -> None:
    await leader.beats(BEATS_UNTIL_DEAF + 1)
    beat = kube.object(KEY)
    leader.sees({**beat, "metadata": {**beat["metadata"], "name": "other", "resourceVersion": "999999"}})
    leader.sees({**beat, "kind": "Secret"})
    assert leader.is_deaf


async def test_beats_come_by_themselves(kube: FakeKube, leader: Replica) -> None:
    task = asyncio.create_task(leader.heartbeat.run())
    try:
        await until(lambda: kube.has(KEY))
    finally:
        task.cancel()


async def test_kopf_shows_beats_until_the_stream_of_their_kind_stalls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kube: FakeKube, leader: Replica
) -> None:
    server, stop = StubApiServer(), asyncio.Event()
    stream = server.events["configmaps"]
    kube.watchers = [lambda event, obj: stream.put_nowait((event, obj))]
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    async with server.serving():
        write_kubeconfig(tmp_path / "kubeconfig", server.url)
        watches = asyncio.create_task(watch(lambda _, obj: leader.sees(obj), (), stop))
        try:
            await until(lambda: watches.done() or len(server.watching) == len(WATCHED))
            await leader.beats(1)
            kube.flush()
            await until(lambda: leader.heartbeat.unheard_for == 0.0 and stream.empty())
            await leader.beats(BEATS_UNTIL_DEAF + 1)
            assert leader.is_deaf
            kube.flush()
            await until(lambda: leader.heartbeat.unheard_for == 0.0)
        finally:
            stop.set()
            await watches
