"""The event side of a service as one thing: relay, publisher, inbox and consumer, on the broker that is chosen."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry

from fleetkit.background import Worker
from fleetkit.database import Database
from fleetkit.events.inbox import EventHandler, Inbox
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.relay import OutboxRelay, Publisher
from fleetkit.settings import BrokerSettings


class RunningPublisher(Publisher, Protocol):
    """A publisher with a connection that is kept for as long as `run` runs."""

    async def run(self) -> None: ...


class Backend(Protocol):
    """A broker: what publishes to it, and what consumes from it. Neither connects before it runs."""

    def publisher(self) -> RunningPublisher: ...

    def consumer(self, inbox: Inbox) -> Worker: ...


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
    backend = backend_of(settings, service, metrics)
    publisher = backend.publisher()
    relay = OutboxRelay(database, publisher, metrics, unrouted_hours=settings.events_unrouted_hours)
    workers: list[Worker] = [publisher.run, relay.run]
    if handlers:
        inbox = Inbox(database, service, handlers)
        workers += [backend.consumer(inbox), inbox.keep_purging]
    return workers


def backend_of(settings: BrokerSettings, service: str, metrics: EventMetrics) -> Backend:
    """The broker that the settings choose.

    Raises:
        SettingsError: they do not say where it is.
    """
    # Only the client of the chosen broker is loaded; the other need not even be installed.
    if settings.events_backend == "kafka":
        from fleetkit.events.kafka.backend import KafkaBackend

        return KafkaBackend(settings, service, metrics)
    from fleetkit.events.rabbitmq.backend import RabbitBackend

    return RabbitBackend(settings, service, metrics)
