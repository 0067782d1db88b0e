"""Users of a real RabbitMQ: made, repaired and removed, seen through its management API."""

import asyncio
import secrets
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aio_pika.abc import AbstractRobustConnection
from aio_pika.exceptions import ProbableAuthenticationError
from aiormq.exceptions import ChannelAccessRefused
from fastapi_fleet.backends.rabbitmq import BrokerRequest, BrokerServer, RabbitmqBackend
from fastapi_fleet.errors import BackendUnavailableError, NotOwnedError
from support.brokers import BrokerAdmin, connect, make_request, publish

CREATED = ("virtual host created", "exchange created", "user created", "permissions set", "topic permissions set")

HOSTILE_NAMES = [
    'quo"ted',
    "slash/and%percent",
    "white space",
    "ünïcödé ☃",
    "star*[a-z]+",
    "query?a=b#c",
    "{username}",
    "(a|b)$",
    "back\\slash",
    ".*",
    "^a$",
    "a\\Eb\\Qc",
    "-up-",
    "<script>",
    "'; --",
    "x" * 52,
]


async def test_makes_all_that_a_service_needs_then_finds_nothing_to_do(
    backend: RabbitmqBackend, server: BrokerServer, admin: BrokerAdmin, wanted: BrokerRequest
) -> None:
    assert await backend.ensure_user(server, wanted) == CREATED
    assert await backend.ensure_user(server, wanted) == ()
    user = await admin.read("users", wanted.user)
    assert not user["tags"]
    exchange = await admin.read("exchanges", wanted.vhost, "events")
    assert (exchange["type"], exchange["durable"]) == ("topic", True)


async def test_unchanged_user_is_not_written_to(
    backend: RabbitmqBackend, server: BrokerServer, admin: BrokerAdmin, wanted: BrokerRequest
) -> None:
    await backend.ensure_user(server, wanted)
    before = await admin.read("users", wanted.user)
    await backend.ensure_user(server, wanted)
    assert await admin.read("users", wanted.user) == before


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_takes_hostile_names_literally(
    backend: RabbitmqBackend, server: BrokerServer, admin: BrokerAdmin, name: str
) -> None:
    wanted = replace(make_request(name), service="plain", publishes=(name, "a.*"), consumes=(name, "b.#"))
    try:
        assert await backend.ensure_user(server, wanted) == CREATED
        assert await backend.ensure_user(server, wanted) == ()
        connection = await connect(wanted)
        channel = await connection.channel()
        queue = await channel.declare_queue("plain.queue", durable=True)
        await queue.bind("events", name)
        await publish(channel, "events", name)
        message = await queue.get(timeout=10)
        assert message is not None
        await message.ack()
        await queue.bind("events", "b.#")
        with pytest.raises(ChannelAccessRefused):
            await queue.bind("events", "b.c")
        await connection.close()
        await backend.remove_user(server, wanted.user, wanted.owner)
        assert (await admin.call("GET", "users", wanted.user)).status_code == 404
    finally:
        await admin.clean(wanted)


async def test_quotes_names_once(backend: RabbitmqBackend, server: BrokerServer, admin: BrokerAdmin) -> None:
    wanted = make_request("a/b%2Fc")
    try:
        await backend.ensure_user(server, wanted)
        assert wanted.vhost in [vhost["name"] for vhost in await admin.read("vhosts")]
        assert wanted.user in [user["name"] for user in await admin.read("users")]
    finally:
        await admin.clean(wanted)


@dataclass(frozen=True)
class Drift:
    """A change that somebody makes by hand; {vhost} and {user} in the path are those of the request."""

    method: str
    path: tuple[str, ...]
    body: dict[str, Any] | None
    repairs: tuple[str, ...]


