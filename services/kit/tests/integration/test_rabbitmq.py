import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
from fleetkit.database import Connection, Database, DatabaseUnavailableError
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import EventHandler, Inbox
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.outbox import OutboxMessage, append
from fleetkit.events.rabbitmq.consumer import RabbitConsumer
from fleetkit.events.rabbitmq.publisher import RabbitPublisher
from fleetkit.events.relay import BrokerUnavailableError, EventRefusedError, OutboxRelay
from fleetkit.request_id import current_request_id, request_id_scope
from fleetkit.testing import VirtualHost, eventually
from pydantic import SecretStr

from .support import effects, made, outbox_size, settings_for, working, write_effect

QUEUE = "things.thing.made"
PATIENCE_SECONDS = 0.05
RETRY_DELAYS = (0.05, 0.1)


class Fleet:
    """A publisher with its relay, and consumers, on one virtual host and one database."""

    def __init__(self, database: Database, vhost: VirtualHost, metrics: EventMetrics) -> None:
        self._database = database
        self._vhost = vhost
        self._metrics = metrics
        self._url = SecretStr(vhost.url)
        self.publisher = RabbitPublisher(self._url, "makers", metrics, timeout_seconds=5.0)
        self.relay = OutboxRelay(database, self.publisher, metrics)

    def consumer(self, handler: EventHandler = write_effect, database: Database | None = None) -> RabbitConsumer:
        handlers: Mapping[str, EventHandler] = {"thing.made": handler}
        inbox = Inbox(database or self._database, "things", handlers)
        return RabbitConsumer(
            self._url,
            "things",
            inbox,
            self.publisher,
            self._metrics,
            prefetch=10,
            retry_delays=RETRY_DELAYS,
            patience=PATIENCE_SECONDS,
            watch_seconds=0.5,
        )

    async def put(self, *names: str) -> None:
        for name in names:
            async with self._database.transaction() as connection:
                await append(connection, made(name))

    async def consumes(self) -> bool:
        samples = [sample for metric in self._metrics.connected.collect() for sample in metric.samples]
        return any(sample.labels["connection"] == "things.consumer" and sample.value == 1 for sample in samples)

    def has_effects(self, *expected: str) -> Callable[[], Awaitable[bool]]:
        async def probe() -> bool:
            return await effects(self._database) == sorted(expected)

        return probe

    def has_parked(self, count: int) -> Callable[[], Awaitable[bool]]:
        async def probe() -> bool:
            return len(await self._vhost.messages(f"{QUEUE}.parked")) == count

        return probe


class Outage(Database):
    """A database that is away whenever a test says so."""

    begun = False

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        if self.begun:
            raise DatabaseUnavailableError("away")
        async with super().acquire() as connection:
            yield connection


async def refusals(database: Database) -> list[tuple[str, str | None]]:
    """The type of each event that is left in the outbox, and why it is."""
    async with database.acquire() as connection:
        rows = await connection.fetch("SELECT type, last_error FROM outbox ORDER BY position")
    return [(row["type"], row["last_error"]) for row in rows]


@pytest.fixture
def fleet(database: Database, vhost: VirtualHost, metrics: EventMetrics) -> Fleet:
    return Fleet(database, vhost, metrics)


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


async def test_consumes_again_after_its_queue_was_deleted(fleet: Fleet, vhost: VirtualHost) -> None:
    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer().run):
        await eventually(fleet.consumes)
        await vhost.delete_queue(QUEUE)
        await fleet.put("chair")
        await eventually(fleet.has_effects("chair"))


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


async def test_an_event_that_only_itself_makes_the_database_fail_for_is_parked(fleet: Fleet) -> None:
    async def time_out(_connection: Connection, _event: CloudEvent) -> None:
        raise DatabaseUnavailableError("a statement took too long")

    async with working(fleet.publisher.run, fleet.relay.run, fleet.consumer(time_out).run):
        await fleet.put("chair")
        await eventually(fleet.has_parked(1))


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
