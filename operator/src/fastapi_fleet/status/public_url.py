"""The URL by which a service is reached from outside."""

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources import http_route


def public_url(spec: FastAPIServiceSpec, served: frozenset[str]) -> str | None:
    """That of the route, where there is one with a host of its own, else that of the Ingress."""
    if spec.route is not None and http_route.KIND in served:
        hosts = [host for host in spec.route.hosts if not host.startswith("*")]
        if hosts:
            return f"{spec.route.scheme}://{hosts[0]}{spec.route.path}"
    if spec.ingress is not None and not spec.ingress.host.startswith("*"):
        scheme = "https" if spec.ingress.tls else "http"
        return f"{scheme}://{spec.ingress.host}{spec.ingress.path}"
    return None
