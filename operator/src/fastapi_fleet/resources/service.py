"""Service: one stable address for the pods."""

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.manifest import Manifest, Owner, child, selector_labels


def render_service(owner: Owner, spec: FastAPIServiceSpec) -> Manifest:
    manifest = child(owner, api_version="v1", kind="Service", name=owner.name, component="service")
    port = {"name": "http", "port": spec.port, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}
    return {
        **manifest,
        "spec": {"type": "ClusterIP", "selector": selector_labels(owner.name, "service"), "ports": [port]},
    }
