"""Events tell of flips, each once, and never stand in the way of a pass."""

import asyncio

import pytest
from fastapi_fleet.errors import ApiRefusedError, ApiUnavailableError, LeadershipLostError, ReconcileError
from fastapi_fleet.kube.kinds import Object, key_of
from fastapi_fleet.reconcile.events import DROPPED, NOTE_BYTES, Events
from support.events import FakeEventSink
from support.fleet import START, Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service
from support.waiting import until

SHOP = fastapi_service()
NEWER = fastapi_service(image="registry.example/shop:2")
DEPLOYMENT = child("Deployment", "shop")


async def ready_fleet() -> Fleet:
    fleet = Fleet()
    await fleet.submit(SHOP)
    await fleet.roll_out()
    return fleet


def give_up(deployment: Object) -> None:
    deployment["status"]["observedGeneration"] = deployment["metadata"]["generation"]
    deployment["status"]["updatedReplicas"] = 0
    deployment["status"]["conditions"] = [{"type": "Progressing", "status": "False"}]


async def test_service_that_gets_ready_is_told_of_once() -> None:
    fleet = await ready_fleet()
    assert await fleet.told() == [("Normal", "Available", "1 of 1 pods available")]
    await fleet.pass_over(SHOP)
    assert await fleet.told() == []


async def test_change_of_the_image_is_at_most_four_writes_with_its_event() -> None:
    fleet = await ready_fleet()
    await fleet.told()
    fleet.time.advance(60)
    writes = [*await fleet.submit(NEWER), *await fleet.roll_out()]
    told = await fleet.told()
    assert [reason for _, reason, _ in told] == ["Available"]
    assert len(writes) + len(told) <= 4
    assert Call("apply", "Deployment", "shop") in writes


async def test_rollout_that_is_given_up_is_told_of_as_stalled() -> None:
    fleet = await ready_fleet()
    await fleet.told()
    await fleet.submit(NEWER)
    fleet.kube.edit(DEPLOYMENT, give_up)
    await fleet.settle()
    ((kind, reason, note),) = await fleet.told()
    assert (kind, reason) == ("Warning", "ProgressDeadlineExceeded")
    assert "no progress within the deadline" in note


async def test_service_that_breaks_and_recovers_is_told_of_twice() -> None:
    fleet = await ready_fleet()
    await fleet.told()
    fleet.kube.fail("apply", "Service", ApiRefusedError("exceeded quota"))
    fleet.kube.remove(child("Service", "shop"))
    await fleet.settle()
    assert [(kind, reason) for kind, reason, _ in await fleet.told()] == [("Warning", "ApiRefused")]
    fleet.time.advance(5)
    await fleet.settle()
    assert [(kind, reason) for kind, reason, _ in await fleet.told()] == [("Normal", "Available")]


async def test_next_process_tells_nothing_again() -> None:
    fleet = await ready_fleet()
    successor = fleet.restarted()
    await successor.resync.prime()
    await successor.settle()
    assert await successor.told() == []


async def test_flip_that_is_seen_twice_makes_one_event() -> None:
    fleet = await ready_fleet()
    after = fleet.kube.object(key_of(SHOP))
    before = {**after, "status": {}}
    fleet.events.tell(before, after)
    assert len(await fleet.told()) == 1


async def test_event_regards_the_resource_and_names_the_operator() -> None:
    fleet = await ready_fleet()
    await fleet.events.send_next()
    (event,) = fleet.event_sink.created
    resource = fleet.kube.object(key_of(SHOP))
    assert event["metadata"]["namespace"] == "team"
    assert event["metadata"]["name"].startswith("shop.")
    assert event["eventTime"] == f"{START:%Y-%m-%dT%H:%M:%S}.000000Z"
    assert event["reportingController"] == "fastapi-fleet.io/fastapi-fleet"
    assert event["reportingInstance"] == "fastapi-fleet-0"
    assert event["regarding"] == {
        "apiVersion": "fastapi-fleet.io/v1alpha1",
        "kind": "FastAPIService",
        "namespace": "team",
        "name": "shop",
        "uid": resource["metadata"]["uid"],
        "resourceVersion": resource["metadata"]["resourceVersion"],
    }


def ready(message: str = "as specified") -> Object:
    condition = {"type": "Ready", "status": "True", "reason": "Available", "message": message}
    return {
        "apiVersion": "fastapi-fleet.io/v1alpha1",
        "kind": "FastAPIService",
        "metadata": {"name": "shop", "namespace": "team", "uid": "uid", "resourceVersion": "1"},
        "status": {"conditions": [{**condition, "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
    }


async def test_note_is_no_longer_than_the_api_takes() -> None:
    sink = FakeEventSink()
    events = Events(sink, now=lambda: START, instance="x" * 300)
    events.tell({}, ready("€" * 512))
    await events.send_next()
    (event,) = sink.created
    assert event["note"] == "€" * (NOTE_BYTES // 3)
    assert len(event["reportingInstance"]) == 128


def dropped(why: str) -> float:
    value: float = DROPPED.labels(why)._value.get()
    return value


async def test_more_events_than_can_wait_are_dropped_and_counted() -> None:
    events = Events(FakeEventSink(), now=lambda: START, instance="a", most_waiting=1)
    before = dropped("queue full")
    events.tell({}, ready())
    events.tell({}, ready())
    assert (events.depth, dropped("queue full")) == (1, before + 1)


FAILURES = [ApiUnavailableError("no answer"), ApiRefusedError("forbidden"), LeadershipLostError("another leads")]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.reason)
async def test_event_that_cannot_be_written_is_counted_and_the_next_one_goes_on(
    failure: ReconcileError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastapi_fleet.reconcile.events.SECONDS_BETWEEN", 0)
    sink = FakeEventSink()
    sink.failure = failure
    events = Events(sink, now=lambda: START, instance="a")
    before = dropped(failure.reason)
    writer = asyncio.create_task(events.run())
    events.tell({}, ready())
    await until(lambda: dropped(failure.reason) == before + 1)
    sink.failure = None
    events.tell({}, ready())
    await until(lambda: len(sink.created) == 1)
    writer.cancel()
