"""A place of its own for each test on a real broker, whichever it is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import uuid4

import aio_pika
from aiokafka import TopicPartition

from fleetkit.events.kafka.cluster import KafkaCluster, ServiceTopics
from fleetkit.events.kafka.delivery import ID_HEADER, text_headers
from fleetkit.events.kafka.session import producing, reading
from fleetkit.events.kafka.topics import administering, declare_event_topics
from fleetkit.request_id import HEADER
from fleetkit.testing import VirtualHost, required_variable, temporary_vhost

BackendName = Literal["rabbitmq", "kafka"]
BACKENDS: tuple[BackendName, ...] = ("rabbitmq", "kafka")
HEAR_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Heard:
    """An event as it was on the wire."""

    type: str
    id: str | None
    request_id: str | None
    body: bytes


NextEvent = Callable[[], Awaitable[Heard]]


class BrokerPlace(Protocol):
    """What a test does with a broker beside the service it tests."""

    @property
    def settings(self) -> Mapping[str, str]:
        """The fields of `BrokerSettings` with which a service works here."""

    async def publish(self, event_type: str, body: str) -> bool:
        """Publishes whatever `body` is; False where it reached nobody because no queue is bound for the type yet."""

    async def parked(self, service: str, event_type: str) -> list[str]:
        """The bodies of what a service has parked."""

    def listening(self, *types: str) -> AbstractAsyncContextManager[NextEvent]:
        """Listens for events of these types from now on, and yields what waits for the next one."""


@asynccontextmanager
async def broker_place(backend: BackendName) -> AsyncIterator[BrokerPlace]:
    """Makes a place on the broker that `TEST_RABBITMQ_*` or `TEST_KAFKA_*` names, and removes it at the end.

    Raises:
        MissingVariableError: the tests were not told where it is.
    """
    if backend == "kafka":
        async with _topics_of_test(required_variable("TEST_KAFKA_BOOTSTRAP_SERVERS")) as topics:
            yield topics
    else:
        amqp, management = required_variable("TEST_RABBITMQ_URL"), required_variable("TEST_RABBITMQ_MANAGEMENT_URL")
        async with temporary_vhost(amqp, management) as vhost:
            yield RabbitPlace(vhost)


class RabbitPlace:
    """A virtual host; see `BrokerPlace`."""

    def __init__(self, vhost: VirtualHost) -> None:
        self._vhost = vhost

    @property
    def settings(self) -> Mapping[str, str]:
        return {"events_backend": "rabbitmq", "rabbitmq_url": self._vhost.url}

    async def publish(self, event_type: str, body: str) -> bool:
        return await self._vhost.publish(event_type, body)

    async def parked(self, service: str, event_type: str) -> list[str]:
        return await self._vhost.messages(f"{service}.{event_type}.parked")

    @asynccontextmanager
    async def listening(self, *types: str) -> AsyncIterator[NextEvent]:
        async with await aio_pika.connect(self._vhost.url) as connection:
            channel = await connection.channel()
            exchange = await channel.declare_exchange("events", "topic", durable=True)
            queue = await channel.declare_queue(exclusive=True)
            for event_type in types:
                await queue.bind(exchange, event_type)
            async with queue.iterator(timeout=HEAR_TIMEOUT_SECONDS) as messages:

                async def hear() -> Heard:
                    message = await anext(messages)
                    request_id = message.headers.get(HEADER)
                    return Heard(
                        message.routing_key or "",
                        message.message_id,
                        None if request_id is None else str(request_id),
                        message.body,
                    )

                yield hear


class KafkaPlace:
    """Topics and groups with a prefix of their own; see `BrokerPlace`."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self.cluster = cluster

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "events_backend": "kafka",
            "kafka_bootstrap_servers": self.cluster.bootstrap_servers,
            "kafka_topic_prefix": self.cluster.prefix,
        }

    async def publish(self, event_type: str, body: str) -> bool:
        await declare_event_topics(self.cluster, [event_type])
        async with producing(self.cluster, "test") as producer:
            await producer.send_and_wait(self.cluster.topic(event_type), body.encode())
        return True

    async def parked(self, service: str, event_type: str) -> list[str]:
        parked: dict[bytes | None, bytes | None] = {}
        topic = TopicPartition(ServiceTopics(self.cluster, service).parked(event_type), 0)
        async with reading(self.cluster, "test") as consumer:
            consumer.assign([topic])
            end = (await consumer.end_offsets([topic]))[topic]
            while await consumer.position(topic) < end:
                for record in (await consumer.getmany(timeout_ms=1000)).get(topic, []):
                    parked[record.key] = record.value
        return [body.decode() for body in parked.values() if body is not None]

    @asynccontextmanager
    async def listening(self, *types: str) -> AsyncIterator[NextEvent]:
        await declare_event_topics(self.cluster, types)
        topics = {self.cluster.topic(event_type): event_type for event_type in types}
        partitions = [TopicPartition(topic, number) for topic in topics for number in range(self.cluster.partitions)]
        async with reading(self.cluster, "test") as consumer:
            consumer.assign(partitions)
            await consumer.seek_to_end(*partitions)

            async def hear() -> Heard:
                async with asyncio.timeout(HEAR_TIMEOUT_SECONDS):
                    record = await consumer.getone()
                headers = text_headers(record)
                return Heard(topics[record.topic], headers.get(ID_HEADER), headers.get(HEADER), record.value or b"")

            yield hear


@asynccontextmanager
async def _topics_of_test(bootstrap_servers: str) -> AsyncIterator[KafkaPlace]:
    cluster = KafkaCluster(bootstrap_servers, prefix=f"test-{uuid4().hex}.")
    try:
        yield KafkaPlace(cluster)
    finally:
        async with administering(cluster) as admin:
            await admin.delete_topics(
                [topic for topic in await admin.list_topics() if topic.startswith(cluster.prefix)]
            )
