"""How far a consumer is behind, and how much it has parked."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from fleetkit.events.kafka.cluster import ServiceTopics, Source
from fleetkit.events.kafka.session import reading
from fleetkit.events.metrics import EventMetrics

POLL_MILLISECONDS = 10_000


async def measure_lag(consumer: AIOKafkaConsumer, sources: Mapping[str, Source]) -> Mapping[str, int]:
    """Counts, by event type, the records of this member's partitions that are not committed yet, retries included.

    Raises:
        aiokafka.errors.KafkaError: the broker is away, or partitions are changing hands.
    """
    partitions = [partition for partition in consumer.assignment() if partition.topic in sources]
    if not partitions:
        return {}
    ends = await consumer.end_offsets(partitions)
    begins = await consumer.beginning_offsets(partitions)
    lag: Counter[str] = Counter()
    for partition in partitions:
        committed = await consumer.committed(partition)
        begin = begins[partition] if committed is None else committed
        lag[sources[partition.topic].event_type] += max(0, ends[partition] - begin)
    return lag


async def watch_parked(topics: ServiceTopics, event_types: Sequence[str], metrics: EventMetrics) -> None:
    """Counts what is parked, until cancelled: keys whose latest record has a value.

    Raises:
        aiokafka.errors.KafkaError: the broker is away.
    """
    types = {TopicPartition(topics.parked(event_type), 0): event_type for event_type in event_types}
    keys: defaultdict[str, set[bytes | None]] = defaultdict(set)
    async with reading(topics.cluster, f"{topics.service}.parking") as consumer:
        consumer.assign(list(types))
        while True:
            for event_type in event_types:
                metrics.parked.labels(event_type).set(len(keys[event_type]))
            for partition, records in (await consumer.getmany(timeout_ms=POLL_MILLISECONDS)).items():
                for record in records:
                    change = keys[types[partition]].discard if record.value is None else keys[types[partition]].add
                    change(record.key)
