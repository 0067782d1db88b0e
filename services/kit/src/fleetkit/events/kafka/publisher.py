"""Publishes with all replicas' confirmation and a limit on the wait for it."""

import asyncio
import json

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)

from fleetkit.events.cloudevents import MEDIA_TYPE
from fleetkit.events.kafka.cluster import KafkaCluster
from fleetkit.events.kafka.session import KafkaSession
from fleetkit.events.kafka.topics import declare_event_topics
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.outbox import OutboxMessage
from fleetkit.events.relay import BrokerUnavailableError, EventRefusedError
from fleetkit.request_id import HEADER
from fleetkit.tracing.spans import TRACEPARENT

REFUSALS = (
    InvalidTopicError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)


class KafkaPublisher(KafkaSession):
    """Carries events to the topic of their type; see `fleetkit.events.relay.Publisher`.

    The key of a record is the event's subject: what concerns one subject stays in its order.
    """

    def __init__(self, cluster: KafkaCluster, service: str, metrics: EventMetrics, *, timeout_seconds: float) -> None:
        super().__init__(cluster, f"{service}.publisher", metrics)
        self._timeout = timeout_seconds
        self._producer: AIOKafkaProducer | None = None
        self._declared: set[str] = set()
        self._in_order = asyncio.Lock()
        self._ready = asyncio.Event()

    async def ready(self) -> None:
        """Returns once there is a connection."""
        await self._ready.wait()

    async def publish(self, message: OutboxMessage) -> None:
        """Returns once all replicas have the event.

        Raises:
            BrokerUnavailableError: no connection, or no confirmation in time.
            EventRefusedError: the event is too large, or this service may not write to its topic.
        """
        producer = self._producer
        if producer is None:
            raise BrokerUnavailableError("not connected")
        try:
            async with asyncio.timeout(self._timeout):
                await self._publish(producer, message)
        except TimeoutError as error:
            self.lose()
            raise BrokerUnavailableError("no confirmation in time") from error
        except REFUSALS as error:
            raise EventRefusedError(type(error).__name__) from error
        except (KafkaError, OSError) as error:
            self.lose()  # the producer may be past use; a new session has a new one
            raise BrokerUnavailableError(type(error).__name__) from error

    async def wait_until_useful(self) -> None:
        return

    async def set_up(self, producer: AIOKafkaProducer) -> None:
        self._declared.clear()
        self._producer = producer
        self._ready.set()

    async def tear_down(self) -> None:
        self._ready.clear()
        self._producer = None

    async def _publish(self, producer: AIOKafkaProducer, message: OutboxMessage) -> None:
        # Events of a batch are handed over one after the other and then confirmed together.
        async with self._in_order:
            await self._declare(message.type)
            confirmed = await producer.send(
                self._cluster.topic(message.type), message.body.encode(), key=_key(message), headers=_headers(message)
            )
        await confirmed

    async def _declare(self, event_type: str) -> None:
        if event_type not in self._declared:
            await declare_event_topics(self._cluster, [event_type])
            self._declared.add(event_type)


def _key(message: OutboxMessage) -> bytes:
    return (json.loads(message.body).get("subject") or message.id).encode()


def _headers(message: OutboxMessage) -> list[tuple[str, bytes]]:
    headers = {
        "content-type": MEDIA_TYPE,
        "id": message.id,
        HEADER: message.request_id,
        TRACEPARENT: message.traceparent,
    }
    return [(name, value.encode()) for name, value in headers.items() if value]
