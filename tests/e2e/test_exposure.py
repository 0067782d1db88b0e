"""How services are reached and measured, in a cluster that gets the kinds for it late and loses them again.

The tests stand in for the Gateway, the ingress controller and Prometheus: they write the status that those would.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from definitions import GATEWAY_API, PROMETHEUS, installed, remove
from eventually import eventually
from fleet import SERVICE, Images, await_ready, await_reason, pods_of, service, start
from kubectl import Kubectl, Manifest, Resource, condition_of

NOTICED_SECONDS: Final = 60.0
"""The operator looks for kinds every 30 s."""

REPAIR_SECONDS: Final = 30.0

KINDS: Final = (*GATEWAY_API, *PROMETHEUS)

INTERNAL: Final = {"/docs", "/redoc", "/openapi.json", "/metrics", "/health"}

PUBLIC: Final = {"name": "public", "namespace": "gateways"}

EXPOSED: Final[dict[str, Any]] = {
    "route": {"hosts": ["hello.example.org"], "parentRefs": [PUBLIC]},
    "monitoring": {"labels": {"release": "prometheus"}, "interval": "30s"},
    "networkPolicy": {"fromNamespaces": ["gateways", "monitoring"]},
}


@pytest.fixture(scope="module")
def early(shared_cluster: Kubectl, images: Images) -> Resource:
    """A service that asks for kinds which the cluster does not have yet."""
    return start(shared_cluster, service(images.v1, **EXPOSED))


@pytest.fixture(scope="module")
def exposed(shared_cluster: Kubectl, early: Resource) -> Iterator[Kubectl]:
    """Its namespace, once the kinds have come."""
    with installed(shared_cluster, KINDS):
        for kind in ("httproute", "servicemonitor"):
            shared_cluster.await_state(kind, "hello", lambda _: True, timeout=NOTICED_SECONDS)
        yield shared_cluster


def get(cluster: Kubectl, kind: str, name: str = "hello") -> Resource:
    found = cluster.get(kind, name)
    assert found is not None
    return found


def answer(cluster: Kubectl, accepted: bool, reason: str, message: str) -> None:  # noqa: FBT001 - as the API has it
    """What the controller of the Gateway says of the route as it is now."""
    said = {
        "observedGeneration": get(cluster, "httproute")["metadata"]["generation"],
        "lastTransitionTime": "2026-01-01T00:00:00Z",
        "message": message,
    }
    conditions = [
        {"type": "Accepted", "status": str(accepted), "reason": reason, **said},
        {"type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs", **said},
    ]
    parent = {"parentRef": PUBLIC, "controllerName": "example.com/stand-in", "conditions": conditions}
    cluster.patch("httproute", "hello", {"status": {"parents": [parent]}}, subresource="status")


def paths_by_backend(route: Resource) -> dict[str, set[str]]:
    """Paths that an HTTPRoute or an Ingress sends to each Service; those of no Service under an empty name."""
    found: dict[str, set[str]] = {}
    for rule in route["spec"]["rules"]:
        for path in rule.get("http", {}).get("paths", ()):
            found.setdefault(path["backend"]["service"]["name"], set()).add(path["path"])
        for match in rule.get("matches", ()):
            backend = next((backend["name"] for backend in rule["backendRefs"]), "")
            found.setdefault(backend, set()).add(match["path"]["value"])
    return found


def test_service_runs_without_the_kinds_and_says_what_is_missing(early: Resource) -> None:
    assert condition_of(early, "RouteReady")["reason"] == "KindMissing"
    assert condition_of(early, "MonitoringReady")["reason"] == "KindMissing"
    assert "publicUrl" not in early["status"]


def test_route_and_monitor_follow_as_soon_as_their_kinds_are_there(exposed: Kubectl, early: Resource) -> None:
    assert paths_by_backend(get(exposed, "httproute")) == {"hello": {"/"}, "": INTERNAL}
    monitor = get(exposed, "servicemonitor")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["endpoints"] == [{"port": "http", "path": "/metrics", "interval": "30s"}]
    selector = ",".join(f"{name}={value}" for name, value in monitor["spec"]["selector"]["matchLabels"].items())
    assert [one["metadata"]["name"] for one in exposed.select("service", selector)] == ["hello"]
    found = exposed.await_condition(SERVICE, "hello", "MonitoringReady", timeout=REPAIR_SECONDS)
    assert found["status"]["publicUrl"] == "https://hello.example.org/"
    assert found["status"]["revision"] == early["status"]["revision"]


def test_status_tells_what_the_gateway_says(exposed: Kubectl) -> None:
    await_reason(exposed, "RouteReady", "Pending")
    answer(exposed, accepted=False, reason="NotAllowedByListeners", message="no listener allows this namespace")
    refused = await_reason(exposed, "RouteReady", "RouteNotAccepted")
    assert "no listener allows this namespace" in refused["message"]
    assert condition_of(get(exposed, SERVICE), "Ready")["status"] == "True"
    answer(exposed, accepted=True, reason="Accepted", message="")
    exposed.await_condition(SERVICE, "hello", "RouteReady", timeout=REPAIR_SECONDS)
    exposed.patch(SERVICE, "hello", {"spec": {"route": {"hosts": ["other.example.org"]}}})
    await_reason(exposed, "RouteReady", "Pending")


def test_hole_made_by_hand_is_closed_again(exposed: Kubectl) -> None:
    wanted = get(exposed, "httproute")["spec"]
    backend = {"name": "hello", "port": 8000}
    edit = [{"op": "replace", "path": "/spec/rules/1/backendRefs", "value": [backend]}]
    exposed.run("patch", "httproute", "hello", "--type=json", f"--patch={json.dumps(edit)}")

    def assert_closed() -> None:
        assert get(exposed, "httproute")["spec"] == wanted

    eventually(assert_closed, REPAIR_SECONDS)


def test_defaults_of_the_api_server_are_not_written_over(exposed: Kubectl) -> None:
    """What a pass would not leave alone, each pass would write."""
    await_ready(exposed)
    before = {kind: get(exposed, kind)["metadata"]["resourceVersion"] for kind in ("httproute", "servicemonitor")}
    exposed.patch(SERVICE, "hello", {"spec": {"replicas": 2}})
    await_ready(exposed)
    assert {kind: get(exposed, kind)["metadata"]["resourceVersion"] for kind in before} == before


def test_what_the_spec_no_longer_asks_for_goes(exposed: Kubectl, images: Images) -> None:
    start(exposed, service(images.v1, "passing", replicas=0, **EXPOSED))
    exposed.await_state("httproute", "passing", lambda _: True, timeout=REPAIR_SECONDS)
    exposed.patch(SERVICE, "passing", {"spec": {"route": None, "monitoring": {"enabled": False}}})
    exposed.await_absence("httproute", "passing")
    exposed.await_absence("servicemonitor", "passing")
    found = await_ready(exposed, "passing")
    assert "publicUrl" not in found["status"]
    assert condition_of(found, "RouteReady")["status"] == ""


def test_kinds_that_go_leave_the_service_running(exposed: Kubectl) -> None:
    """The last one of those that need the kinds."""
    before = [pod["metadata"]["uid"] for pod in pods_of(exposed)]
    remove(exposed, KINDS)
    await_reason(exposed, "RouteReady", "KindMissing")
    assert condition_of(await_ready(exposed), "MonitoringReady")["reason"] == "KindMissing"
    assert [pod["metadata"]["uid"] for pod in pods_of(exposed)] == before


def ingressed(images: Images, **spec: Any) -> Manifest:
    return service(images.v1, ingress={"host": "hello.example.org", "className": "stand-in"}, **spec)


def test_ingress_keeps_internal_paths_closed_and_shows_its_address(cluster: Kubectl, images: Images) -> None:
    found = start(cluster, ingressed(images))
    assert found["status"]["publicUrl"] == "http://hello.example.org/"
    assert condition_of(found, "NetworkOpen")["reason"] == "NobodyLetIn"
    await_reason(cluster, "IngressReady", "Pending")
    assert paths_by_backend(get(cluster, "ingress")) == {"hello": {"/"}, "hello-closed": INTERNAL}
    address = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}
    cluster.patch("ingress", "hello", address, subresource="status")
    reached = cluster.await_condition(SERVICE, "hello", "IngressReady", timeout=REPAIR_SECONDS)
    assert "192.0.2.1" in condition_of(reached, "IngressReady")["message"]


def test_closed_paths_lead_to_no_pod(cluster: Kubectl, images: Images) -> None:
    start(cluster, ingressed(images))

    def endpoints_of(name: str) -> list[Any]:
        slices = cluster.select("endpointslices", f"kubernetes.io/service-name={name}")
        assert slices, f"no EndpointSlice of {name} yet"
        return [endpoint for one in slices for endpoint in one.get("endpoints") or ()]

    assert len(eventually(lambda: endpoints_of("hello"), REPAIR_SECONDS)) == 1
    assert eventually(lambda: endpoints_of("hello-closed"), REPAIR_SECONDS) == []


def test_ingress_goes_with_its_field(cluster: Kubectl, images: Images) -> None:
    start(cluster, ingressed(images, replicas=0, networkPolicy={"fromNamespaces": ["ingress"]}))
    cluster.patch(SERVICE, "hello", {"spec": {"ingress": None}})
    cluster.await_absence("ingress", "hello")
    cluster.await_absence("service", "hello-closed")
    found = await_ready(cluster)
    assert condition_of(found, "IngressReady")["status"] == ""
