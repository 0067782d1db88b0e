"""Where the cluster is, and what a service's topics on it are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

REQUEST_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class KafkaCluster:
    """A cluster as a fleet uses it.

    Args:
        bootstrap_servers: `host:port` of some of its brokers, with commas between.
        prefix: what every name of this fleet begins with.
        partitions: how many a topic of events gets when it is made.
    """

    bootstrap_servers: str
    prefix: str = ""
    partitions: int = 3

    def client_options(self, name: str) -> dict[str, Any]:
        """What every client is made with; brokers log its `name`."""
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": name,
            "request_timeout_ms": round(REQUEST_TIMEOUT_SECONDS * 1000),
        }

    def topic(self, event_type: str) -> str:
        """The topic of an event type, which all services share."""
        return f"{self.prefix}{event_type}"


@dataclass(frozen=True)
class Source:
    """What a consumed topic holds: events of one type, due `delay` seconds after they were written to it."""

    event_type: str
    delay: float


@dataclass(frozen=True)
class ServiceTopics:
    """The names that belong to one consuming service; all begin with its own."""

    cluster: KafkaCluster
    service: str

    @property
    def group(self) -> str:
        """The consumer group, which all replicas of the service are in."""
        return f"{self.cluster.prefix}{self.service}"

    def retry(self, event_type: str, delay_seconds: float) -> str:
        """Where events wait for the next attempt; without a delay those that come back from parking."""
        return f"{self.group}.{event_type}.retry.{delay_seconds:g}"

    def parked(self, event_type: str) -> str:
        """Where events are kept that could not be applied."""
        return f"{self.group}.{event_type}.parked"

    def sources(self, event_types: Sequence[str], retry_delays: Sequence[float]) -> Mapping[str, Source]:
        """Everything that the service consumes, by topic."""
        sources = {self.cluster.topic(event_type): Source(event_type, 0.0) for event_type in event_types}
        for event_type in event_types:
            sources |= {self.retry(event_type, delay): Source(event_type, delay) for delay in (0.0, *retry_delays)}
        return sources
