"""Consumes into the inbox: a reader for each partition that the group gives to this process."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener

from fleetkit.events.inbox import Inbox
from fleetkit.events.kafka.client import KafkaClient
from fleetkit.events.kafka.cluster import ServiceTopics
from fleetkit.events.kafka.delivery import KafkaDelivery
from fleetkit.events.kafka.lag import measure_lag, watch_parked
from fleetkit.events.kafka.partition import PartitionReader, Record
from fleetkit.events.kafka.session import BROKER_ERRORS, KafkaSession
from fleetkit.events.kafka.topics import declare_service_topics
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.settlement import Settlement

# Each holds a connection of the pool, which requests need as well.
CONCURRENT_TRANSACTIONS = 4
DATABASE_POLL_SECONDS = 1.0
MEASURE_SECONDS = 5.0
DRAIN_TIMEOUT_SECONDS = 3.0
# The others of the group wait for this one to finish what it has in hand before partitions change hands.
REVOKE_TIMEOUT_SECONDS = 10.0
REBALANCE_TIMEOUT_MILLISECONDS = 30_000
# A partition that was read to its end is asked again only when the fetch for the others is over.
FETCH_WAIT_MILLISECONDS = 50
# Partitions that a topic gets later, and a topic that is made anew, are found within this time.
METADATA_AGE_MILLISECONDS = 30_000
# Readers wait for the database, or for a retry to be due, for as long as it takes; a handler has a limit of its own.
NO_POLL_LIMIT_MILLISECONDS = 2**31 - 1
OnPartitions = Callable[[Collection[TopicPartition]], Awaitable[None]]
log = structlog.get_logger(__name__)


class KafkaConsumer(KafkaSession):
    """Feeds the inbox from the topics of its event types, as one of the group that all replicas form.

    Args:
        topics: the names of the service.
        inbox: what applies the events.
        metrics: the figures of the application.
        prefetch: how many records of a partition are in hand at a time.
        retry_delays: seconds before each further attempt at an event that failed; after the last one it is parked.
    """

    def __init__(
        self,
        topics: ServiceTopics,
        inbox: Inbox,
        metrics: EventMetrics,
        *,
        prefetch: int,
        retry_delays: Sequence[float],
    ) -> None:
        super().__init__(topics.cluster, f"{topics.service}.consumer", metrics)
        self._topics = topics
        self._inbox = inbox
        self._metrics = metrics
        self._prefetch = prefetch
        self._retry_delays = tuple(retry_delays)
        self._sources = topics.sources(inbox.types, retry_delays)
        self._settlement = Settlement(metrics, retry_delays)
        self._slots = asyncio.Semaphore(CONCURRENT_TRANSACTIONS)
        self._client: KafkaClient | None = None
        self._measuring: list[asyncio.Task[None]] = []
        self._readers: dict[asyncio.Task[None], PartitionReader] = {}

    async def wait_until_useful(self) -> None:
        while not await self._inbox.is_available():  # noqa: ASYNC110 - only asking tells that a server is back
            await asyncio.sleep(DATABASE_POLL_SECONDS)

    async def set_up(self, producer: AIOKafkaProducer) -> None:
        await declare_service_topics(self._topics, self._inbox.types, self._retry_delays)
        consumer = AIOKafkaConsumer(
            **self._cluster.client_options(self._name),
            group_id=self._topics.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_WAIT_MILLISECONDS,
            rebalance_timeout_ms=REBALANCE_TIMEOUT_MILLISECONDS,
            max_poll_interval_ms=NO_POLL_LIMIT_MILLISECONDS,
            metadata_max_age_ms=METADATA_AGE_MILLISECONDS,
        )
        self._client = client = KafkaClient(consumer.start, consumer.stop)

        async def assigned(partitions: Collection[TopicPartition]) -> None:
            self._start_readers(consumer, producer, partitions)

        async def revoked(_: Collection[TopicPartition]) -> None:
            client.past_first_broker()  # the first call is for the group that it is about to join
            await self._stop_readers(REVOKE_TIMEOUT_SECONDS)

        # Before the start, which then waits until the brokers know all topics: what the group shares out lacks none.
        consumer.subscribe(list(self._sources), listener=_Rebalance(assigned, revoked))
        await client.start()
        parked = watch_parked(self._topics, self._inbox.types, self._metrics)
        self._measuring = [asyncio.create_task(work) for work in (self._keep_measuring(consumer), parked)]
        for task in self._measuring:
            task.add_done_callback(self._end_session_if_failed)

    async def tear_down(self) -> None:
        """Takes no more records, lets what is in hand finish, and leaves the group."""
        measuring, self._measuring = self._measuring, []
        for task in measuring:
            task.cancel()
        await self._stop_readers(DRAIN_TIMEOUT_SECONDS)
        if measuring:
            await asyncio.wait(measuring)  # one has a client of its own to close
        client, self._client = self._client, None
        if client is not None:
            await client.stop()

    def _start_readers(
        self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, partitions: Collection[TopicPartition]
    ) -> None:
        for partition in partitions:
            source = self._sources[partition.topic]

            def deliver(record: Record, event_type: str = source.event_type) -> KafkaDelivery:
                return KafkaDelivery(record, event_type, self._topics, producer)

            reader = PartitionReader(
                consumer,
                partition,
                deliver,
                delay=source.delay,
                inbox=self._inbox,
                settlement=self._settlement,
                slots=self._slots,
                prefetch=self._prefetch,
            )
            task = asyncio.create_task(reader.run(), name=f"{partition.topic}/{partition.partition}")
            task.add_done_callback(self._end_session_if_early)
            self._readers[task] = reader
        self._show_up(1)

    async def _stop_readers(self, timeout_seconds: float) -> None:
        """Lets readers finish and commit what they have in hand, and cuts off those that take too long."""
        self._show_up(0)
        readers, self._readers = self._readers, {}
        if not readers:
            return
        for reader in readers.values():
            reader.stop()
        _, late = await asyncio.wait(readers, timeout=timeout_seconds)
        for task in late:
            task.cancel()
        if late:
            log.warning("Events in hand were cut off and will come again", partitions=len(late))
            await asyncio.wait(late)

    def _end_session_if_early(self, task: asyncio.Task[None]) -> None:
        """A reader ends by itself only where the broker is away; then nothing of the session can be relied on."""
        if task in self._readers and not task.cancelled():
            log.info("Partition is no longer read", partition=task.get_name())
            self.lose()
        self._end_session_if_failed(task)

    def _end_session_if_failed(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            reason = None if isinstance(error, BROKER_ERRORS) else error
            log.info("Consuming begins anew", failed=task.get_name(), reason=type(error).__name__, exc_info=reason)
            self.lose()

    async def _keep_measuring(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                lag = await measure_lag(consumer, self._sources)
            except BROKER_ERRORS as error:
                log.info("Consumer lag could not be measured", reason=type(error).__name__)
            else:
                for event_type in self._inbox.types:
                    self._metrics.consumer_lag.labels(event_type).set(lag.get(event_type, 0))
            await asyncio.sleep(MEASURE_SECONDS)

    def _show_up(self, value: float) -> None:
        for event_type in self._inbox.types:
            self._metrics.consumer_up.labels(event_type).set(value)


class _Rebalance(ConsumerRebalanceListener):
    """What the client calls when partitions change hands."""

    def __init__(self, assigned: OnPartitions, revoked: OnPartitions) -> None:
        self._assigned = assigned
        self._revoked = revoked

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        await self._assigned(assigned)

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        await self._revoked(revoked)
