"""What is Kafka's own: the order of what concerns one subject, topics, lag, and how events come back from parking."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from fleetkit.database import Connection, Database
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.command import main
from fleetkit.events.inbox import EventHandler, Inbox
from fleetkit.events.kafka.cluster import KafkaCluster, ServiceTopics
from fleetkit.events.kafka.consumer import KafkaConsumer
from fleetkit.events.kafka.parking import KafkaParkingLot
from fleetkit.events.kafka.publisher import KafkaPublisher
from fleetkit.events.kafka.topics import administering
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.outbox import OutboxMessage, append
from fleetkit.events.parking import ParkedEvent, ParkingUnavailableError
from fleetkit.events.relay import BrokerUnavailableError, EventRefusedError, OutboxRelay
from fleetkit.testing import eventually
from fleetkit.testing.brokers import KafkaPlace, broker_place

from .support import effects, made, outbox_size, working, write_effect

NOBODY_LISTENS = KafkaCluster("127.0.0.1:1")


def gauge(metrics: EventMetrics, name: str) -> float:
    return float(sum(sample.value for metric in getattr(metrics, name).collect() for sample in metric.samples))


class Fleet:
    """A maker of things and one that hears of them, on topics of their own."""

    def __init__(self, cluster: KafkaCluster, database: Database, metrics: EventMetrics) -> None:
        self.topics = ServiceTopics(cluster, "things")
        self.publisher = KafkaPublisher(cluster, "makers", metrics, timeout_seconds=5.0)
        self.relay = OutboxRelay(database, self.publisher, metrics)
        self._database = database
        self._metrics = metrics

    def consumer(self, handler: EventHandler = write_effect, *, delays: tuple[float, ...] = ()) -> KafkaConsumer:
        inbox = Inbox(self._database, "things", {"thing.made": handler})
        return KafkaConsumer(self.topics, inbox, self._metrics, prefetch=10, retry_delays=delays)

    async def put(self, *events: CloudEvent) -> None:
        async with self._database.transaction() as connection:
            for event in events:
                await append(connection, event)

    async def parked(self) -> list[ParkedEvent]:
        async with KafkaParkingLot(self.topics).browse("thing.made") as events:
            return [event async for event in events]


@pytest.fixture
async def cluster() -> AsyncIterator[KafkaCluster]:
    async with broker_place("kafka") as place:
        assert isinstance(place, KafkaPlace)
        yield place.cluster


@pytest.fixture
def fleet(cluster: KafkaCluster, database: Database, metrics: EventMetrics) -> Fleet:
    return Fleet(cluster, database, metrics)


async def test_events_of_one_subject_are_handled_in_the_order_in_which_they_were_made(fleet: Fleet) -> None:
    heard: list[tuple[str | None, int]] = []

    async def note(_connection: Connection, event: CloudEvent) -> None:
        heard.append((event.subject, event.data["number"]))

    events = [made(f"thing-{number % 5}").model_copy(update={"data": {"number": number}}) for number in range(200)]

    async def all_heard() -> bool:
        return len(heard) == len(events)

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(note).run):
        await fleet.put(*events)
        await eventually(all_heard)
    for subject in {subject for subject, _ in heard}:
        numbers = [number for name, number in heard if name == subject]
        assert numbers == sorted(numbers)


async def test_what_was_published_before_a_service_first_ran_reaches_it(fleet: Fleet, database: Database) -> None:
    async def is_published() -> bool:
        return await outbox_size(database) == 0

    async with working(fleet.publisher.run, fleet.relay.run):
        await fleet.put(made("chair"))
        await eventually(is_published)
    async with working(fleet.consumer().run):

        async def has_effect() -> bool:
            return await effects(database) == ["chair"]

        await eventually(has_effect)


async def test_waits_as_long_as_it_takes_for_a_cluster_that_is_away(metrics: EventMetrics) -> None:
    publisher = KafkaPublisher(NOBODY_LISTENS, "makers", metrics, timeout_seconds=0.5)
    async with working(publisher.run):
        with pytest.raises(BrokerUnavailableError):
            await publisher.publish(OutboxMessage(1, "1", "thing.made", "{}", None))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(publisher.ready(), 0.5)
    assert gauge(metrics, "connected") == 0


async def test_an_event_that_is_too_large_is_refused_and_holds_up_no_other(fleet: Fleet, database: Database) -> None:
    large = made("large").model_copy(update={"data": {"name": "x" * 2_000_000}})

    async def only_the_large_one_is_left() -> bool:
        return await effects(database) == ["chair", "table"] and await outbox_size(database) == 1

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer().run):
        await fleet.put(made("chair"), large, made("table"))
        await eventually(only_the_large_one_is_left)
        with pytest.raises(EventRefusedError, match="MessageSizeTooLargeError"):
            await fleet.publisher.publish(OutboxMessage(1, "1", "thing.made", large.model_dump_json(), None))


async def test_publishes_again_after_a_topic_was_deleted(
    fleet: Fleet, cluster: KafkaCluster, database: Database
) -> None:
    async with working(fleet.publisher.run, fleet.relay.run):
        await asyncio.wait_for(fleet.publisher.ready(), 10)
        await fleet.publisher.publish(
            OutboxMessage(1, str(uuid4()), "thing.made", made("first").model_dump_json(), None)
        )
        async with administering(cluster) as admin:
            await admin.delete_topics([cluster.topic("thing.made")])
        await fleet.put(made("chair"))
        async with working(fleet.consumer().run):

            async def has_effect() -> bool:
                return "chair" in await effects(database)

            await eventually(has_effect, within=45)


async def test_an_event_that_fails_at_the_commit_is_parked_and_holds_up_no_other(
    fleet: Fleet, database: Database
) -> None:
    async with database.acquire() as connection:
        await connection.execute("CREATE TABLE labels (label text UNIQUE DEFERRABLE INITIALLY DEFERRED)")

    async def label_chairs_twice(connection: Connection, event: CloudEvent) -> None:
        await write_effect(connection, event)
        if event.data["name"] == "chair":
            await connection.execute("INSERT INTO labels VALUES ('chair'), ('chair')")

    async def the_others_have_effects() -> bool:
        return await effects(database) == ["stool", "table"]

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(label_chairs_twice).run):
        await fleet.put(*(made(name).model_copy(update={"subject": "1"}) for name in ("stool", "chair", "table")))
        await eventually(the_others_have_effects)
    assert [event.exception for event in await fleet.parked()] == ["UniqueViolationError"]


async def test_shows_how_far_it_is_behind(fleet: Fleet, metrics: EventMetrics) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_connection: Connection, _event: CloudEvent) -> None:
        begun.set()
        await go_on.wait()

    async def is_behind_by_three() -> bool:
        return gauge(metrics, "consumer_lag") == 3

    async def has_caught_up() -> bool:
        return gauge(metrics, "consumer_lag") == 0

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(wait).run):
        await fleet.put(*(made("chair") for _ in range(3)))
        await asyncio.wait_for(begun.wait(), 15)
        await eventually(is_behind_by_three)
        go_on.set()
        await eventually(has_caught_up)


async def test_parked_events_are_listed_with_their_reason_and_counted(fleet: Fleet, metrics: EventMetrics) -> None:
    async def fail(_connection: Connection, _event: CloudEvent) -> None:
        raise RuntimeError("out of wood\nand of nails")

    async def counts_two() -> bool:
        return gauge(metrics, "parked") == 2

    events = [made("chair"), made("table")]
    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(fail, delays=(0.05,)).run):
        await fleet.put(*events)
        await eventually(counts_two)
    parked = await fleet.parked()
    assert {event.id for event in parked} == {event.id for event in events}
    assert {(event.reason, event.exception, event.attempts) for event in parked} == {("out of wood", "RuntimeError", 2)}


async def test_a_replayed_event_has_all_its_attempts_again_and_is_parked_no_longer(
    fleet: Fleet, metrics: EventMetrics, database: Database
) -> None:
    failures = [RuntimeError("out of wood")] * 3

    async def fail_three_times(connection: Connection, event: CloudEvent) -> None:
        if failures:
            raise failures.pop()
        await write_effect(connection, event)

    async def counts_one() -> bool:
        return gauge(metrics, "parked") == 1

    async def counts_none() -> bool:
        return gauge(metrics, "parked") == 0

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(fail_three_times, delays=(0.05,)).run):
        await fleet.put(made("chair"))
        await eventually(counts_one)
        lot = KafkaParkingLot(fleet.topics)
        async with lot.browse("thing.made") as events:
            async for event in events:
                await lot.replay(event)
                with pytest.raises(ParkingUnavailableError):
                    await lot.replay(event)
        await eventually(counts_none)

        async def has_effect() -> bool:
            return await effects(database) == ["chair"]

        await eventually(has_effect)
    assert await fleet.parked() == []
    assert failures == []


async def test_the_command_lists_and_replays_what_is_parked(
    fleet: Fleet,
    cluster: KafkaCluster,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EVENTS_BACKEND", "kafka")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrap_servers)
    monkeypatch.setenv("KAFKA_TOPIC_PREFIX", cluster.prefix)
    failures = [RuntimeError("out of wood")]

    async def fail_once(connection: Connection, event: CloudEvent) -> None:
        if failures:
            raise failures.pop()
        await write_effect(connection, event)

    async def is_parked() -> bool:
        return failures == [] and len(await fleet.parked()) == 1

    async def has_effect() -> bool:
        return await effects(database) == ["chair"]

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(fail_once).run):
        await fleet.put(made("chair"))
        await eventually(is_parked)
        capsys.readouterr()
        for command in ("list", "replay"):
            wanted = [command, "--service", "things", "--type", "thing.made"]
            assert await asyncio.to_thread(main, wanted) == 0
            assert "RuntimeError\tout of wood" in capsys.readouterr().out
        await eventually(has_effect)


async def test_says_that_there_is_nothing_to_park_in(fleet: Fleet) -> None:
    with pytest.raises(ParkingUnavailableError, match=r"no parking topic for thing\.made"):
        await fleet.parked()


async def test_says_that_nothing_can_be_listed_while_the_cluster_is_away() -> None:
    with pytest.raises(ParkingUnavailableError, match="not available"):
        async with KafkaParkingLot(ServiceTopics(NOBODY_LISTENS, "things")).browse("thing.made"):
            pass
