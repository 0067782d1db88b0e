"""Two logins of a service by turns, on a real RabbitMQ."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aio_pika.exceptions import ProbableAuthenticationError
from fastapi_fleet.backends.rabbitmq import BrokerRequest, BrokerServer, RabbitmqBackend
from fastapi_fleet.errors import BackendRefusedError
from support.brokers import BrokerAdmin, connect, publish


def beside(request: BrokerRequest) -> BrokerRequest:
    return replace(request, user=f"{request.user}.b", password=secrets.token_urlsafe(24))


@pytest.fixture
async def coming(admin: BrokerAdmin, wanted: BrokerRequest) -> AsyncIterator[BrokerRequest]:
    coming = beside(wanted)
    yield coming
    await admin.clean(coming)


async def test_both_logins_serve_side_by_side_until_the_old_one_retires(
    backend: RabbitmqBackend, server: BrokerServer, wanted: BrokerRequest, coming: BrokerRequest
) -> None:
    await backend.ensure_user(server, wanted)
    await backend.ensure_user(server, coming)
    await backend.log_in(server, coming)
    for login in (wanted, coming):
        connection = await connect(login)
        await publish(await connection.channel(), "events", "order.created")
        await connection.close()
    settled = replace(coming, retired=wanted.user)
    assert await backend.ensure_user(server, settled) == ("retired user removed",)
    assert await backend.ensure_user(server, settled) == ()
    with pytest.raises(ProbableAuthenticationError):
        await connect(wanted)


async def test_retired_user_that_is_not_the_services_is_left_alone(
    backend: RabbitmqBackend, server: BrokerServer, admin: BrokerAdmin, wanted: BrokerRequest, coming: BrokerRequest
) -> None:
    await backend.ensure_user(server, replace(coming, owner="team/other"))
    await backend.ensure_user(server, replace(wanted, retired=coming.user))
    assert (await admin.read("users", coming.user))["name"] == coming.user


async def test_wrong_password_is_found_by_logging_in_and_told_without_it(
    backend: RabbitmqBackend, server: BrokerServer, wanted: BrokerRequest
) -> None:
    await backend.ensure_user(server, wanted)
    await backend.log_in(server, wanted)
    wrong = replace(wanted, password="of-somebody-else")
    with pytest.raises(BackendRefusedError) as refused:
        await backend.log_in(server, wrong)
    assert refused.value.reason == "LoginRefused"
    assert wrong.password not in refused.value.message


async def test_connections_of_a_login_are_told_and_end_with_it(
    backend: RabbitmqBackend, server: BrokerServer, wanted: BrokerRequest
) -> None:
    await backend.ensure_user(server, wanted)
    assert await backend.list_sessions(server, wanted.user) == ()
    connection = await connect(wanted)
    (session,) = await backend.list_sessions(server, wanted.user)
    assert "." in session.client
    ended = asyncio.Event()
    connection.close_callbacks.add(lambda *_: ended.set())
    await backend.remove_user(server, wanted.user, wanted.owner)
    await asyncio.wait_for(ended.wait(), timeout=10)
    assert await backend.list_sessions(server, wanted.user) == ()
    await connection.close()
