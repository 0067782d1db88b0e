"""Whether each resource is Ready, as a metric that is read from the cache when it is asked for."""

from collections.abc import Iterator

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import OWNERS, Object, key_of
from fastapi_fleet.status.conditions import condition_of


class ResourceReadiness(Collector):
    """One series a resource: names are the resources' own, reasons come from one enum."""

    def __init__(self) -> None:
        self._cache = ObjectCache()

    def show(self, cache: ObjectCache) -> None:
        """Read from this cache from now on."""
        self._cache = cache

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield _family()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = _family()
        for kind in OWNERS:
            for resource in self._cache.of_kind(kind):
                ready, reason = _ready(resource)
                family.add_metric([*key_of(resource), reason], ready)
        yield family


def _family() -> GaugeMetricFamily:
    text = "1 for each resource that is Ready, 0 for each that is not, with the reason."
    return GaugeMetricFamily("fastapi_fleet_resource_ready", text, labels=["kind", "namespace", "name", "reason"])


def _ready(resource: Object) -> tuple[float, str]:
    ready = condition_of(resource, ConditionType.READY)
    return (0.0, Reason.PENDING) if ready is None else (float(ready["status"] == "True"), ready["reason"])


RESOURCE_READINESS = ResourceReadiness()
REGISTRY.register(RESOURCE_READINESS)