OPEN = {"configure": ".*", "write": ".*", "read": ".*"}
DRIFTS = {
    "user gone": Drift(
        "DELETE", ("users", "{user}"), None, ("user created", "permissions set", "topic permissions set")
    ),
    "password": Drift("PUT", ("users", "{user}"), {"password": "other", "tags": ""}, ("password reset",)),
    "no password": Drift("PUT", ("users", "{user}"), {"password_hash": "", "tags": ""}, ("password reset",)),
    "tag": Drift(
        "PUT", ("users", "{user}"), {"password": "other", "tags": "administrator"}, ("password reset", "tags removed")
    ),
    "permissions": Drift("PUT", ("permissions", "{vhost}", "{user}"), OPEN, ("permissions set",)),
    "permissions gone": Drift("DELETE", ("permissions", "{vhost}", "{user}"), None, ("permissions set",)),
    "topics": Drift(
        "PUT",
        ("topic-permissions", "{vhost}", "{user}"),
        {"exchange": "events", "write": ".*", "read": ".*"},
        ("topic permissions set",),
    ),
    "topics gone": Drift("DELETE", ("topic-permissions", "{vhost}", "{user}"), None, ("topic permissions set",)),
    "elsewhere": Drift("PUT", ("permissions", "/", "{user}"), OPEN, ("permissions in virtual host '/' removed",)),
    "exchange gone": Drift("DELETE", ("exchanges", "{vhost}", "events"), None, ("exchange created",)),
    "vhost gone": Drift(
        "DELETE",
        ("vhosts", "{vhost}"),
        None,
        ("virtual host created", "exchange created", "permissions set", "topic permissions set"),
    ),
}


@pytest.mark.parametrize("drift", DRIFTS.values(), ids=DRIFTS.keys())
async def test_repairs_drift(
    backend: RabbitmqBackend, server: BrokerServer, admin: BrokerAdmin, wanted: BrokerRequest, drift: Drift
) -> None:
    await backend.ensure_user(server, wanted)
    path = (part.format(vhost=wanted.vhost, user=wanted.user) for part in drift.path)
    await admin.change(drift.method, *path, body=drift.body)
    assert await backend.ensure_user(server, wanted) == drift.repairs
    assert await backend.ensure_user(server, wanted) == ()
    await (await connect(wanted)).close()


async def test_removes_a_tag_and_keeps_the_password(
    backend: RabbitmqBackend, server: BrokerServer, admin: BrokerAdmin, wanted: BrokerRequest
) -> None:
    await backend.ensure_user(server, wanted)
    user = await admin.read("users", wanted.user)
    await admin.change("PUT", "users", wanted.user, body={**user, "tags": "monitoring"})
    assert await backend.ensure_user(server, wanted) == ("tags removed",)
    assert not (await admin.read("users", wanted.user))["tags"]
    await (await connect(wanted)).close()


async def test_changed_events_change_the_permissions(
    backend: RabbitmqBackend, server: BrokerServer, wanted: BrokerRequest
) -> None:
    await backend.ensure_user(server, wanted)
    silent = replace(wanted, publishes=())
    assert await backend.ensure_user(server, silent) == ("permissions set", "topic permissions set")
    assert await backend.ensure_user(server, silent) == ()


async def test_a_new_password_takes_the_place_of_the_old_one(
    backend: RabbitmqBackend, server: BrokerServer, wanted: BrokerRequest
) -> None:
    await backend.ensure_user(server, wanted)
    rotated = replace(wanted, password=secrets.token_urlsafe(24))
    assert await backend.ensure_user(server, rotated) == ("password reset",)
    await (await connect(rotated)).close()
    with pytest.raises(ProbableAuthenticationError):
        await connect(wanted)


async def test_leaves_a_foreign_user_untouched(
    backend: RabbitmqBackend, server: BrokerServer, admin: BrokerAdmin, wanted: BrokerRequest
) -> None:
    await admin.change("PUT", "users", wanted.user, body={"password": "theirs", "tags": "monitoring"})
    before = await admin.read("users", wanted.user)
    with pytest.raises(NotOwnedError, match="user"):
        await backend.ensure_user(server, wanted)
    await backend.remove_user(server, wanted.user, wanted.owner)
    assert await admin.read("users", wanted.user) == before
    assert (await admin.call("GET", "vhosts", wanted.vhost)).status_code == 404


