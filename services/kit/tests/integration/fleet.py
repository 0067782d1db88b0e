"""A fleet of two for tests: makers who publish, things that consume, on one virtual host and one database."""

from collections.abc import Awaitable, Callable, Mapping

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from fleetkit.database import Database
from fleetkit.events.inbox import EventHandler, Inbox
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.outbox import append
from fleetkit.events.rabbitmq.consumer import RabbitConsumer
from fleetkit.events.rabbitmq.publisher import RabbitPublisher
from fleetkit.events.relay import OutboxRelay
from fleetkit.testing import VirtualHost
from pydantic import SecretStr

from .support import effects, made, write_effect

QUEUE = "things.thing.made"
PATIENCE_SECONDS = 0.05
RETRY_DELAYS = (0.05, 0.1)


class Fleet:
    """A publisher with its relay, and consumers, on one virtual host and one database."""

    def __init__(self, database: Database, vhost: VirtualHost, metrics: EventMetrics) -> None:
        self._database = database
        self._vhost = vhost
        self._metrics = metrics
        self._url = SecretStr(vhost.url)
        self.publisher = RabbitPublisher(self._url, "makers", metrics, timeout_seconds=5.0)
        self.relay = OutboxRelay(database, self.publisher, metrics)

    def consumer(
        self,
        handler: EventHandler = write_effect,
        database: Database | None = None,
        *,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
        prefetch: int = 10,
    ) -> RabbitConsumer:
        handlers: Mapping[str, EventHandler] = {"thing.made": handler}
        inbox = Inbox(database or self._database, "things", handlers)
        return RabbitConsumer(
            self._url,
            "things",
            inbox,
            self.publisher,
            self._metrics,
            prefetch=prefetch,
            retry_delays=retry_delays,
            patience=PATIENCE_SECONDS,
            watch_seconds=0.5,
        )

    async def put(self, *names: str) -> None:
        for name in names:
            async with self._database.transaction() as connection:
                await append(connection, made(name))

    async def consumes(self) -> bool:
        samples = [sample for metric in self._metrics.connected.collect() for sample in metric.samples]
        return any(sample.labels["connection"] == "things.consumer" and sample.value == 1 for sample in samples)

    def has_effects(self, *expected: str) -> Callable[[], Awaitable[bool]]:
        async def probe() -> bool:
            return await effects(self._database) == sorted(expected)

        return probe

    def has_parked(self, count: int) -> Callable[[], Awaitable[bool]]:
        async def probe() -> bool:
            return len(await self._vhost.messages(f"{QUEUE}.parked")) == count

        return probe


async def taken(vhost: VirtualHost, queue: str) -> list[AbstractIncomingMessage]:
    """Takes what is in a queue."""
    messages: list[AbstractIncomingMessage] = []
    async with await aio_pika.connect(vhost.url) as connection:
        waiting = await (await connection.channel()).get_queue(queue)
        while message := await waiting.get(fail=False, no_ack=True):
            messages.append(message)
    return messages
