"""The two services of the measurement: one that tells of things made, one that writes a row for each."""

import asyncio
from collections.abc import Sequence

from fleetkit.database import Connection, Database
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import Inbox, Incoming, Receipt
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.rabbitmq.consumer import RabbitConsumer
from fleetkit.events.rabbitmq.publisher import RabbitPublisher
from fleetkit.events.relay import OutboxRelay
from fleetkit.events.tables import add_event_tables
from fleetkit.logs import configure_logging
from fleetkit.metrics import new_registry
from fleetkit.settings import BrokerSettings, DatabaseSettings
from pydantic import BaseModel, SecretStr
from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from event_bench.process import Counter

EVENT_TYPE = "thing.made"
CONSUMER = "keepers"
QUEUE = f"{CONSUMER}.{EVENT_TYPE}"


class Made(BaseModel):
    """What is told of a thing: about as much as of a user."""

    thing_id: str
    name: str
    email: str


class CountingInbox(Inbox):
    """An inbox that notes each event once its effect is committed."""

    def __init__(self, database: Database, counter: Counter) -> None:
        super().__init__(database, CONSUMER, {EVENT_TYPE: _keep})
        self._counter = counter

    async def receive_some(self, incoming: Sequence[Incoming]) -> list[Receipt]:
        receipts = await super().receive_some(incoming)
        self._counter.note([each.event.id for each, _ in zip(incoming, receipts, strict=False)])
        return receipts


async def create_tables(connection: Connection) -> None:
    """Makes what both services need."""
    metadata = MetaData()
    add_event_tables(metadata)
    for table in metadata.sorted_tables:
        await connection.execute(str(CreateTable(table).compile(dialect=dialect())))  # type: ignore[no-untyped-call]
        for index in table.indexes:
            await connection.execute(str(CreateIndex(index).compile(dialect=dialect())))  # type: ignore[no-untyped-call]
    await connection.execute("CREATE TABLE things (id text PRIMARY KEY, name text NOT NULL, email text NOT NULL)")


def made(name: str) -> CloudEvent:
    """An event as a service would send it."""
    data = Made(thing_id=name, name=f"Thing {name}", email=f"{name}@example.com")
    return CloudEvent.new(source="/makers", event_type=EVENT_TYPE, subject=name, data=data)


def settings_for(url: str) -> DatabaseSettings:
    """The database of one of them, with the kit's own limits."""
    return DatabaseSettings.model_validate({"database_url": url})


async def relay_events(_counter: Counter, database_url: str, broker_url: str) -> None:
    """Carries what is in the outbox to the broker until cancelled."""
    configure_logging("makers", "WARNING")
    metrics = EventMetrics(new_registry())
    async with Database(settings_for(database_url), application_name="makers") as database:
        await database.open()
        publisher = RabbitPublisher(SecretStr(broker_url), "makers", metrics, timeout_seconds=5.0)
        async with asyncio.TaskGroup() as group:
            group.create_task(publisher.run())
            group.create_task(OutboxRelay(database, publisher, metrics).run())


async def consume_events(counter: Counter, database_url: str, broker_url: str) -> None:
    """Writes a row for each event until cancelled."""
    configure_logging(CONSUMER, "WARNING")
    metrics = EventMetrics(new_registry())
    broker = BrokerSettings.model_validate({"rabbitmq_url": broker_url})
    url = SecretStr(broker_url)
    async with Database(settings_for(database_url), application_name=CONSUMER) as database:
        await database.open()
        publisher = RabbitPublisher(url, CONSUMER, metrics, timeout_seconds=5.0)
        consumer = RabbitConsumer(
            url,
            CONSUMER,
            CountingInbox(database, counter),
            publisher,
            metrics,
            prefetch=broker.events_prefetch,
            retry_delays=broker.events_retry_delays,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(publisher.run())
            group.create_task(consumer.run())


async def _keep(connection: Connection, event: CloudEvent) -> None:
    thing = event.data_as(Made)
    await connection.execute(
        "INSERT INTO things (id, name, email) VALUES ($1, $2, $3)", thing.thing_id, thing.name, thing.email
    )
