from collections.abc import AsyncIterator

import httpx2
import pytest
from app.config import Settings
from app.main import create_app
from fastapi import FastAPI
from fleetkit.testing import (
    VirtualHost,
    eventually,
    required_variable,
    running_app,
    temporary_database,
    temporary_vhost,
)


@pytest.fixture
async def vhost() -> AsyncIterator[VirtualHost]:
    amqp, management = required_variable("TEST_RABBITMQ_URL"), required_variable("TEST_RABBITMQ_MANAGEMENT_URL")
    async with temporary_vhost(amqp, management) as vhost:
        yield vhost


@pytest.fixture
async def settings(vhost: VirtualHost) -> AsyncIterator[Settings]:
    async with temporary_database(required_variable("USERS_TEST_DATABASE_URL")) as url:
        yield Settings.model_validate({"database_url": url, "rabbitmq_url": vhost.url})


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the running service, once it is ready."""
    async with running_app(app) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).is_success

        await eventually(is_ready)
        yield client
