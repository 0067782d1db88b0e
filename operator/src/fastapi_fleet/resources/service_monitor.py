"""ServiceMonitor: where Prometheus finds the service's metrics, in a cluster that has the Prometheus operator."""

from collections.abc import Iterable

from fastapi_fleet.api.exposure_spec import Monitoring
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import LABEL_NAME
from fastapi_fleet.resources.manifest import Manifest, Owner, child, selector_labels
from fastapi_fleet.resources.network_rules import lets_somebody_in
from fastapi_fleet.resources.service_inputs import ServiceInputs

KIND = "ServiceMonitor"


def wants_monitor(spec: FastAPIServiceSpec, served: frozenset[str], caller_namespaces: Iterable[str]) -> bool:
    """By default where the kind is there and Prometheus may be let in: else its target would be down, for ever."""
    if spec.monitoring is not None:
        return KIND in served and spec.monitoring.enabled
    return KIND in served and lets_somebody_in(spec.network_policy, caller_namespaces)


def render_service_monitor(owner: Owner, spec: FastAPIServiceSpec, inputs: ServiceInputs) -> Manifest | None:
    if not wants_monitor(spec, inputs.served, inputs.caller_namespaces):
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
