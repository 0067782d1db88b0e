"""ServiceMonitor: where Prometheus finds the service's metrics, in a cluster that has the Prometheus operator."""

from fastapi_fleet.api.exposure_spec import Monitoring
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import LABEL_NAME
from fastapi_fleet.resources.manifest import Manifest, Owner, child, selector_labels

KIND = "ServiceMonitor"


def wants_monitor(spec: FastAPIServiceSpec, served: frozenset[str]) -> bool:
    """By default where the kind is there."""
    return KIND in served and (spec.monitoring is None or spec.monitoring.enabled)


def render_service_monitor(owner: Owner, spec: FastAPIServiceSpec, served: frozenset[str]) -> Manifest | None:
    if not wants_monitor(spec, served):
        return None
    monitoring = spec.monitoring or Monitoring()
    manifest = child(owner, api_version="monitoring.coreos.com/v1", kind=KIND, name=owner.name, component="service")
    metadata = manifest["metadata"]
    interval = {"interval": monitoring.interval} if monitoring.interval else {}
    return {
        **manifest,
        "metadata": {**metadata, "labels": {**monitoring.labels, **metadata["labels"]}},
        "spec": {
            "jobLabel": LABEL_NAME,
            "selector": {"matchLabels": selector_labels(owner.name, "service")},
            "endpoints": [{"port": "http", "path": monitoring.path, **interval}],
        },
    }
