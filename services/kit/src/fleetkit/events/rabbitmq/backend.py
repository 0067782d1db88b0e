"""RabbitMQ as the broker of a service."""

from fleetkit.background import Worker
from fleetkit.events.inbox import Inbox
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.rabbitmq.consumer import RabbitConsumer
from fleetkit.events.rabbitmq.publisher import RabbitPublisher
from fleetkit.settings import BrokerSettings, SettingsError


class RabbitBackend:
    """See `fleetkit.events.runtime.Backend`.

    Raises:
        SettingsError: `rabbitmq_url` is not set.
    """

    def __init__(self, settings: BrokerSettings, service: str, metrics: EventMetrics) -> None:
        if settings.rabbitmq_url is None:
            raise SettingsError("RABBITMQ_URL: is required with EVENTS_BACKEND=rabbitmq")
        self._url = settings.rabbitmq_url
        self._settings = settings
        self._service = service
        self._metrics = metrics
        self._publisher = RabbitPublisher(self._url, service, metrics, timeout_seconds=settings.events_publish_timeout)

    def publisher(self) -> RabbitPublisher:
        """The one connection that publishes, which the consumer sends failed events on by as well."""
        return self._publisher

    def consumer(self, inbox: Inbox) -> Worker:
        consumer = RabbitConsumer(
            self._url,
            self._service,
            inbox,
            self._publisher,
            self._metrics,
            prefetch=self._settings.events_prefetch,
            retry_delays=self._settings.events_retry_delays,
        )
        self._publisher.publish_after(consumer.declared)
        return consumer.run
