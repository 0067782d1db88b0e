"""Ingress: a public address where there is no Gateway."""

from fastapi_fleet.api.exposure_spec import Ingress
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, child, selector_labels
from fastapi_fleet.resources.public_paths import closed_paths


def render_ingress(owner: Owner, spec: FastAPIServiceSpec) -> Manifest | None:
    if spec.ingress is None:
        return None
    ingress = spec.ingress
    manifest = child(owner, api_version="networking.k8s.io/v1", kind="Ingress", name=owner.name, component="service")
    closed = [_path(path, "Prefix", names.closed_service(owner.name)) for path in paths_closed_by_ingress(spec)]
    paths = [*closed, _path(ingress.path, ingress.path_type, owner.name)]
    return {
        **manifest,
        "metadata": {**manifest["metadata"], "annotations": dict(ingress.annotations)},
        "spec": {
            **({"ingressClassName": ingress.class_name} if ingress.class_name else {}),
            "tls": _tls(ingress),
            "rules": [{"host": ingress.host, "http": {"paths": paths}}],
        },
    }


def paths_closed_by_ingress(spec: FastAPIServiceSpec) -> list[str]:
    """Empty where nothing but the path itself is public."""
    ingress = spec.ingress
    if ingress is None or ingress.path_type == "Exact":
        return []
    return closed_paths(ingress.path, ingress.also_public, spec.monitoring)


def render_closed_service(owner: Owner, spec: FastAPIServiceSpec) -> Manifest | None:
    """A Service whose selector no pod carries: Ingress knows no other way to say that a path is not answered."""
    if not paths_closed_by_ingress(spec):
        return None
    name = names.closed_service(owner.name)
    manifest = child(owner, api_version="v1", kind="Service", name=name, component="closed", app=owner.name)
    port = {"name": "http", "port": spec.port, "targetPort": "http", "protocol": "TCP"}
    selector = selector_labels(owner.name, "closed")
    return {**manifest, "spec": {"type": "ClusterIP", "selector": selector, "ports": [port]}}


def _path(path: str, path_type: str, service: str) -> Manifest:
    backend = {"service": {"name": service, "port": {"name": "http"}}}
    return {"path": path, "pathType": path_type, "backend": backend}


def _tls(ingress: Ingress) -> list[Manifest]:
    return [{"hosts": [ingress.host], "secretName": ingress.tls.secret_name}] if ingress.tls else []
