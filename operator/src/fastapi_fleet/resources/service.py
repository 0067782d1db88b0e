"""Service: one stable address for the pods."""

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.manifest import Manifest, Owner, child, selector_labels


def render_service(owner: Owner, spec: FastAPIServiceSpec) -> Manifest:
    return render_service_of(owner, spec, owner.name, selector_labels(owner.name, "service"))


def render_service_of(owner: Owner, spec: FastAPIServiceSpec, name: str, selector: dict[str, str]) -> Manifest:
    """Some of the service's pods by a name. It has the labels by which a ServiceMonitor finds its metrics."""
    manifest = child(owner, api_version="v1", kind="Service", name=name, component="service", app=owner.name)
    extra = (_port(port.name, port.port, port.app_protocol) for port in spec.extra_ports)
    ports = [_port("http", spec.port, "http"), *extra]
    return {**manifest, "spec": {"type": "ClusterIP", "selector": selector, "ports": ports}}


def _port(name: str, port: int, app_protocol: str | None) -> Manifest:
    spoken = {"appProtocol": app_protocol} if app_protocol else {}
    return {"name": name, "port": port, "targetPort": name, "protocol": "TCP", **spoken}
