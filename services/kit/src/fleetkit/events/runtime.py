"""The event side of a service as one thing: relay, publisher, inbox and consumer."""

from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry

from fleetkit.background import Worker
from fleetkit.database import Database
from fleetkit.events.inbox import EventHandler, Inbox
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.rabbitmq.consumer import RabbitConsumer
from fleetkit.events.rabbitmq.publisher import RabbitPublisher
from fleetkit.events.relay import OutboxRelay
from fleetkit.settings import BrokerSettings


def event_workers(
    settings: BrokerSettings,
    *,
    service: str,
    database: Database,
    handlers: Mapping[str, EventHandler],
    registry: CollectorRegistry,
) -> Sequence[Worker]:
    """Builds what carries events, for `fleetkit.background.running`.

    Args:
        settings: the broker.
        service: the prefix of this service's names on the broker.
        database: where outbox, inbox and effects are.
        handlers: by consumed event type; none for a service that only publishes.
        registry: where the figures go.
    """
    metrics = EventMetrics(registry)
    publisher = RabbitPublisher(
        settings.rabbitmq_url, service, metrics, timeout_seconds=settings.events_publish_timeout
    )
    workers: list[Worker] = [publisher.run, OutboxRelay(database, publisher, metrics).run]
    if handlers:
        inbox = Inbox(database, service, handlers)
        consumer = RabbitConsumer(settings.rabbitmq_url, service, inbox, metrics, prefetch=settings.events_prefetch)
        workers += [consumer.run, inbox.keep_purging]
    return workers
