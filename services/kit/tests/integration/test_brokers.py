"""What holds on every broker: the way of an event from the outbox of one service to its effect in another."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from fleetkit.background import Worker
from fleetkit.database import Connection, Database, DatabaseUnavailableError
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import EventHandler, Inbox
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.outbox import append
from fleetkit.events.relay import OutboxRelay
from fleetkit.events.runtime import backend_of
from fleetkit.request_id import current_request_id, request_id_scope
from fleetkit.settings import BrokerSettings
from fleetkit.testing import eventually
from fleetkit.testing.brokers import BACKENDS, BrokerPlace, broker_place

from .support import effects, made, outbox_size, settings_for, working, write_effect

RETRY_DELAYS = (0.05, 0.1)


class Fleet:
    """A service that makes things and one that hears of them, on one broker and one database."""

    def __init__(
        self,
        database: Database,
        place: BrokerPlace,
        metrics: EventMetrics,
        *,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        self._database = database
        self._place = place
        self._metrics = metrics
        self._settings = BrokerSettings.model_validate({**place.settings, "events_retry_delays": retry_delays})

    def maker(self) -> list[Worker]:
        publisher = backend_of(self._settings, "makers", self._metrics).publisher()
        return [publisher.run, OutboxRelay(self._database, publisher, self._metrics).run]

    def hearer(self, handler: EventHandler = write_effect, database: Database | None = None) -> list[Worker]:
        backend = backend_of(self._settings, "things", self._metrics)
        inbox = Inbox(database or self._database, "things", {"thing.made": handler})
        return [backend.publisher().run, backend.consumer(inbox)]

    async def put(self, *names: str) -> None:
        async with self._database.transaction() as connection:
            for name in names:
                await append(connection, made(name))

    async def publish(self, body: str) -> None:
        """Publishes as soon as there is somebody to hear it."""

        async def reaches_somebody() -> bool:
            return await self._place.publish("thing.made", body)

        await eventually(reaches_somebody)

    async def consumes(self) -> bool:
        return any(sample.value == 1 for metric in self._metrics.consumer_up.collect() for sample in metric.samples)

    def has_effects(self, *expected: str) -> Callable[[], Awaitable[bool]]:
        async def probe() -> bool:
            return await effects(self._database) == sorted(expected)

        return probe

    def has_parked(self, count: int) -> Callable[[], Awaitable[bool]]:
        async def probe() -> bool:
            return len(await self._place.parked("things", "thing.made")) == count

        return probe

    def consumed(self, result: str) -> float:
        samples = [sample for metric in self._metrics.consumed.collect() for sample in metric.samples]
        return sum(
            sample.value for sample in samples if sample.name.endswith("_total") and sample.labels["result"] == result
        )


class Outage(Database):
    """A database that is away whenever a test says so."""

    def __init__(self, url: str) -> None:
        super().__init__(settings_for(url), application_name="outage")
        self.begun = False
        self.noticed = asyncio.Event()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        if self.begun:
            self.noticed.set()
            raise DatabaseUnavailableError("away")
        async with super().acquire() as connection:
            yield connection


@pytest.fixture(params=BACKENDS)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[BrokerPlace]:
    async with broker_place(request.param) as place:
        yield place


@pytest.fixture
def fleet(database: Database, place: BrokerPlace, metrics: EventMetrics) -> Fleet:
    return Fleet(database, place, metrics)


async def test_an_event_has_its_effect_and_leaves_the_outbox(fleet: Fleet, database: Database) -> None:
    async def is_empty() -> bool:
        return await outbox_size(database) == 0

    async with working(*fleet.maker(), *fleet.hearer()):
        await fleet.put("chair", "table")
        await eventually(fleet.has_effects("chair", "table"))
        await eventually(is_empty)


async def test_the_request_id_and_the_event_id_are_on_the_wire(fleet: Fleet, place: BrokerPlace) -> None:
    async with working(*fleet.maker()), place.listening("thing.made") as next_event:
        with request_id_scope("request-7"):
            await fleet.put("chair")
        heard = await next_event()
    assert (heard.type, heard.request_id) == ("thing.made", "request-7")
    assert heard.id == CloudEvent.parse(heard.body).id


async def test_the_request_id_is_known_where_the_event_is_handled(fleet: Fleet) -> None:
    seen: list[str | None] = []

    async def note_request_id(connection: Connection, event: CloudEvent) -> None:
        seen.append(current_request_id())
        await write_effect(connection, event)

    async with working(*fleet.maker(), *fleet.hearer(note_request_id)):
        with request_id_scope("request-7"):
            await fleet.put("chair")
        await eventually(fleet.has_effects("chair"))
    assert seen == ["request-7"]


async def test_events_of_before_the_broker_was_reached_are_not_lost(fleet: Fleet) -> None:
    await fleet.put("chair")
    async with working(*fleet.hearer()):
        await eventually(fleet.consumes)
        async with working(*fleet.maker()):
            await eventually(fleet.has_effects("chair"))


async def test_an_event_that_comes_twice_has_one_effect(fleet: Fleet) -> None:
    body = made("chair").model_dump_json()
    async with working(*fleet.hearer()):
        await fleet.publish(body)
        await fleet.publish(body)

        async def both_consumed() -> bool:
            return (fleet.consumed("applied"), fleet.consumed("duplicate")) == (1, 1)

        await eventually(both_consumed)
        await eventually(fleet.has_effects("chair"))


@pytest.mark.parametrize("body", ["no json", '{"specversion": "1.0"}', "other data", "other type", "no id"])
async def test_an_event_that_cannot_be_understood_is_parked_at_once(
    fleet: Fleet, place: BrokerPlace, body: str
) -> None:
    event = made("chair")
    wrong = {
        "other data": event.model_copy(update={"data": {"colour": "green"}}).model_dump_json(),
        "other type": event.model_copy(update={"type": "thing.broken"}).model_dump_json(),
        "no id": event.model_copy(update={"id": "\0"}).model_dump_json(),
    }.get(body, body)
    async with working(*fleet.maker(), *fleet.hearer()):
        await fleet.publish(wrong)
        await fleet.put("table")
        await eventually(fleet.has_effects("table"))
        await eventually(fleet.has_parked(1))
    assert await place.parked("things", "thing.made") == [wrong]
    assert fleet.consumed("failed") == 0


async def test_an_event_whose_handler_fails_for_a_while_is_applied_in_the_end(fleet: Fleet) -> None:
    failures = [RuntimeError("first"), RuntimeError("second")]

    async def fail_at_first(connection: Connection, event: CloudEvent) -> None:
        await write_effect(connection, event)
        if failures:
            raise failures.pop()

    async with working(*fleet.maker(), *fleet.hearer(fail_at_first)):
        await fleet.put("chair")
        await eventually(fleet.has_effects("chair"))
    assert fleet.consumed("failed") == 2


async def test_a_failed_event_waits_for_its_next_attempt_and_holds_up_no_other(
    database: Database, place: BrokerPlace, metrics: EventMetrics
) -> None:
    attempts: list[float] = []
    heard_others = asyncio.Event()

    async def fail_at_first(connection: Connection, event: CloudEvent) -> None:
        if event.subject != "chair":
            heard_others.set()
            return
        attempts.append(time.monotonic())
        if len(attempts) == 1:
            raise RuntimeError("not yet")
        assert heard_others.is_set()
        await write_effect(connection, event)

    fleet = Fleet(database, place, metrics, retry_delays=(1.0,))
    async with working(*fleet.maker(), *fleet.hearer(fail_at_first)):
        await fleet.put("chair", "table")
        await eventually(fleet.has_effects("chair"))
    assert attempts[1] - attempts[0] >= 0.9


async def test_an_event_whose_handler_always_fails_is_parked_after_its_last_attempt(fleet: Fleet) -> None:
    attempts: list[str] = []

    async def fail_for_chairs(connection: Connection, event: CloudEvent) -> None:
        if event.subject == "chair":
            attempts.append(event.id)
            raise RuntimeError("no chairs")
        await write_effect(connection, event)

    async with working(*fleet.maker(), *fleet.hearer(fail_for_chairs)):
        await fleet.put("chair", "table")
        await eventually(fleet.has_effects("table"))
        await eventually(fleet.has_parked(1))
    assert len(attempts) == len(RETRY_DELAYS) + 1


async def test_a_database_outage_costs_no_event_an_attempt(fleet: Fleet, place: BrokerPlace, database_url: str) -> None:
    outage = Outage(database_url)
    async with outage, working(*fleet.maker(), *fleet.hearer(database=outage)):
        await outage.open()
        await eventually(fleet.consumes)
        outage.begun = True
        await fleet.put("chair")
        await asyncio.wait_for(outage.noticed.wait(), 10)
        outage.begun = False
        await eventually(fleet.has_effects("chair"))
    assert await place.parked("things", "thing.made") == []
    assert fleet.consumed("failed") == 0


async def test_an_event_in_hand_is_finished_when_the_consumer_stops(fleet: Fleet, database: Database) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait_in_the_middle(connection: Connection, event: CloudEvent) -> None:
        begun.set()
        await go_on.wait()
        await write_effect(connection, event)

    async with working(*fleet.maker()):
        consumers = [asyncio.ensure_future(worker()) for worker in fleet.hearer(wait_in_the_middle)]
        await fleet.put("chair")
        await asyncio.wait_for(begun.wait(), 15)
        for consumer in consumers:
            consumer.cancel()
        go_on.set()
        await asyncio.wait(consumers, timeout=10)
    assert await effects(database) == ["chair"]


async def test_replicas_share_the_work_and_one_that_stops_costs_no_event(fleet: Fleet) -> None:
    names = [f"thing-{number:03}" for number in range(60)]
    async with working(*fleet.maker(), *fleet.hearer()):
        await fleet.put(*names[:20])
        async with working(*fleet.hearer()):
            await fleet.put(*names[20:40])
            await eventually(fleet.has_effects(*names[:40]))
            await fleet.put(*names[40:50])
        await fleet.put(*names[50:])
        await eventually(fleet.has_effects(*names))
