"""The records of one partition: applied in their order, several in a transaction, then committed."""

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from fleetkit.database import DatabaseUnavailableError
from fleetkit.events.cloudevents import InvalidEventError
from fleetkit.events.inbox import Inbox, Incoming, Receipt
from fleetkit.events.kafka.delivery import KafkaDelivery
from fleetkit.events.kafka.session import BROKER_ERRORS
from fleetkit.events.settlement import Settlement, read

Record = ConsumerRecord[bytes, bytes]
POLL_MILLISECONDS = 10_000
COMMIT_TIMEOUT_SECONDS = 2.0
DATABASE_POLL_SECONDS = 1.0
# While the database is there, as many failures of the whole transaction count as one of its first event.
TRANSACTION_ATTEMPTS = 3
log = structlog.get_logger(__name__)


class PartitionReader:
    """Reads a partition for as long as this process has it.

    Args:
        consumer: the member of the group that the partition was assigned to.
        partition: which.
        deliver: makes a delivery of a record.
        delay: seconds from when a record was written to when it is due.
        inbox: what applies the events.
        settlement: what ends the deliveries.
        slots: how many partitions may have a transaction at a time; requests need the pool as well.
        prefetch: how many records are in hand at a time.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        partition: TopicPartition,
        deliver: Callable[[Record], KafkaDelivery],
        *,
        delay: float,
        inbox: Inbox,
        settlement: Settlement,
        slots: asyncio.Semaphore,
        prefetch: int,
    ) -> None:
        self._consumer = consumer
        self._partition = partition
        self._deliver = deliver
        self._delay = delay
        self._inbox = inbox
        self._settlement = settlement
        self._slots = slots
        self._prefetch = prefetch
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Reads until `stop` is called, or a record cannot be settled because the broker is away.

        Raises:
            aiokafka.errors.KafkaError: the broker is away, or the group has lost this member.
        """
        while records := await self._fetch():
            if not await self._handle(records):
                return

    def stop(self) -> None:
        """Ends `run` as soon as the transaction in hand is done."""
        self._stopping.set()

    async def _fetch(self) -> Sequence[Record]:
        """The next records; none only when it is time to stop."""
        while not self._stopping.is_set():
            fetching = asyncio.ensure_future(
                self._consumer.getmany(self._partition, timeout_ms=POLL_MILLISECONDS, max_records=self._prefetch)
            )
            stopping = asyncio.ensure_future(self._stopping.wait())
            try:
                await asyncio.wait({fetching, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if fetching.done() and (records := fetching.result().get(self._partition)):
                    return list(records)
            finally:
                fetching.cancel()
                stopping.cancel()
        return []

    async def _handle(self, records: Sequence[Record]) -> bool:
        """Settles records and commits how far it came; whether that was all of them."""
        done = 0
        try:
            while done < len(records) and (settled := await self._settle_some(records[done:])):
                done += settled
        finally:
            if done:
                await self._commit(records[done - 1].offset + 1)
        return done == len(records)

    async def _settle_some(self, records: Sequence[Record]) -> int:
        """Settles the first of these records, and says how many; none when it is time to stop."""
        if not await self._wait_until_due(records[0]):
            return 0
        deliveries = [self._deliver(record) for record in records if self._seconds_until_due(record) <= 0]
        incoming = []
        for delivery in deliveries:
            try:
                incoming.append(read(delivery))
            except InvalidEventError as error:
                if incoming:
                    break  # those before it first
                await self._settlement.settle(delivery, Receipt("failed", error))
                return int(delivery.is_settled)
        receipts = await self._apply(incoming)
        for number, (delivery, receipt) in enumerate(zip(deliveries, receipts, strict=False)):
            await self._settlement.settle(delivery, receipt)
            if not delivery.is_settled:
                return number
        return len(receipts)

    async def _apply(self, incoming: Sequence[Incoming]) -> list[Receipt]:
        """Applies the first of these, and says of each what came of it; nothing when it is time to stop.

        While the database is away it waits: the group keeps this member, and no event loses one of its attempts.
        """
        attempts = 0
        while not self._stopping.is_set():
            try:
                async with self._slots:
                    return await self._inbox.receive_some(incoming)
            except Exception as error:  # noqa: BLE001 - whatever it is, no partition is held up for good
                incoming = incoming[:1]  # so that it takes no other with it
                if not isinstance(error, DatabaseUnavailableError) or await self._inbox.is_available():
                    attempts += 1
                if attempts == TRANSACTION_ATTEMPTS:
                    return [Receipt("failed", error)]
                reason = type(error).__name__
                log.warning("Consuming pauses after a transaction failed", topic=self._partition.topic, reason=reason)
            await self._stops_within(DATABASE_POLL_SECONDS)
        return []

    async def _wait_until_due(self, record: Record) -> bool:
        while (remaining := self._seconds_until_due(record)) > 0:
            if await self._stops_within(remaining):
                return False
        return not self._stopping.is_set()

    def _seconds_until_due(self, record: Record) -> float:
        return record.timestamp / 1000 + self._delay - time.time() if self._delay else 0.0

    async def _stops_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._stopping.wait()
        except TimeoutError:
            return False

    async def _commit(self, offset: int) -> None:
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_SECONDS):
                await self._consumer.commit({self._partition: offset})
        except BROKER_ERRORS as error:
            log.info("Events were not committed and will come again", reason=type(error).__name__)