async def test_another_service_cannot_take_over_or_remove_a_user(
    backend: RabbitmqBackend, server: BrokerServer, wanted: BrokerRequest
) -> None:
    await backend.ensure_user(server, wanted)
    thief = replace(wanted, owner="test/thief", password=secrets.token_urlsafe(24))
    with pytest.raises(NotOwnedError, match="user"):
        await backend.ensure_user(server, thief)
    await backend.remove_user(server, thief.user, thief.owner)
    assert await backend.ensure_user(server, wanted) == ()


async def test_leaves_a_foreign_exchange_untouched(
    backend: RabbitmqBackend, server: BrokerServer, admin: BrokerAdmin, wanted: BrokerRequest
) -> None:
    await admin.change("PUT", "vhosts", wanted.vhost, body={})
    await admin.change("PUT", "exchanges", wanted.vhost, "events", body={"type": "fanout", "durable": True})
    with pytest.raises(NotOwnedError, match="exchange"):
        await backend.ensure_user(server, wanted)
    assert (await admin.read("exchanges", wanted.vhost, "events"))["type"] == "fanout"


async def test_removed_user_is_shut_out_and_may_return(
    backend: RabbitmqBackend, server: BrokerServer, admin: BrokerAdmin, wanted: BrokerRequest
) -> None:
    await backend.ensure_user(server, wanted)
    await backend.remove_user(server, wanted.user, wanted.owner)
    await backend.remove_user(server, wanted.user, wanted.owner)
    with pytest.raises(ProbableAuthenticationError):
        await connect(wanted)
    mark = await admin.call("GET", "global-parameters", f"fastapi-fleet.user.{wanted.user}")
    assert mark.status_code == 404
    assert "user created" in await backend.ensure_user(server, wanted)


async def test_removing_a_user_ends_its_connections(
    backend: RabbitmqBackend, server: BrokerServer, wanted: BrokerRequest, connection: AbstractRobustConnection
) -> None:
    closed = asyncio.Event()
    connection.close_callbacks.add(lambda *_: closed.set())
    await backend.remove_user(server, wanted.user, wanted.owner)
    await asyncio.wait_for(closed.wait(), timeout=10)


async def test_removing_all_takes_own_queues_and_exchanges_and_no_others(
    backend: RabbitmqBackend,
    server: BrokerServer,
    admin: BrokerAdmin,
    wanted: BrokerRequest,
    connection: AbstractRobustConnection,
) -> None:
    channel = await connection.channel()
    await channel.declare_queue(f"{wanted.service}.q", durable=True)
    await channel.declare_exchange(f"{wanted.service}.x", durable=True)
    await admin.change("PUT", "queues", wanted.vhost, f"{wanted.service}s.q", body={"durable": True})
    await backend.remove_all(server, (wanted.user,), "test/thief", vhost=wanted.vhost, service=wanted.service)
    assert len(await admin.read("queues", wanted.vhost)) == 2
    await backend.remove_all(server, (wanted.user,), wanted.owner, vhost=wanted.vhost, service=wanted.service)
    assert [queue["name"] for queue in await admin.read("queues", wanted.vhost)] == [f"{wanted.service}s.q"]
    exchanges = {exchange["name"] for exchange in await admin.read("exchanges", wanted.vhost)}
    assert "events" in exchanges
    assert f"{wanted.service}.x" not in exchanges
    assert (await admin.call("GET", "users", wanted.user)).status_code == 404
    await backend.remove_all(server, (wanted.user,), wanted.owner, vhost=wanted.vhost, service=wanted.service)


async def test_wrong_admin_password_is_unavailable_and_not_told(
    backend: RabbitmqBackend, server: BrokerServer, wanted: BrokerRequest
) -> None:
    wrong = replace(server, password="wr0ng-admin-password")
    with pytest.raises(BackendUnavailableError, match="answered 401") as refused:
        await backend.ensure_user(wrong, wanted)
    for secret in (wrong.password, wanted.password):
        assert secret not in f"{refused.value} {refused.value!r} {wrong!r} {wanted!r}"


async def test_logs_tell_no_password(
    backend: RabbitmqBackend, server: BrokerServer, wanted: BrokerRequest, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(0):
        await backend.ensure_user(server, wanted)
    assert caplog.records
    for secret in (server.password, wanted.password):
        assert secret not in caplog.text
