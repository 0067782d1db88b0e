"""Users and orders as processes of their own, each backend behind a link that a test can cut."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import containers
import httpx2
from containers import Backend
from fleetkit.testing import VirtualHost, eventually, temporary_database, temporary_vhost
from fleetkit.testing.service_process import ServiceProcess, ready_service
from fleetkit.testing.tokens import JWT_KEY
from link import Link

SERVICES = Path(__file__).parents[2] / "services"
CLIENT_SECRET = "of the orders service in tests"
START_SECONDS = 60.0
SETTINGS = {
    "JWT_SECRET": JWT_KEY,
    "LOG_LEVEL": "INFO",
    "EVENTS_RETRY_DELAYS": "[0.2, 0.5]",
    "EVENTS_PUBLISH_TIMEOUT": "2",
}


@dataclass
class Service:
    """A service, its own database past any link, and the links to what it needs.

    Attributes:
        process: the one that runs, or ran last.
        database_url: where its database is, past the link.
    """

    folder: Path
    environment: Mapping[str, str]
    database_url: str
    database: Link
    broker: Link
    process: ServiceProcess
    client: httpx2.AsyncClient
    _stack: AsyncExitStack = field(repr=False)

    async def kill(self) -> None:
        """Ends it as the kernel does when memory runs out."""
        await self.process.kill()

    async def start(self) -> None:
        """Starts it again, where it was before, and returns once it consumes."""
        port = urlsplit(self.process.url).port
        written = self.process.lines
        self.process = await self._stack.enter_async_context(ready_service(self.folder, self.environment, port=port))
        self.process.lines[:0] = written
        await eventually(self.is_consuming, within=START_SECONDS)

    async def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels."""
        text = (await self.client.get("/metrics")).text
        samples = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", text, re.MULTILINE)
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(value) for found, value in samples if all(label in found for label in wanted))

    async def rows(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
        """What a statement finds in the service's database."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return [tuple(row) for row in await connection.fetch(statement, *arguments)]
        finally:
            await connection.close()

    async def execute(self, script: str) -> None:
        """Runs statements in the service's database."""
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.execute(script)
        finally:
            await connection.close()

    async def outbox_is_empty(self) -> bool:
        """Whether every event that somebody consumes has left; those that nobody does are put off."""
        return await self.rows("SELECT FROM outbox WHERE NOT unrouted LIMIT 1") == []

    async def is_consuming(self) -> bool:
        return await self.metric("events_consumer_up") > 0

    async def is_ready(self) -> bool:
        return (await self.client.get("/health/ready")).is_success

    async def is_live(self) -> bool:
        return (await self.client.get("/health/live")).is_success

    def take_unexpected_lines(self) -> list[str]:
        """Forgets the log so far, and returns its lines that are no JSON or tell of what nobody has thought of."""
        lines = [line for line in self.process.lines if line.strip()]
        self.process.lines.clear()
        return [line for line in lines if not line.startswith("{") or _is_unexpected(json.loads(line))]


@dataclass(frozen=True)
class Fleet:
    """Both services and the virtual host that they share."""

    users: Service
    orders: Service
    vhost: VirtualHost

    async def is_drained(self) -> bool:
        """Whether neither service has an event left to send."""
        return await self.orders.outbox_is_empty() and await self.users.outbox_is_empty()

    def take_unexpected_lines(self) -> list[str]:
        """What `Service.take_unexpected_lines` says of both."""
        return [*self.users.take_unexpected_lines(), *self.orders.take_unexpected_lines()]


@asynccontextmanager
async def running_fleet() -> AsyncIterator[Fleet]:
    """Starts both services on databases and a virtual host of their own."""
    async with AsyncExitStack() as stack:
        vhost = await stack.enter_async_context(temporary_vhost(containers.amqp_url(), containers.management_url()))
        users = await _service(
            stack, "users", containers.users_database(), vhost, {"SERVICE_CLIENTS__ORDERS": CLIENT_SECRET}
        )
        own = {"USER_SERVICE_URL": users.process.url, "SERVICE_CLIENT_SECRET": CLIENT_SECRET}
        orders = await _service(stack, "orders", containers.orders_database(), vhost, own)
        yield Fleet(users, orders, vhost)


async def _service(
    stack: AsyncExitStack, name: str, server: Backend, vhost: VirtualHost, own: Mapping[str, str]
) -> Service:
    url = await stack.enter_async_context(temporary_database(containers.database_url(server)))
    database = await stack.enter_async_context(Link("127.0.0.1", server.port))
    broker = await stack.enter_async_context(Link("127.0.0.1", containers.broker().port))
    backends = {
        "DATABASE_URL": containers.at_port(url, database.port),
        "RABBITMQ_URL": containers.at_port(vhost.url, broker.port),
    }
    environment = {**SETTINGS, **backends, **own}
    process = await stack.enter_async_context(ready_service(SERVICES / name, environment))
    # A connection is given up before the server does so: it would be a failure that no fault has caused.
    limits = httpx2.Limits(keepalive_expiry=1.0)
    client = await stack.enter_async_context(httpx2.AsyncClient(base_url=process.url, timeout=30.0, limits=limits))
    service = Service(SERVICES / name, environment, url, database, broker, process, client, stack)
    await eventually(service.is_consuming, within=START_SECONDS)
    return service


def _is_unexpected(entry: Mapping[str, object]) -> bool:
    return entry.get("level") == "critical" or entry.get("event") == "Request failed unexpectedly"
