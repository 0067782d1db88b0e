"""A record in hand, as `fleetkit.events.receiver.Delivery` says."""

from collections.abc import Mapping

from aiokafka import AIOKafkaProducer, ConsumerRecord

from fleetkit.events.failures import Failure, attempts_in
from fleetkit.events.kafka.cluster import ServiceTopics
from fleetkit.events.kafka.session import BROKER_ERRORS
from fleetkit.events.settlement import UnsettledError
from fleetkit.request_id import HEADER

ID_HEADER = "id"
KEY_HEADER = "x-original-key"


class KafkaDelivery:
    """A record; once it is settled its offset may be committed, and `is_settled` says so.

    Retries and parking are records of other topics, with all replicas' confirmation before this one counts as done.
    """

    def __init__(
        self, record: ConsumerRecord[bytes, bytes], event_type: str, topics: ServiceTopics, producer: AIOKafkaProducer
    ) -> None:
        self._record = record
        self._topics = topics
        self._producer = producer
        self._headers = text_headers(record)
        self.event_type = event_type
        self.body = record.value or b""
        self.attempts = attempts_in(self._headers)
        self.request_id = self._headers.get(HEADER)
        self.is_settled = False

    @property
    def offset(self) -> int:
        """Where in its partition the record is."""
        return self._record.offset

    async def acknowledge(self) -> None:
        self.is_settled = True

    async def retry(self, failure: Failure, delay_seconds: float) -> None:
        await self._hand_on(
            self._topics.retry(self.event_type, delay_seconds), self._record.key, self._headers, failure
        )

    async def park(self, failure: Failure) -> None:
        headers = self._headers | {KEY_HEADER: (self._record.key or b"").decode(errors="replace")}
        await self._hand_on(self._topics.parked(self.event_type), self._parking_key(), headers, failure)

    def _parking_key(self) -> bytes:
        """The event's id where it is known, so that an event parked twice is one."""
        place = f"{self._record.topic}/{self._record.partition}/{self._record.offset}"
        return self._headers.get(ID_HEADER, place).encode()

    async def _hand_on(self, topic: str, key: bytes | None, headers: Mapping[str, str], failure: Failure) -> None:
        told = {**headers, **{name: str(value) for name, value in failure.headers().items()}}
        try:
            await self._producer.send_and_wait(topic, self.body, key=key, headers=encoded(told))
        except BROKER_ERRORS as error:
            raise UnsettledError(type(error).__name__) from error
        self.is_settled = True


def text_headers(record: ConsumerRecord[bytes, bytes]) -> dict[str, str]:
    """The headers of a record as text."""
    return {name: (value or b"").decode(errors="replace") for name, value in record.headers}


def encoded(headers: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """Headers as a record has them."""
    return [(name, value.encode()) for name, value in headers.items()]
