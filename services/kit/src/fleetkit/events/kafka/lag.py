"""How far a consumer is behind."""

from collections import Counter
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer

from fleetkit.events.kafka.cluster import Source


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
