import time
from datetime import UTC, datetime
from itertools import pairwise

import aio_pika
import pytest
from fleetkit.database import Connection, DatabaseUnavailableError
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.rabbitmq.topology import DELIVERY_LIMIT
from fleetkit.request_id import request_id_scope
from fleetkit.testing import VirtualHost, eventually

from .fleet import QUEUE, RETRY_DELAYS, Fleet, taken
from .support import made, working, write_effect


async def die_with_a_message(vhost: VirtualHost) -> None:
    """Takes a message and is gone before anything comes of it."""
    async with await aio_pika.connect(vhost.url) as connection:
        waiting = await (await connection.channel()).get_queue(QUEUE)
        await eventually(lambda: waiting.get(fail=False))


@pytest.mark.parametrize("exchange", ["things.retry", "things.dead-letter"])
async def test_makes_again_what_failed_events_leave_by(fleet: Fleet, vhost: VirtualHost, exchange: str) -> None:
    async def fail(_connection: Connection, _event: CloudEvent) -> None:
        raise RuntimeError("no chairs")

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(fail).run):
        await eventually(fleet.consumes)
        await vhost.delete_exchange(exchange)
        await fleet.put("chair")
        await eventually(fleet.has_parked(1))


@pytest.mark.parametrize("body", ["no json", '{"specversion": "1.0"}', None])
async def test_an_event_that_cannot_be_understood_is_parked_at_once(
    fleet: Fleet, vhost: VirtualHost, body: str | None
) -> None:
    wrong = made("chair").model_copy(update={"data": {"colour": "green"}}).model_dump_json()
    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer().run):
        await eventually(fleet.consumes)
        assert await vhost.publish("thing.made", wrong if body is None else body)
        await fleet.put("table")
        await eventually(fleet.has_effects("table"))
        await eventually(fleet.has_parked(1))
    assert await vhost.messages(QUEUE) == []


async def test_what_is_parked_says_why_after_how_many_attempts_and_when(fleet: Fleet, vhost: VirtualHost) -> None:
    async def fail(_connection: Connection, _event: CloudEvent) -> None:
        raise RuntimeError("out of wood\nand of nails")

    before = datetime.now(UTC)
    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(fail).run):
        with request_id_scope("request-7"):
            await fleet.put("chair")
        await eventually(fleet.has_parked(1))
    (parked,) = await taken(vhost, f"{QUEUE}.parked")
    headers = parked.headers
    assert (headers["x-reason"], headers["x-exception"]) == ("out of wood", "RuntimeError")
    assert (headers["x-original-type"], headers["x-attempts"]) == ("thing.made", len(RETRY_DELAYS) + 1)
    assert before <= datetime.fromisoformat(str(headers["x-failed-at"])) <= datetime.now(UTC)
    assert (parked.type, headers["X-Request-ID"]) == ("thing.made", "request-7")


async def test_an_event_that_waits_for_its_next_attempt_holds_up_no_other(fleet: Fleet, vhost: VirtualHost) -> None:
    async def fail_for_chairs(connection: Connection, event: CloudEvent) -> None:
        if event.subject == "chair":
            raise RuntimeError("no chairs")
        await write_effect(connection, event)

    consumer = fleet.consumer(fail_for_chairs, retry_delays=(300.0,), prefetch=1)
    async with working(fleet.publisher.run, fleet.relay.run, consumer.run):
        await fleet.put("chair", "chair", "chair", "table")
        await eventually(fleet.has_effects("table"))
    assert len(await vhost.messages(f"{QUEUE}.retry.300")) == 3


async def test_attempts_follow_one_another_after_the_pauses_that_are_set(fleet: Fleet) -> None:
    attempts: list[float] = []

    async def fail(_connection: Connection, _event: CloudEvent) -> None:
        attempts.append(time.monotonic())
        raise RuntimeError("no chairs")

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(fail, retry_delays=(0.2, 0.6)).run):
        await fleet.put("chair")
        await eventually(fleet.has_parked(1))
    pauses = [later - earlier for earlier, later in pairwise(attempts)]
    assert len(pauses) == 2
    assert pauses[0] >= 0.2
    assert pauses[1] >= 0.6


async def test_an_event_that_succeeds_at_a_later_attempt_is_applied_once(fleet: Fleet, vhost: VirtualHost) -> None:
    failures = [RuntimeError("not yet"), RuntimeError("not yet")]

    async def fail_twice(connection: Connection, event: CloudEvent) -> None:
        await write_effect(connection, event)
        if failures:
            raise failures.pop()

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(fail_twice).run):
        await fleet.put("chair")
        await eventually(fleet.has_effects("chair"))
    assert await vhost.messages(f"{QUEUE}.parked") == []


async def test_a_consumer_that_dies_at_an_event_again_and_again_does_not_get_it_for_ever(
    fleet: Fleet, vhost: VirtualHost
) -> None:
    async with working(fleet.publisher.run, fleet.relay.run):
        async with working(fleet.consumer().run):
            await eventually(fleet.consumes)
        await fleet.put("chair")
        for _ in range(DELIVERY_LIMIT + 1):
            await die_with_a_message(vhost)
    parked = await eventually(lambda: taken(vhost, f"{QUEUE}.parked"))
    assert parked[0].headers["x-death"]


async def test_an_event_whose_handler_always_fails_is_parked_after_its_last_attempt(fleet: Fleet) -> None:
    attempts: list[str] = []

    async def fail_for_chairs(connection: Connection, event: CloudEvent) -> None:
        if event.subject == "chair":
            attempts.append(event.id)
            raise RuntimeError("no chairs")
        await write_effect(connection, event)

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(fail_for_chairs).run):
        await fleet.put("chair", "table")
        await eventually(fleet.has_effects("table"))
        await eventually(fleet.has_parked(1))
    assert len(attempts) == len(RETRY_DELAYS) + 1


async def test_an_event_that_only_itself_makes_the_database_fail_for_is_parked(fleet: Fleet) -> None:
    async def time_out(_connection: Connection, _event: CloudEvent) -> None:
        raise DatabaseUnavailableError("a statement took too long")

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(time_out).run):
        await fleet.put("chair")
        await eventually(fleet.has_parked(1))
