"""`/metrics` in Prometheus' format."""

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Gauge, GCCollector, PlatformCollector, ProcessCollector
from prometheus_fastapi_instrumentator.instrumentation import PrometheusFastApiInstrumentator

from fleetkit.database import Database


def new_registry() -> CollectorRegistry:
    """A registry for one application, with the figures of its process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def observe_pool(database: Database, registry: CollectorRegistry) -> None:
    """Shows how many connections the pool has, and how many of them are idle."""
    gauge = Gauge("database_connections", "Connections of the pool", ["state"], registry=registry)
    gauge.labels("open").set_function(lambda: database.pool_size()[0])
    gauge.labels("idle").set_function(lambda: database.pool_size()[1])


def install_metrics(app: FastAPI, registry: CollectorRegistry) -> None:
    """Counts and times the requests of `app` by endpoint and status, and serves `/metrics`."""
    instrumentator = PrometheusFastApiInstrumentator(
        should_group_status_codes=False,
        excluded_handlers=["^/metrics$", "^/health/"],
        registry=registry,
    )
    instrumentator.instrument(app)
    instrumentator.expose(app, include_in_schema=False)
