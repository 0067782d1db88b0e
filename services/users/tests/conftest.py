from collections.abc import AsyncIterator, Callable, Mapping
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from app.config import Settings
from app.main import create_app
from fastapi import FastAPI
from fleetkit.testing import (
    eventually,
    required_variable,
    running_app,
    temporary_database,
)
from fleetkit.testing.brokers import BackendName, BrokerPlace, broker_place
from fleetkit.testing.tokens import JWT_KEY, user_headers

_ADD_ADMIN = "INSERT INTO users (id, email, name, role) VALUES ($1, 'root@example.com', 'Root', 'admin')"
ClientWith = Callable[[Mapping[str, str]], httpx2.AsyncClient]


@pytest.fixture
def backend() -> BackendName:
    """The broker of a test; modules whose tests run on both parametrize it."""
    return "rabbitmq"


@pytest.fixture
async def broker(backend: BackendName) -> AsyncIterator[BrokerPlace]:
    async with broker_place(backend) as broker:
        yield broker


@pytest.fixture
async def settings(broker: BrokerPlace) -> AsyncIterator[Settings]:
    async with temporary_database(required_variable("USERS_TEST_DATABASE_URL")) as url:
        yield Settings.model_validate(
            {
                "database_url": url,
                **broker.settings,
                "jwt_secret": JWT_KEY,
                "service_clients": {"orders": "secret of the orders service"},
            }
        )


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the running service, once it is ready, without a token."""
    async with running_app(app) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).is_success

        await eventually(is_ready)
        yield client


@pytest.fixture
def client_with(anonymous: httpx2.AsyncClient) -> ClientWith:
    """Makes clients of the same service that send headers with each request."""

    def make(headers: Mapping[str, str]) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=anonymous._transport, base_url=anonymous.base_url, headers=headers)

    return make


@pytest.fixture
def client(client_with: ClientWith) -> httpx2.AsyncClient:
    """A client with the token of an admin who is not stored: enough to see users, not to change them."""
    return client_with(user_headers(uuid4(), "admin"))


@pytest.fixture
async def admin_id(settings: Settings, anonymous: httpx2.AsyncClient) -> UUID:
    """The id of an admin who is stored."""
    assert not anonymous.is_closed  # the service has made its tables
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        user_id = uuid4()
        await connection.execute(_ADD_ADMIN, user_id)
        return user_id
    finally:
        await connection.close()


@pytest.fixture
def admin(client_with: ClientWith, admin_id: UUID) -> httpx2.AsyncClient:
    """A client with the token of an admin who is stored."""
    return client_with(user_headers(admin_id, "admin"))
