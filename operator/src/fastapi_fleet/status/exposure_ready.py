"""RouteReady, IngressReady and MonitoringReady: what others do with the service. Ready does not wait for them."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.resources import http_route, service_monitor
from fastapi_fleet.status.conditions import Finding, fails, holds, is_current, unknown
from fastapi_fleet.status.facts import LiveObject, ServiceFacts

_MISSING = "this cluster does not serve %s, or the operator may not read it: spec.%s is skipped"


def exposure_ready(facts: ServiceFacts) -> Iterator[Finding]:
    """Nothing for what the spec does not ask for."""
    if facts.spec is None:
        return
    if facts.spec.route is not None:
        yield _route_ready(facts)
    if facts.spec.ingress is not None:
        yield _ingress_ready(facts.ingress)
    if facts.spec.monitoring is not None and facts.spec.monitoring.enabled:
        yield _monitoring_ready(facts)


def _route_ready(facts: ServiceFacts) -> Finding:
    kind = ConditionType.ROUTE_READY
    if http_route.KIND not in facts.served:
        return fails(kind, Reason.KIND_MISSING, _MISSING % ("HTTPRoute of gateway.networking.k8s.io/v1", "route"))
    if facts.route is None:
        return unknown(kind, Reason.PENDING, "the HTTPRoute has not been written yet")
    refusal = next(_refusals(facts.route), None)
    if refusal is not None:
        return fails(kind, Reason.ROUTE_NOT_ACCEPTED, refusal)
    wanted, answered = facts.route["spec"]["parentRefs"], _answers(facts.route)
    home = facts.route["metadata"]["namespace"]
    silent = [parent["name"] for parent in wanted if _identity(parent, home) not in answered]
    if silent:
        return unknown(kind, Reason.PENDING, f"no answer yet from Gateway {', '.join(silent)}")
    return holds(kind, Reason.ROUTE_ACCEPTED, f"accepted by Gateway {', '.join(parent['name'] for parent in wanted)}")


def _refusals(route: LiveObject) -> Iterator[str]:
    for parent in _parents(route):
        for condition in parent.get("conditions") or ():
            is_refusal = condition["type"] in {"Accepted", "ResolvedRefs"} and condition["status"] == "False"
            if is_refusal and is_current(condition, route):
                said = f"{condition['type']} is False, {condition['reason']}: {condition.get('message', '')}"
                yield f"Gateway {parent['parentRef']['name']}: {said}"


def _answers(route: LiveObject) -> set[tuple[object, ...]]:
    """The parents that have accepted this very generation and found what it refers to."""
    home = route["metadata"]["namespace"]
    return {_identity(parent["parentRef"], home) for parent in _parents(route) if _accepts(parent, route)}


def _accepts(parent: Mapping[str, Any], route: LiveObject) -> bool:
    holding = {
        condition["type"]
        for condition in parent.get("conditions") or ()
        if condition["status"] == "True" and is_current(condition, route)
    }
    return {"Accepted", "ResolvedRefs"} <= holding


def _parents(route: LiveObject) -> list[Mapping[str, Any]]:
    status: Mapping[str, Any] = route.get("status") or {}
    return status.get("parents") or []


def _identity(parent: Mapping[str, Any], home: str) -> tuple[object, ...]:
    """Controllers may fill in the route's own namespace where the spec leaves it out."""
    return parent["name"], parent.get("namespace") or home, parent.get("sectionName")


def _ingress_ready(ingress: LiveObject | None) -> Finding:
    kind = ConditionType.INGRESS_READY
    balancer: Mapping[str, Any] = ((ingress or {}).get("status") or {}).get("loadBalancer") or {}
    addresses = [address.get("ip") or address.get("hostname", "") for address in balancer.get("ingress") or ()]
    if not addresses:
        return unknown(kind, Reason.PENDING, "no controller has given the Ingress an address; some never do")
    return holds(kind, Reason.AVAILABLE, f"reached at {', '.join(addresses)}")


def _monitoring_ready(facts: ServiceFacts) -> Finding:
    kind = ConditionType.MONITORING_READY
    if service_monitor.KIND not in facts.served:
        missing = _MISSING % ("ServiceMonitor of monitoring.coreos.com/v1", "monitoring")
        return fails(kind, Reason.KIND_MISSING, missing)
    if facts.monitor is None:
        return unknown(kind, Reason.PENDING, "the ServiceMonitor has not been written yet")
    return holds(kind, Reason.AS_SPECIFIED, "Prometheus finds the service by its ServiceMonitor")
