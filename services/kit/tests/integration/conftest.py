from collections.abc import AsyncIterator

import pytest
from fleetkit.database import Database
from fleetkit.events.metrics import EventMetrics
from fleetkit.metrics import new_registry
from fleetkit.migrations import migrate
from fleetkit.testing import VirtualHost, required_variable, temporary_database, temporary_vhost
from pydantic import SecretStr

from .fleet import Fleet
from .support import MIGRATIONS, settings_for


@pytest.fixture
def server_url() -> str:
    return required_variable("USERS_TEST_DATABASE_URL")


@pytest.fixture
async def database_url(server_url: str) -> AsyncIterator[str]:
    async with temporary_database(server_url) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    await migrate(SecretStr(database_url), MIGRATIONS)
    async with Database(settings_for(database_url), application_name="kit-tests") as database:
        await database.open()
        yield database


@pytest.fixture
async def vhost() -> AsyncIterator[VirtualHost]:
    amqp, management = required_variable("TEST_RABBITMQ_URL"), required_variable("TEST_RABBITMQ_MANAGEMENT_URL")
    async with temporary_vhost(amqp, management) as vhost:
        yield vhost


@pytest.fixture
def metrics() -> EventMetrics:
    return EventMetrics(new_registry())


@pytest.fixture
def fleet(database: Database, vhost: VirtualHost, metrics: EventMetrics) -> Fleet:
    return Fleet(database, vhost, metrics)
