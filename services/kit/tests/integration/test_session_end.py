"""A session may be cancelled at any moment: it takes its tasks and connections with it."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest
from fleetkit.database import Database
from fleetkit.events.inbox import Inbox
from fleetkit.events.kafka.cluster import ServiceTopics
from fleetkit.events.kafka.consumer import KafkaConsumer
from fleetkit.events.kafka.publisher import KafkaPublisher
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.rabbitmq.publisher import RabbitPublisher
from fleetkit.metrics import new_registry
from fleetkit.testing import VirtualHost
from fleetkit.testing.brokers import KafkaPlace, broker_place
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from .fleet import Fleet
from .interruption import Moment, cancelled_at_each_wait
from .support import settings_for, working, write_effect

# Loop iterations that a connection takes to be made, and some more.
LATEST_STEP = 120
MOMENTS: tuple[Moment, ...] = ("while it waits", "as the wait ends")


@pytest.fixture
async def topics() -> AsyncIterator[ServiceTopics]:
    async with broker_place("kafka") as place:
        assert isinstance(place, KafkaPlace)
        yield ServiceTopics(place.cluster, "things")


def open_sockets() -> list[asyncio.StreamWriter]:
    writers = [one for one in gc.get_objects() if isinstance(one, asyncio.StreamWriter)]
    return [writer for writer in writers if not writer.is_closing()]


@pytest.mark.parametrize("first", range(4))
async def test_a_session_that_is_ended_at_any_moment_leaves_no_socket_open(vhost: VirtualHost, first: int) -> None:
    metrics = EventMetrics(CollectorRegistry())
    for steps in range(first, LATEST_STEP, 4):
        session = RabbitPublisher(SecretStr(vhost.url), "things", metrics, timeout_seconds=1.0)
        running = asyncio.create_task(session.run())
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running})
        assert open_sockets() == [], f"cancelled after {steps} steps"


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_publisher_on_kafka_that_is_cancelled_leaves_nothing_behind(
    topics: ServiceTopics, moment: Moment
) -> None:
    async def publish() -> None:
        await KafkaPublisher(topics.cluster, "makers", EventMetrics(new_registry()), timeout_seconds=1.0).run()

    places = 0
    async for place, left in cancelled_at_each_wait(publish, moment):
        assert left == [], place
        places += 1
    assert places > 10


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_consumer_on_kafka_that_is_cancelled_leaves_nothing_behind(
    topics: ServiceTopics, database: Database, moment: Moment
) -> None:
    inbox = Inbox(database, topics.service, {"thing.made": write_effect})

    async def consume() -> None:
        await KafkaConsumer(topics, inbox, EventMetrics(new_registry()), prefetch=10, retry_delays=(0.1,)).run()

    places = 0
    async for place, left in cancelled_at_each_wait(consume, moment):
        assert left == [], place
        places += 1
    assert places > 40


async def test_a_consumer_on_kafka_ends_after_all_that_it_has_begun(
    topics: ServiceTopics, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def take_long_to_end(*_: object) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.5)
            ended.set()

    monkeypatch.setattr("fleetkit.events.kafka.consumer.watch_parked", take_long_to_end)
    inbox = Inbox(database, topics.service, {"thing.made": write_effect})
    consumer = KafkaConsumer(topics, inbox, EventMetrics(new_registry()), prefetch=10, retry_delays=())
    async with working(consumer.run):
        await asyncio.wait_for(begun.wait(), 30)
    assert ended.is_set()


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_consumer_on_rabbitmq_that_is_cancelled_leaves_nothing_behind(fleet: Fleet, moment: Moment) -> None:
    places = 0
    async for place, left in cancelled_at_each_wait(lambda: fleet.consumer().run(), moment):
        assert left == [], place
        places += 1
    assert places > 10


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_pool_whose_opening_is_cancelled_leaves_nothing_behind(database_url: str, moment: Moment) -> None:
    async def hold() -> None:
        async with Database(settings_for(database_url), application_name="kit-tests") as database:
            await database.open()
            await asyncio.Event().wait()

    places = 0
    async for place, left in cancelled_at_each_wait(hold, moment):
        assert left == [], place
        places += 1
    assert places > 5
