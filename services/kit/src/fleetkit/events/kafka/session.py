"""A connection to Kafka that is made again whenever it is lost, without anybody waiting for it."""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from fleetkit.cancellation import end_if_cancelled
from fleetkit.events.kafka.client import KafkaClient
from fleetkit.events.kafka.cluster import KafkaCluster
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.session import BrokerSession

CONNECT_TIMEOUT_SECONDS = 5.0
# A group that has lost a member shares out its partitions when that has been silent for ten seconds.
SETUP_TIMEOUT_SECONDS = 60.0
CHECK_SECONDS = 5.0
# What is published within this time of each other shares a request.
LINGER_MILLISECONDS = 2
BROKER_ERRORS = (KafkaError, OSError, TimeoutError)
log = structlog.get_logger(__name__)
# The client says each of its attempts to reach a broker as an error, dozens a second; the session says it once.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


class KafkaSession(BrokerSession):
    """A session of one producer and what a subclass sets up beside it."""

    def __init__(self, cluster: KafkaCluster, name: str, metrics: EventMetrics) -> None:
        super().__init__(name, metrics, away=BROKER_ERRORS)
        self._cluster = cluster

    @abstractmethod
    async def set_up(self, producer: AIOKafkaProducer) -> None:
        """Begins what the session is for."""

    async def live_once(self) -> None:
        async with producing(self._cluster, self._name) as producer:
            end_if_cancelled()
            try:
                async with asyncio.timeout(SETUP_TIMEOUT_SECONDS):
                    await self.set_up(producer)
                end_if_cancelled()
                await self._stay(producer)
            finally:
                await self.tear_down()

    async def _stay(self, producer: AIOKafkaProducer) -> None:
        """Shows whether brokers answer. Clients find them again by themselves, and keep their place in the group."""
        answered = False
        try:
            while not self._lost.is_set():
                answers = await _answers(producer)
                if answers != answered:
                    log.info("Broker connected" if answers else "Broker does not answer", connection=self._name)
                answered = answers
                self._connected.set(answers)
                await self._wait_until_lost()
            log.warning("Broker connection lost", connection=self._name)
        finally:
            self._connected.set(0)

    async def _wait_until_lost(self) -> None:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._lost.wait()
        except TimeoutError:
            return


@asynccontextmanager
async def producing(cluster: KafkaCluster, name: str) -> AsyncIterator[AIOKafkaProducer]:
    """Lends a producer that has all replicas confirm, and that writes a record once however often it sends it.

    Raises:
        aiokafka.errors.KafkaError: the cluster is away.
        TimeoutError: the cluster does not answer.
    """
    producer = AIOKafkaProducer(
        **cluster.client_options(name), acks="all", enable_idempotence=True, linger_ms=LINGER_MILLISECONDS
    )
    client = KafkaClient(producer.start, producer.stop)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
            await client.start()
        yield producer
    finally:
        await client.stop()


@asynccontextmanager
async def reading(cluster: KafkaCluster, name: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Lends a consumer that is in no group and leaves no trace, for partitions that its user assigns to it.

    Raises:
        aiokafka.errors.KafkaError: the cluster is away.
        TimeoutError: the cluster does not answer.
    """
    consumer = AIOKafkaConsumer(**cluster.client_options(name), auto_offset_reset="earliest")
    client = KafkaClient(consumer.start, consumer.stop)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
            await client.start()
        yield consumer
    finally:
        await client.stop()


async def _answers(producer: AIOKafkaProducer) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return bool(await producer.client.force_metadata_update())
    except BROKER_ERRORS:
        return False
