"""A real RabbitMQ, its administrator, and users as a test asks for them."""

import os
import secrets
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import aio_pika
import httpx2
import pytest
from aio_pika.abc import AbstractChannel, AbstractRobustConnection
from fastapi_fleet.backends.rabbitmq import BrokerRequest, BrokerServer


def real_broker() -> BrokerServer:
    url = urlsplit(_require_variable("TEST_RABBITMQ_MANAGEMENT_URL"))
    return BrokerServer(
        host=url.hostname or "", port=url.port or 15672, user=url.username or "", password=unquote(url.password or "")
    )


class BrokerAdmin:
    """The management API as a person with all rights uses it."""

    def __init__(self, server: BrokerServer) -> None:
        self._client = httpx2.AsyncClient(
            base_url=f"http://{server.host}:{server.port}/api/", auth=(server.user, server.password)
        )

    async def call(self, method: str, *path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
        return await self._client.request(method, "/".join(quote(part, safe="") for part in path), json=body)

    async def read(self, *path: str) -> Any:
        return (await self.call("GET", *path)).raise_for_status().json()

    async def change(self, method: str, *path: str, body: dict[str, Any] | None = None) -> None:
        (await self.call(method, *path, body=body)).raise_for_status()

    async def clean(self, wanted: BrokerRequest) -> None:
        for path in (
            ("vhosts", wanted.vhost),
            ("users", wanted.user),
            ("global-parameters", f"fastapi-fleet.user.{wanted.user}"),
        ):
            await self.call("DELETE", *path)

    async def aclose(self) -> None:
        await self._client.aclose()


def make_request(name: str) -> BrokerRequest:
    unique = f"{name} {secrets.token_hex(4)}"
    return BrokerRequest(
        vhost=f"v {unique}",
        user=f"u {unique}",
        password=secrets.token_urlsafe(24),
        service=f"s {unique}".replace(".", ","),
        publishes=("order.created",),
        consumes=("user.registered",),
        owner=f"test/{unique}",
    )


async def connect(wanted: BrokerRequest) -> AbstractRobustConnection:
    url = urlsplit(_require_variable("TEST_RABBITMQ_URL"))
    return await aio_pika.connect_robust(
        host=url.hostname or "",
        port=url.port or 5672,
        login=wanted.user,
        password=wanted.password,
        virtualhost=wanted.vhost,
        fail_fast=True,
    )


async def publish(channel: AbstractChannel, exchange: str, routing_key: str) -> None:
    target = await channel.get_exchange(exchange, ensure=False)
    await target.publish(aio_pika.Message(b"body"), routing_key=routing_key, mandatory=False)


def _require_variable(name: str) -> str:
    if name not in os.environ:
        pytest.fail(f'{name} is not set: eval "$(hack/start-test-backends.sh)" starts what these tests need')
    return os.environ[name]
