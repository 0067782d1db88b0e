"""Kinds that a cluster may lack are used from when they come, and missed aloud when they go."""

from collections.abc import Callable
from typing import Any, Final

from fleet import SERVICE, Images, service
from kubectl import Kubectl, Resource, condition_of
from optional_kinds import optional_kinds

NOTICED_SECONDS: Final = 45.0
"""The operator looks for kinds that are not there every 30 s."""

ROUTE: Final = "httproute.gateway.networking.k8s.io"
MONITOR: Final = "servicemonitor.monitoring.coreos.com"
PARENT: Final = {"name": "public"}
EXPOSED: Final[dict[str, Any]] = {
    "replicas": 0,
    "route": {"hosts": ["hello.example.org"], "parentRefs": [PARENT]},
    "monitoring": {"interval": "30s"},
}


def test_kinds_that_come_are_used_and_those_that_go_are_missed(cluster: Kubectl, images: Images) -> None:
    cluster.apply(service(images.v1, **EXPOSED))
    await_reasons(cluster, RouteReady="KindMissing", MonitoringReady="KindMissing")
    with optional_kinds(cluster):
        await_reasons(cluster, RouteReady="Pending", MonitoringReady="AsSpecified")
        accept(cluster)
        await_reasons(cluster, RouteReady="RouteAccepted", MonitoringReady="AsSpecified")
        drift_is_put_right(cluster)
        cluster.patch(SERVICE, "hello", {"spec": {"route": None, "monitoring": {"enabled": False}}})
        cluster.await_absence(ROUTE, "hello")
        cluster.await_absence(MONITOR, "hello")
        cluster.patch(SERVICE, "hello", {"spec": EXPOSED | {"monitoring": {"enabled": True}}})
        await_reasons(cluster, RouteReady="Pending", MonitoringReady="AsSpecified")
    await_reasons(cluster, RouteReady="KindMissing", MonitoringReady="KindMissing")


def accept(cluster: Kubectl) -> None:
    """What a Gateway's controller does."""
    route = cluster.get(ROUTE, "hello")
    assert route is not None
    assert route["spec"]["hostnames"] == ["hello.example.org"]
    told = {"status": "True", "message": "", "lastTransitionTime": route["metadata"]["creationTimestamp"]}
    conditions = [
        {"type": kind, "reason": kind, "observedGeneration": route["metadata"]["generation"], **told}
        for kind in ("Accepted", "ResolvedRefs")
    ]
    parent = {"parentRef": PARENT, "controllerName": "example.org/gateway", "conditions": conditions}
    cluster.patch(ROUTE, "hello", {"status": {"parents": [parent]}}, subresource="status")


def drift_is_put_right(cluster: Kubectl) -> None:
    cluster.patch(ROUTE, "hello", {"spec": {"hostnames": ["elsewhere.example.org"]}})
    cluster.await_state(ROUTE, "hello", lambda found: found["spec"]["hostnames"] == ["hello.example.org"], timeout=30)


def await_reasons(cluster: Kubectl, **reasons: str) -> None:
    cluster.await_state(SERVICE, "hello", _shows(reasons), timeout=NOTICED_SECONDS)


def _shows(reasons: dict[str, str]) -> Callable[[Resource], bool]:
    return lambda found: all(condition_of(found, kind)["reason"] == reason for kind, reason in reasons.items())
