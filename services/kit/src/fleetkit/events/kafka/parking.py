"""Parked events on Kafka: the latest record of each key in the parking topic of their type."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from fleetkit.events.failures import (
    EXCEPTION_HEADER,
    FAILED_AT_HEADER,
    FAILURE_HEADERS,
    REASON_HEADER,
    attempts_in,
)
from fleetkit.events.kafka.cluster import ServiceTopics
from fleetkit.events.kafka.delivery import ID_HEADER, KEY_HEADER, encoded, text_headers
from fleetkit.events.kafka.session import BROKER_ERRORS, producing, reading
from fleetkit.events.parking import ParkedEvent, ParkingUnavailableError

POLL_MILLISECONDS = 1000
Record = ConsumerRecord[bytes, bytes]


class KafkaParkingLot:
    """See `fleetkit.events.parking.ParkingLot`."""

    def __init__(self, topics: ServiceTopics) -> None:
        self._topics = topics
        self._producer: AIOKafkaProducer | None = None
        self._held: tuple[ParkedEvent, Record] | None = None

    @asynccontextmanager
    async def browse(self, event_type: str) -> AsyncIterator[AsyncIterator[ParkedEvent]]:
        name = f"{self._topics.service}.parking"
        try:
            async with reading(self._topics.cluster, name) as consumer:
                records = await self._parked(consumer, event_type)
            async with producing(self._topics.cluster, name) as self._producer:
                yield self._each(records, event_type)
        except BROKER_ERRORS as error:
            raise ParkingUnavailableError(f"the broker is not available ({type(error).__name__})") from error

    async def replay(self, event: ParkedEvent) -> None:
        held, self._held = self._held, None
        if held is None or self._producer is None or held[0] != event:
            raise ParkingUnavailableError("only the event that was yielded last can be moved")
        record = held[1]
        headers = text_headers(record)
        key = headers.pop(KEY_HEADER, "").encode() or None
        kept = {name: value for name, value in headers.items() if name not in FAILURE_HEADERS}
        try:
            await self._producer.send_and_wait(
                self._topics.retry(event.type, 0.0), record.value, key=key, headers=encoded(kept)
            )
            await self._producer.send_and_wait(record.topic, None, key=record.key)
        except BROKER_ERRORS as error:
            raise ParkingUnavailableError(f"the broker did not take it ({type(error).__name__})") from error

    async def _parked(self, consumer: AIOKafkaConsumer, event_type: str) -> list[Record]:
        topic = self._topics.parked(event_type)
        if topic not in await consumer.topics():
            raise ParkingUnavailableError(f"{self._topics.service} has no parking topic for {event_type}")
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        parked: dict[bytes | None, Record] = {}
        end = (await consumer.end_offsets([partition]))[partition]
        while await consumer.position(partition) < end:
            for record in (await consumer.getmany(timeout_ms=POLL_MILLISECONDS)).get(partition, []):
                parked.pop(record.key, None)
                if record.value is not None:
                    parked[record.key] = record
        return list(parked.values())

    async def _each(self, records: list[Record], event_type: str) -> AsyncIterator[ParkedEvent]:
        for record in records:
            event = _describe(record, event_type)
            self._held = (event, record)
            yield event


def _describe(record: Record, event_type: str) -> ParkedEvent:
    headers = text_headers(record)
    failed_at = headers.get(FAILED_AT_HEADER)
    return ParkedEvent(
        id=headers.get(ID_HEADER, ""),
        type=event_type,
        reason=headers.get(REASON_HEADER, ""),
        exception=headers.get(EXCEPTION_HEADER, ""),
        attempts=attempts_in(headers),
        failed_at=datetime.fromisoformat(failed_at) if failed_at else None,
    )
