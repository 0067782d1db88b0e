"""Declares topics. Those that exist are left as they are, so that an administrator of the cluster may make them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code

from fleetkit.events.kafka.client import KafkaClient
from fleetkit.events.kafka.cluster import KafkaCluster, ServiceTopics

MAX_REPLICATION = 3
# A parked event is kept until a record without a value, written when it is replayed, takes its place.
LATEST_OF_EACH_KEY = {"cleanup.policy": "compact"}


@asynccontextmanager
async def administering(cluster: KafkaCluster) -> AsyncIterator[AIOKafkaAdminClient]:
    """Lends a client that makes and removes topics.

    Raises:
        aiokafka.errors.KafkaError: the cluster is away.
    """
    admin = AIOKafkaAdminClient(**cluster.client_options("fleetkit-admin"))
    client = KafkaClient(admin.start, admin.close)
    try:
        await client.start()
        yield admin
    finally:
        await client.stop()


async def declare_event_topics(cluster: KafkaCluster, event_types: Sequence[str]) -> None:
    """Makes the topics of these event types where they are missing.

    Raises:
        aiokafka.errors.KafkaError: the cluster is away or does not permit it.
    """
    await _declare(cluster, [_shared(cluster, event_type) for event_type in event_types])


async def declare_service_topics(
    topics: ServiceTopics, event_types: Sequence[str], retry_delays: Sequence[float]
) -> None:
    """Makes the topics from which a service consumes, and those in which it parks, where they are missing.

    Raises:
        aiokafka.errors.KafkaError: the cluster is away or does not permit it.
    """
    wanted = []
    for event_type in event_types:
        wanted.append(_shared(topics.cluster, event_type))
        # One partition: all of a retry topic waits equally long, so that its first record is always due first.
        wanted += [_own(topics.retry(event_type, delay), {}) for delay in (0.0, *retry_delays)]
        wanted.append(_own(topics.parked(event_type), LATEST_OF_EACH_KEY))
    await _declare(topics.cluster, wanted)


def _shared(cluster: KafkaCluster, event_type: str) -> NewTopic:
    return NewTopic(cluster.topic(event_type), num_partitions=cluster.partitions, replication_factor=MAX_REPLICATION)


def _own(name: str, config: Mapping[str, str]) -> NewTopic:
    return NewTopic(name, num_partitions=1, replication_factor=MAX_REPLICATION, topic_configs=dict(config))


async def _declare(cluster: KafkaCluster, topics: Sequence[NewTopic]) -> None:
    async with administering(cluster) as admin:
        existing = set(await admin.list_topics())
        missing = [topic for topic in topics if topic.name not in existing]
        if not missing:
            return
        brokers = len((await admin.describe_cluster())["brokers"])
        for topic in missing:
            topic.replication_factor = min(MAX_REPLICATION, brokers)
        answer: Any = await admin.create_topics(missing)
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if error not in {NoError, TopicAlreadyExistsError}:  # another process may just have made it
            raise error(name)
