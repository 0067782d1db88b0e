"""A service that consumes what it publishes itself gets all of it, though others have queues for it before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fleetkit.database import Connection, Database, DatabaseUnavailableError
from fleetkit.events.inbox import Inbox
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.outbox import append
from fleetkit.events.relay import OutboxRelay
from fleetkit.events.runtime import backend_of
from fleetkit.settings import BrokerSettings
from fleetkit.testing import eventually
from fleetkit.testing.brokers import BACKENDS, BackendName, broker_place

from .support import effects, made, outbox_size, settings_for, working, write_effect


class Away(Database):
    """A database that cannot be had until a test says so: nothing is consumed until then."""

    is_away = True

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        if self.is_away:
            raise DatabaseUnavailableError("away")
        async with super().acquire() as connection:
            yield connection


@pytest.mark.parametrize("backend_name", BACKENDS)
async def test_nothing_is_published_before_the_own_queue_is_there(
    backend_name: BackendName, database: Database, database_url: str, metrics: EventMetrics
) -> None:
    async with broker_place(backend_name) as place, place.listening("thing.made") as next_event:
        async with database.transaction() as connection:
            await append(connection, made("chair"))
        backend = backend_of(BrokerSettings.model_validate(place.settings), "things", metrics)
        publisher = backend.publisher()
        async with Away(settings_for(database_url), application_name="consumer") as away:
            await away.open()
            consume = backend.consumer(Inbox(away, "things", {"thing.made": write_effect}))
            relay = OutboxRelay(database, publisher, metrics)
            async with working(publisher.run, relay.run, consume):
                await eventually(lambda: is_connected(metrics, "things.publisher"))
                away.is_away = False
                assert (await next_event()).type == "thing.made"
                await eventually(lambda: has_effect(database, "chair"))
                await eventually(lambda: is_forgotten(database))


async def is_connected(metrics: EventMetrics, connection: str) -> bool:
    samples = [sample for metric in metrics.connected.collect() for sample in metric.samples]
    return any(sample.labels["connection"] == connection and sample.value == 1 for sample in samples)


async def has_effect(database: Database, name: str) -> bool:
    return await effects(database) == [name]


async def is_forgotten(database: Database) -> bool:
    return await outbox_size(database) == 0
