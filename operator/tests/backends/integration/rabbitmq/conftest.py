"""A real RabbitMQ, and a user of it that a test asks for."""

from collections.abc import AsyncIterator

import pytest
from aio_pika.abc import AbstractRobustConnection
from fastapi_fleet.backends.rabbitmq import BrokerRequest, BrokerServer, RabbitmqBackend
from support.brokers import BrokerAdmin, connect, make_request, real_broker


@pytest.fixture
def server() -> BrokerServer:
    return real_broker()


@pytest.fixture
async def backend() -> AsyncIterator[RabbitmqBackend]:
    backend = RabbitmqBackend()
    yield backend
    await backend.aclose()


@pytest.fixture
async def admin(server: BrokerServer) -> AsyncIterator[BrokerAdmin]:
    admin = BrokerAdmin(server)
    yield admin
    await admin.aclose()


@pytest.fixture
async def wanted(admin: BrokerAdmin) -> AsyncIterator[BrokerRequest]:
    wanted = make_request("plain")
    yield wanted
    await admin.clean(wanted)


@pytest.fixture
async def connection(
    backend: RabbitmqBackend, server: BrokerServer, wanted: BrokerRequest
) -> AsyncIterator[AbstractRobustConnection]:
    await backend.ensure_user(server, wanted)
    connection = await connect(wanted)
    yield connection
    await connection.close()
