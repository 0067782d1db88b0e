"""Figures of the event paths."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class EventMetrics:
    """One set for an application, in its registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pending = Gauge("outbox_pending_events", "Events waiting to be published", registry=registry)
        self.oldest_age = Gauge(
            "outbox_oldest_event_age_seconds", "How long the oldest event has waited", registry=registry
        )
        self.published = Counter(
            "events_published", "Events the broker confirmed or refused", ["type", "result"], registry=registry
        )
        self.consumed = Counter(
            "events_consumed", "Events received, by what came of them", ["type", "result"], registry=registry
        )
        self.connected = Gauge(
            "broker_connected", "1 while this connection to the broker is up", ["connection"], registry=registry
        )
