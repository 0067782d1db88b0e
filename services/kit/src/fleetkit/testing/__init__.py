"""For the tests of services: a database and a virtual host of their own on real servers, and waiting by condition."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import quote, urlsplit
from uuid import uuid4

import asyncpg
import httpx2
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

Value = TypeVar("Value")
POLL_SECONDS = 0.02


class MissingVariableError(Exception):
    """The tests were not told where their database or broker is."""


def required_variable(name: str) -> str:
    """Reads where a server for tests is.

    Raises:
        MissingVariableError: it is not set; tests that need it cannot be left out.
    """
    value = os.environ.get(name)
    if not value:
        raise MissingVariableError(f'{name} is not set: run eval "$(hack/start-test-backends.sh)" first')
    return value


def fault_scale() -> int:
    """How many times as large as in every test run the fault tests are: `FAULTS_SCALE`, 1 unless set."""
    return int(os.environ.get("FAULTS_SCALE", "1"))


@asynccontextmanager
async def temporary_database(server_url: str) -> AsyncIterator[str]:
    """Makes a database beside the one that `server_url` names, yields its URL, and drops it at the end."""
    name = f"test_{uuid4().hex}"
    await _administer(server_url, f'CREATE DATABASE "{name}"')
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        await _administer(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _administer(server_url: str, statement: str) -> None:
    # No connection is kept meanwhile: the test may restart the server.
    administrator = await asyncpg.connect(server_url)
    try:
        await administrator.execute(statement)
    finally:
        await administrator.close()


class VirtualHost:
    """A RabbitMQ virtual host that exists for one test: where it is, and what is in it."""

    def __init__(self, amqp_url: str, name: str, management: httpx2.AsyncClient) -> None:
        self.url = urlsplit(amqp_url)._replace(path=f"/{name}").geturl()
        self._user = urlsplit(amqp_url).username or ""
        self._name = name
        self._management = management

    async def permit(self, pattern: str) -> None:
        """Lets the user of `url` configure, write and read what has a name like this regular expression."""
        permissions = {"configure": pattern, "write": pattern, "read": pattern}
        path = f"/api/permissions/{self._name}/{quote(self._user)}"
        (await self._management.put(path, json=permissions)).raise_for_status()

    async def permit_topics(self, pattern: str) -> None:
        """Lets the user of `url` publish only event types like this regular expression."""
        permissions = {"exchange": "events", "write": pattern, "read": ".*"}
        path = f"/api/topic-permissions/{self._name}/{quote(self._user)}"
        (await self._management.put(path, json=permissions)).raise_for_status()

    async def messages(self, queue: str) -> list[str]:
        """The bodies of the messages in a queue, which stay there."""
        request = {"count": 100, "ackmode": "ack_requeue_true", "encoding": "auto"}
        answer = await self._management.post(f"/api/queues/{self._name}/{quote(queue)}/get", json=request)
        if answer.status_code == httpx2.codes.NOT_FOUND:
            return []
        answer.raise_for_status()
        return [message["payload"] for message in answer.json()]

    async def consumers(self, queue: str) -> int:
        """How many consume from a queue, 0 also where it does not exist."""
        answer = await self._management.get(f"/api/queues/{self._name}/{quote(queue)}")
        if answer.status_code == httpx2.codes.NOT_FOUND:
            return 0
        return int(answer.raise_for_status().json().get("consumers", 0))

    async def delete_queue(self, queue: str) -> None:
        """Deletes a queue, as somebody might by hand."""
        (await self._management.delete(f"/api/queues/{self._name}/{quote(queue)}")).raise_for_status()

    async def delete_exchange(self, exchange: str = "events") -> None:
        """Deletes an exchange, as somebody might by hand."""
        (await self._management.delete(f"/api/exchanges/{self._name}/{exchange}")).raise_for_status()

    async def publish(self, event_type: str, body: str) -> bool:
        """Publishes to the exchange of events; False where no queue is bound for the type."""
        message = {"properties": {}, "routing_key": event_type, "payload": body, "payload_encoding": "string"}
        answer = await self._management.post(f"/api/exchanges/{self._name}/events/publish", json=message)
        if answer.status_code in {httpx2.codes.BAD_REQUEST, httpx2.codes.NOT_FOUND}:  # no such exchange yet
            return False
        return bool(answer.raise_for_status().json()["routed"])

    async def close_connections(self) -> int:
        """Cuts every connection of this virtual host, and says how many there were."""
        answer = await self._management.get(f"/api/vhosts/{self._name}/connections")
        names = [connection["name"] for connection in answer.raise_for_status().json()]
        for name in names:
            await self._management.delete(f"/api/connections/{quote(name, safe='')}")
        return len(names)


@asynccontextmanager
async def temporary_vhost(amqp_url: str, management_url: str) -> AsyncIterator[VirtualHost]:
    """Makes a virtual host that the user of `amqp_url` may use, and deletes it at the end.

    Args:
        amqp_url: the broker, with credentials.
        management_url: its management interface, with credentials of an administrator.
    """
    name = f"test-{uuid4().hex}"
    async with httpx2.AsyncClient(base_url=management_url, timeout=10.0) as management:
        (await management.put(f"/api/vhosts/{name}")).raise_for_status()
        try:
            vhost = VirtualHost(amqp_url, name, management)
            await vhost.permit(".*")
            yield vhost
        finally:
            (await management.delete(f"/api/vhosts/{name}")).raise_for_status()


async def eventually(probe: Callable[[], Awaitable[Value]], *, within: float = 30.0) -> Value:
    """Asks until the answer is true, and returns it.

    Raises:
        TimeoutError: it did not become true within so many seconds.
    """
    async with asyncio.timeout(within):
        while not (answer := await probe()):  # noqa: ASYNC110 - what is waited for happens elsewhere
            await asyncio.sleep(POLL_SECONDS)
    return answer


@asynccontextmanager
async def running_app(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Starts `app` in this process and yields a client of it; stops it at the end."""
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = dict(state or {})
            await app(scope, receive, send)

        transport = httpx2.ASGITransport(with_state)
        async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
            yield client
