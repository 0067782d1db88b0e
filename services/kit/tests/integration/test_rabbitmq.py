import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiormq import spec
from fleetkit.database import Connection, Database, DatabaseUnavailableError
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.outbox import OutboxMessage, append
from fleetkit.events.relay import BrokerUnavailableError, EventRefusedError
from fleetkit.request_id import current_request_id, request_id_scope
from fleetkit.testing import VirtualHost, eventually
from prometheus_client import Gauge

from .fleet import QUEUE, Fleet
from .support import effects, made, outbox_size, settings_for, working, write_effect


class Outage(Database):
    """A database that is away whenever a test says so."""

    begun = False

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        if self.begun:
            raise DatabaseUnavailableError("away")
        async with super().acquire() as connection:
            yield connection


def value(gauge: Gauge) -> float:
    (only,) = (sample.value for metric in gauge.collect() for sample in metric.samples)
    return float(only)


async def refusals(database: Database) -> list[tuple[str, str | None]]:
    """The type of each event that is left in the outbox, and why it is."""
    async with database.acquire() as connection:
        rows = await connection.fetch("SELECT type, last_error FROM outbox ORDER BY position")
    return [(row["type"], row["last_error"]) for row in rows]


async def test_an_event_has_its_effect_in_the_consumer(fleet: Fleet) -> None:
    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer().run):
        await fleet.put("chair", "table")
        await eventually(fleet.has_effects("chair", "table"))


async def test_needs_rights_on_nothing_but_the_exchange_and_names_of_its_own(fleet: Fleet, vhost: VirtualHost) -> None:
    await vhost.permit(r"^(events|things\..*)$")
    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer().run):
        await eventually(fleet.consumes)
        assert await vhost.publish("thing.made", "no json")
        await fleet.put("chair")
        await eventually(fleet.has_effects("chair"))
        await eventually(fleet.has_parked(1))


async def test_the_request_id_travels_with_the_event(fleet: Fleet) -> None:
    seen: list[str | None] = []

    async def note_request_id(connection: Connection, event: CloudEvent) -> None:
        seen.append(current_request_id())
        await write_effect(connection, event)

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(note_request_id).run):
        with request_id_scope("request-7"):
            await fleet.put("chair")
        await eventually(fleet.has_effects("chair"))
    assert seen == ["request-7"]


async def test_an_event_for_which_no_queue_exists_is_kept_until_there_is_one(fleet: Fleet, database: Database) -> None:
    async with working(fleet.publisher.run, fleet.relay.run):
        await fleet.put("chair")

        async def was_refused() -> bool:
            async with database.acquire() as connection:
                return bool(await connection.fetchval("SELECT attempts FROM outbox"))

        await eventually(was_refused)
        async with working(fleet.consumer().run):
            await eventually(fleet.has_effects("chair"))

        async def is_forgotten() -> bool:
            return await outbox_size(database) == 0

        await eventually(is_forgotten)


async def test_the_publisher_tells_refusal_from_absence(fleet: Fleet) -> None:
    message = OutboxMessage(1, "1", "nobody.listens", "{}", None)
    with pytest.raises(BrokerUnavailableError):
        await fleet.publisher.publish(message)
    async with working(fleet.publisher.run):
        await asyncio.wait_for(fleet.publisher.ready(), 10)
        with pytest.raises(EventRefusedError):
            await fleet.publisher.publish(message)


async def test_an_event_type_that_may_not_be_published_holds_up_no_other(
    fleet: Fleet, vhost: VirtualHost, database: Database
) -> None:
    await vhost.permit_topics(r"^thing\.made$")
    forbidden = made("secret").model_copy(update={"type": "thing.forbidden"})
    async with database.transaction() as connection:
        for event in (made("chair"), forbidden, made("table")):
            await append(connection, event)
    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer().run):
        await eventually(fleet.has_effects("chair", "table"))

        async def is_all_that_is_left() -> bool:
            return await refusals(database) == [("thing.forbidden", "this service may not publish this event type")]

        await eventually(is_all_that_is_left)
        await fleet.put("stool")
        await eventually(fleet.has_effects("chair", "stool", "table"))


async def test_an_event_that_the_broker_never_takes_is_refused_and_holds_up_no_other(fleet: Fleet) -> None:
    message = OutboxMessage(1, "1", "thing.made", made("chair").model_dump_json(), None)
    # As for one that is too large, which would take much memory here, the broker closes the channel.
    forged = spec.Basic.Properties(user_id="somebody else")
    async with working(fleet.publisher.run, fleet.consumer().run):
        await eventually(fleet.consumes)
        await asyncio.wait_for(fleet.publisher.ready(), 10)
        refused, confirmed = await asyncio.gather(
            fleet.publisher.send(b"{}", forged, exchange="events", routing_key="thing.made"),
            fleet.publisher.publish(message),
            return_exceptions=True,
        )
        await eventually(fleet.has_effects("chair"))
    assert (type(refused), confirmed) == (EventRefusedError, None)


