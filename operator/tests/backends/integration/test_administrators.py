"""Administrators of real servers that the operator did not make: who is one, and what is said of who is not."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urlsplit

import asyncpg
import httpx2
import pytest
from fastapi_fleet.backends.postgres import PostgresBackend, PostgresServer
from fastapi_fleet.backends.rabbitmq import BrokerServer, RabbitmqBackend
from fastapi_fleet.errors import BackendRefusedError, BackendUnavailableError

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]


def variable(name: str) -> str:
    if name not in os.environ:
        pytest.fail(f'{name} is not set: eval "$(hack/start-test-backends.sh)" starts what these tests need')
    return os.environ[name]


@pytest.fixture
def postgres() -> PostgresServer:
    url = urlsplit(variable("USERS_TEST_DATABASE_URL"))
    return PostgresServer(
        host=url.hostname or "", port=url.port or 5432, user=url.username or "", password=unquote(url.password or "")
    )


@pytest.fixture
def broker() -> BrokerServer:
    url = urlsplit(variable("TEST_RABBITMQ_MANAGEMENT_URL"))
    return BrokerServer(
        host=url.hostname or "", port=url.port or 15672, user=url.username or "", password=unquote(url.password or "")
    )


@pytest.fixture
async def rabbitmq() -> AsyncIterator[RabbitmqBackend]:
    backend = RabbitmqBackend()
    yield backend
    await backend.aclose()


@asynccontextmanager
async def role_with(server: PostgresServer, options: str) -> AsyncIterator[PostgresServer]:
    """The server as a role sees it that has a login and these options."""
    name, password = f"admin_{secrets.token_hex(4)}", secrets.token_hex(8)
    root = await asyncpg.connect(
        host=server.host, port=server.port, user=server.user, password=server.password, database="postgres"
    )
    await root.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' {options}")
    try:
        yield replace(server, user=name, password=password)
    finally:
        await root.execute(f"DROP ROLE {name}")
        await root.close()


@asynccontextmanager
async def user_with(server: BrokerServer, tags: str) -> AsyncIterator[BrokerServer]:
    """The broker as a user sees it that has these tags."""
    name, password = f"admin-{secrets.token_hex(4)}", secrets.token_hex(8)
    base = f"http://{server.host}:{server.port}/api/users/{name}"
    async with httpx2.AsyncClient(auth=(server.user, server.password)) as root:
        (await root.put(base, json={"password": password, "tags": tags})).raise_for_status()
        try:
            yield replace(server, user=name, password=password)
        finally:
            await root.delete(base)


async def test_superuser_is_an_administrator(postgres: PostgresServer) -> None:
    await PostgresBackend().check_administrator(postgres)


async def test_role_that_may_create_roles_and_databases_is_an_administrator(postgres: PostgresServer) -> None:
    async with role_with(postgres, "CREATEROLE CREATEDB") as server:
        await PostgresBackend().check_administrator(server)


@pytest.mark.parametrize("options", ["", "CREATEDB", "CREATEROLE"])
async def test_role_that_may_do_less_is_none(postgres: PostgresServer, options: str) -> None:
    async with role_with(postgres, options) as server:
        with pytest.raises(BackendRefusedError, match="CREATEROLE and CREATEDB") as refused:
            await PostgresBackend().check_administrator(server)
    assert refused.value.reason == "NotPrivileged"


async def test_wrong_password_of_postgres_is_told_without_it(postgres: PostgresServer) -> None:
    with pytest.raises(BackendRefusedError) as refused:
        await PostgresBackend().check_administrator(replace(postgres, password="s3cret"))
    assert refused.value.reason == "LoginRefused"
    assert "s3cret" not in refused.value.message


async def test_postgres_without_tls_is_not_spoken_to_in_the_clear(postgres: PostgresServer) -> None:
    with pytest.raises(BackendRefusedError, match="does not speak TLS") as refused:
        await PostgresBackend().check_administrator(replace(postgres, ssl_mode="require"))
    assert refused.value.reason == "TlsFailed"


async def test_postgres_database_that_is_not_there_is_no_question_of_the_login(postgres: PostgresServer) -> None:
    with pytest.raises(BackendUnavailableError) as failure:
        await PostgresBackend().check_administrator(replace(postgres, database="absent"))
    assert failure.value.reason == "BackendUnavailable"


async def test_user_with_the_tag_is_an_administrator(rabbitmq: RabbitmqBackend, broker: BrokerServer) -> None:
    async with user_with(broker, "administrator") as server:
        await rabbitmq.check_administrator(server)


@pytest.mark.parametrize("tags", ["monitoring", "management"])
async def test_user_without_the_tag_is_none(rabbitmq: RabbitmqBackend, broker: BrokerServer, tags: str) -> None:
    async with user_with(broker, tags) as server:
        with pytest.raises(BackendRefusedError, match="tag administrator") as refused:
            await rabbitmq.check_administrator(server)
    assert refused.value.reason == "NotPrivileged"


async def test_wrong_password_of_the_broker_is_told_without_it(rabbitmq: RabbitmqBackend, broker: BrokerServer) -> None:
    with pytest.raises(BackendRefusedError) as refused:
        await rabbitmq.check_administrator(replace(broker, password="s3cret"))
    assert refused.value.reason == "LoginRefused"
    assert "s3cret" not in refused.value.message


async def test_broker_without_tls_is_not_spoken_to_in_the_clear(
    rabbitmq: RabbitmqBackend, broker: BrokerServer
) -> None:
    with pytest.raises(BackendRefusedError) as refused:
        await rabbitmq.check_administrator(replace(broker, tls=True))
    assert refused.value.reason == "TlsFailed"
