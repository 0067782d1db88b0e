"""The metrics that the operator and fleetkit really export, and those that an expression asks for."""

import re
from collections.abc import Iterable, Iterator

import fastapi_fleet.runtime  # noqa: F401 - brings in every module that has a metric
from fleetkit.database import Database
from fleetkit.events.metrics import EventMetrics
from fleetkit.grpc.calls import GrpcMetrics
from fleetkit.metrics import RequestMetrics, new_registry, observe_pool
from fleetkit.settings import DatabaseSettings
from fleetkit.upstream.metrics import UpstreamMetrics
from prometheus_client import REGISTRY, CollectorRegistry

SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
}
TARGET_LABELS = frozenset({"namespace", "job", "pod", "instance"})
"""What Prometheus adds to every series of a target that a ServiceMonitor found."""

_SELECTOR = re.compile(r"\b([a-z_]+)\b(?:\{([^}]*)\})?(?!\s*\()")
_MATCHER = re.compile(r"([a-z_]+)\s*[!=]")
_RANGE = re.compile(r"\[[^]]*\]")
_GROUPING = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")
_WORDS = frozenset({"and", "or"})


def operator_registry() -> CollectorRegistry:
    return REGISTRY


def service_registry() -> CollectorRegistry:
    """Every metric of fleetkit, as an application registers them."""
    registry = new_registry()
    RequestMetrics(registry)
    EventMetrics(registry)
    GrpcMetrics(registry)
    UpstreamMetrics.of(registry)
    observe_pool(
        Database(DatabaseSettings(database_url="postgresql://nobody@localhost/none"), application_name="shop"), registry
    )
    return registry


def exported(*registries: CollectorRegistry) -> dict[str, frozenset[str]]:
    """Names of series, each with the labels of its own."""
    return dict(entry for registry in registries for entry in _series(registry))


def _series(registry: CollectorRegistry) -> Iterator[tuple[str, frozenset[str]]]:
    """What has not been counted yet has no series: its labels are known to the collector alone."""
    for collector in registry._collector_to_names:
        for family in collector.collect():
            own = frozenset(getattr(collector, "_labelnames", ()) or getattr(family, "_labelnames", ()))
            for suffix in SUFFIXES.get(family.type, ()):
                yield family.name + suffix, own | ({"le"} if suffix == "_bucket" else set())


def asked_for(expression: str) -> Iterable[tuple[str, frozenset[str]]]:
    """Each series that a PromQL expression selects, with the labels that it is selected by."""
    bare = _RANGE.sub("", re.sub(r'"[^"]*"', '""', _GROUPING.sub(" ", expression)))
    for name, matchers in _SELECTOR.findall(bare):
        if name not in _WORDS:
            yield name, frozenset(_MATCHER.findall(matchers))


def grouped_by(expression: str) -> frozenset[str]:
    """The labels that its aggregations keep and its operators match on."""
    groups = _GROUPING.findall(expression)
    return frozenset(label.strip() for group in groups for label in group.split(","))
