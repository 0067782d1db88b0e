"""HTTPRoute: a public address by a Gateway, where the cluster has the Gateway API."""

from fastapi_fleet.api.exposure_spec import Route
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.manifest import Manifest, Owner, child
from fastapi_fleet.resources.public_paths import closed_paths

KIND = "HTTPRoute"


def render_http_route(owner: Owner, spec: FastAPIServiceSpec, served: frozenset[str]) -> Manifest | None:
    if spec.route is None or KIND not in served:
        return None
    route = spec.route
    manifest = child(owner, api_version="gateway.networking.k8s.io/v1", kind=KIND, name=owner.name, component="service")
    open_rule = _rule([route.path], [{"name": owner.name, "port": spec.port}])
    closed = closed_paths(route.path, route.also_public, spec.monitoring)
    # A rule without a backend answers 500, as the Gateway API demands; the longer path wins over the shorter.
    closed_rules = [_rule(closed, [])] if closed else []
    return {
        **manifest,
        "spec": {
            "parentRefs": _parent_refs(route),
            "hostnames": list(route.hosts),
            "rules": [open_rule, *closed_rules],
        },
    }


def _rule(paths: list[str], backends: list[Manifest]) -> Manifest:
    matches = [{"path": {"type": "PathPrefix", "value": path}} for path in paths]
    return {"matches": matches, "backendRefs": backends}


def _parent_refs(route: Route) -> list[Manifest]:
    return [parent.model_dump(by_alias=True, exclude_none=True) for parent in route.parent_refs]
