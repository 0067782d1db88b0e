from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from app.config import Settings
from app.main import create_app
from fastapi import FastAPI
from fleetkit.auth.principal import ADMIN
from fleetkit.testing import (
    eventually,
    required_variable,
    running_app,
    temporary_database,
)
from fleetkit.testing.brokers import BackendName, BrokerPlace, broker_place
from fleetkit.testing.tokens import JWT_KEY, user_headers


class UsersService:
    """Stands in for the users service, and can be made to fail."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        self.failure: int | Exception | None = None
        self._users: dict[str, dict[str, Any]] = {}

    def add(self, name: str) -> UUID:
        user_id = uuid4()
        user = {"id": str(user_id), "email": f"{name}@example.com", "name": name, "role": "member", "order_count": 0}
        self._users[str(user_id)] = user
        return user_id

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/auth/token":
            token = {"access_token": "of-orders", "token_type": "bearer", "expires_in": 3600}
            return httpx2.Response(HTTPStatus.OK, json=token)
        self.requests.append(request)
        if isinstance(self.failure, Exception):
            raise self.failure
        if self.failure:
            return httpx2.Response(self.failure)
        if request.url.path == "/users":
            asked = request.url.params.get_list("ids")
            found = [user for user_id, user in self._users.items() if user_id in asked]
            limit = int(request.url.params["limit"])
            return httpx2.Response(HTTPStatus.OK, json={"items": found[:limit], "next_cursor": None})
        user = self._users.get(request.url.path.removeprefix("/users/"))
        return httpx2.Response(HTTPStatus.OK, json=user) if user else httpx2.Response(HTTPStatus.NOT_FOUND)


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
    async with temporary_database(required_variable("ORDERS_TEST_DATABASE_URL")) as url:
        yield Settings.model_validate(
            {
                "database_url": url,
                **broker.settings,
                "jwt_secret": JWT_KEY,
                "user_service_url": "http://users:8000",
                "service_client_secret": "of the orders service in tests",
                "development_endpoints": True,
            }
        )


@pytest.fixture
def users() -> UsersService:
    return UsersService()


@pytest.fixture
def app(settings: Settings, users: UsersService) -> FastAPI:
    return create_app(settings, users_transport=httpx2.MockTransport(users))


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the running service, once it is ready; it asks as an administrator unless told otherwise."""
    async with running_app(app) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).is_success

        await eventually(is_ready)
        client.headers.update(user_headers(uuid4(), ADMIN))
        yield client
