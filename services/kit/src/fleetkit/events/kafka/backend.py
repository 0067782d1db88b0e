"""Kafka as the broker of a service."""

from fleetkit.background import Worker
from fleetkit.events.inbox import Inbox
from fleetkit.events.kafka.cluster import KafkaCluster, ServiceTopics
from fleetkit.events.kafka.consumer import KafkaConsumer
from fleetkit.events.kafka.parking import KafkaParkingLot
from fleetkit.events.kafka.publisher import KafkaPublisher
from fleetkit.events.metrics import EventMetrics
from fleetkit.settings import BrokerSettings, SettingsError


class KafkaBackend:
    """See `fleetkit.events.runtime.Backend`.

    Raises:
        SettingsError: `kafka_bootstrap_servers` is not set.
    """

    def __init__(self, settings: BrokerSettings, service: str, metrics: EventMetrics) -> None:
        self._cluster = _cluster(settings)
        self._settings = settings
        self._service = service
        self._metrics = metrics

    def publisher(self) -> KafkaPublisher:
        return KafkaPublisher(
            self._cluster, self._service, self._metrics, timeout_seconds=self._settings.events_publish_timeout
        )

    def consumer(self, inbox: Inbox) -> Worker:
        return KafkaConsumer(
            ServiceTopics(self._cluster, self._service),
            inbox,
            self._metrics,
            prefetch=self._settings.events_prefetch,
            retry_delays=self._settings.events_retry_delays,
        ).run


def kafka_parking_lot(settings: BrokerSettings, service: str) -> KafkaParkingLot:
    """Where the service's parked events are.

    Raises:
        SettingsError: `kafka_bootstrap_servers` is not set.
    """
    return KafkaParkingLot(ServiceTopics(_cluster(settings), service))


def _cluster(settings: BrokerSettings) -> KafkaCluster:
    if settings.kafka_bootstrap_servers is None:
        raise SettingsError("KAFKA_BOOTSTRAP_SERVERS: is required with EVENTS_BACKEND=kafka")
    return KafkaCluster(settings.kafka_bootstrap_servers, settings.kafka_topic_prefix, settings.kafka_partitions)