async def test_no_event_is_lost_or_applied_twice_when_connections_are_cut(fleet: Fleet, vhost: VirtualHost) -> None:
    names = [f"thing-{number:03}" for number in range(150)]
    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer().run):
        await eventually(fleet.consumes)
        first = asyncio.create_task(fleet.put(*names[:100]))

        async def cut() -> bool:
            return await vhost.close_connections() > 0

        await eventually(cut)
        await first
        await fleet.put(*names[100:])
        await eventually(fleet.has_effects(*names))


async def test_publishes_again_after_the_exchange_was_deleted(fleet: Fleet, vhost: VirtualHost) -> None:
    async with working(fleet.publisher.run, fleet.relay.run):
        await asyncio.wait_for(fleet.publisher.ready(), 10)
        await vhost.delete_exchange()
        await fleet.put("chair")
        async with working(fleet.consumer().run):
            await eventually(fleet.has_effects("chair"))


async def test_notices_that_the_broker_has_forgotten_its_consumer(fleet: Fleet) -> None:
    consumer = fleet.consumer()
    async with working(fleet.publisher.run, fleet.relay.run, consumer.run):
        await eventually(fleet.consumes)
        ((queue, tag),) = consumer._consuming
        await queue.cancel(tag)  # as where the broker ends it and its message about that is lost
        await fleet.put("chair")
        await eventually(fleet.has_effects("chair"))


async def test_consumes_again_after_its_channel_was_closed(fleet: Fleet) -> None:
    consumer = fleet.consumer()
    async with working(fleet.publisher.run, fleet.relay.run, consumer.run):
        await eventually(fleet.consumes)
        ((queue, _),) = consumer._consuming
        underlay = await queue.channel.get_underlay_channel()
        await underlay.basic_ack(delivery_tag=4711)  # for which the broker closes a channel
        await fleet.put("chair")
        await eventually(fleet.has_effects("chair"))


async def test_measures_what_waits_and_what_is_parked(fleet: Fleet, vhost: VirtualHost, metrics: EventMetrics) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(connection: Connection, event: CloudEvent) -> None:
        begun.set()
        await go_on.wait()
        await write_effect(connection, event)

    async def measured() -> bool:
        return (value(metrics.consumer_lag), value(metrics.parked), value(metrics.consumer_up)) == (2.0, 1.0, 1.0)

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(wait, prefetch=1).run):
        await eventually(fleet.consumes)
        assert await vhost.publish("thing.made", "no json")
        await eventually(fleet.has_parked(1))
        await fleet.put("chair", "table", "stool")
        await asyncio.wait_for(begun.wait(), 15)
        await eventually(measured)
        go_on.set()
        await eventually(fleet.has_effects("chair", "stool", "table"))
    assert value(metrics.consumer_up) == 0.0


async def test_consumes_again_after_its_queue_was_deleted(fleet: Fleet, vhost: VirtualHost) -> None:
    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer().run):
        await eventually(fleet.consumes)
        await vhost.delete_queue(QUEUE)
        await fleet.put("chair")
        await eventually(fleet.has_effects("chair"))


async def test_a_database_that_is_away_for_long_costs_no_event(
    fleet: Fleet, vhost: VirtualHost, database: Database, database_url: str
) -> None:
    outage = Outage(settings_for(database_url), application_name="consumer")

    async def pauses() -> bool:
        return not await fleet.consumes()

    async with outage, working(fleet.publisher.run, fleet.relay.run, fleet.consumer(database=outage).run):
        await outage.open()
        await eventually(fleet.consumes)
        outage.begun = True
        await fleet.put("chair")
        await eventually(pauses)
        outage.begun = False
        await eventually(fleet.has_effects("chair"))
    assert await vhost.messages(f"{QUEUE}.parked") == []


async def test_lets_an_event_in_hand_finish_when_it_stops(fleet: Fleet, database: Database) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait_in_the_middle(connection: Connection, event: CloudEvent) -> None:
        begun.set()
        await go_on.wait()
        await write_effect(connection, event)

    async with working(fleet.publisher.run, fleet.relay.run):
        consumer = asyncio.create_task(fleet.consumer(wait_in_the_middle).run())
        await fleet.put("chair")
        await asyncio.wait_for(begun.wait(), 15)
        consumer.cancel()
        go_on.set()
        await asyncio.wait({consumer}, timeout=10)
    assert await effects(database) == ["chair"]
