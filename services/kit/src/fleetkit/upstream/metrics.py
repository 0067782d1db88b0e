"""What can be seen of the calls to other services, by service."""

from dataclasses import dataclass
from functools import partial
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from fleetkit.upstream.breaker import BreakerState, CircuitBreaker
from fleetkit.upstream.budget import RetryBudget

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass(frozen=True)
class UpstreamMetrics:
    """The metrics of all services that an application calls."""

    calls: Counter
    seconds: Histogram
    repeats: Counter
    renewals: Counter
    running: Gauge
    budget: Gauge
    breaker: Gauge

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Self:
        """Registers them; once for each application."""
        by = ["upstream"]
        return cls(
            calls=Counter("upstream_calls", "Calls by result", [*by, "result"], registry=registry),
            seconds=Histogram(
                "upstream_call_seconds", "Time of a call, repeats included", by, buckets=_SECONDS, registry=registry
            ),
            repeats=Counter("upstream_retries", "Calls made again", by, registry=registry),
            renewals=Counter("upstream_pool_renewals", "Connection pools thrown away", by, registry=registry),
            running=Gauge("upstream_calls_in_progress", "Calls under way", by, registry=registry),
            budget=Gauge("upstream_retry_budget", "Calls that might be repeated now", by, registry=registry),
            breaker=Gauge(
                "upstream_breaker_state", "1 for the state that the breaker has", [*by, "state"], registry=registry
            ),
        )

    def watch(self, name: str, breaker: CircuitBreaker, budget: RetryBudget) -> None:
        """Shows the state of one service's breaker and budget."""
        self.budget.labels(name).set_function(budget.left)
        for state in BreakerState:
            self.breaker.labels(name, state.value).set_function(partial(_is_in, breaker, state))


def _is_in(breaker: CircuitBreaker, state: BreakerState) -> float:
    return float(breaker.state is state)
