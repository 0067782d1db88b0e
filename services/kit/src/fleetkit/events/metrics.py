"""Figures of the event paths."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class EventMetrics:
    """One set for an application, in its registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pending = Gauge("outbox_pending_events", "Events waiting to be published", registry=registry)
        self.oldest_age = Gauge(
            "outbox_oldest_event_age_seconds", "How long the oldest event has waited", registry=registry
        )
        self.unrouted = Gauge(
            "outbox_unrouted_events", "Events put off because nobody consumes their type", registry=registry
        )
        self.published = Counter(
            "events_published",
            "Events by what the broker answered: confirmed, refused, unrouted, or dropped after too long",
            ["type", "result"],
            registry=registry,
        )
        self.consumed = Counter(
            "events_consumed", "Events received, by what came of them", ["type", "result"], registry=registry
        )
        self.connected = Gauge(
            "broker_connected", "1 while this connection to the broker is up", ["connection"], registry=registry
        )
        self.consumer_up = Gauge(
            "events_consumer_up", "1 while events of this type are consumed", ["type"], registry=registry
        )
        self.consumer_lag = Gauge(
            "events_consumer_lag", "Events of this type that wait for their consumer", ["type"], registry=registry
        )
        self.parked = Gauge("events_parked", "Events of this type that were parked", ["type"], registry=registry)
