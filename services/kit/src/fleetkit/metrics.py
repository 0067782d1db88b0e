"""`/metrics` in Prometheus' format."""

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_fastapi_instrumentator.instrumentation import PrometheusFastApiInstrumentator


def new_registry() -> CollectorRegistry:
    """A registry for one application, with the figures of its process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def install_metrics(app: FastAPI, registry: CollectorRegistry) -> None:
    """Counts and times the requests of `app` by endpoint and status, and serves `/metrics`."""
    instrumentator = PrometheusFastApiInstrumentator(
        should_group_status_codes=False,
        excluded_handlers=["^/metrics$", "^/health/"],
        registry=registry,
    )
    instrumentator.instrument(app)
    instrumentator.expose(app, include_in_schema=False)
