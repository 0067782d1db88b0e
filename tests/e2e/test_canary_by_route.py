"""Canary by the weights of an HTTPRoute: exact, and never towards a Service that has no pod.

There is no gateway: the tests read the route as one would, and send requests to the Services that it leads to.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from definitions import GATEWAY_API, installed
from eventually import eventually
from fleet import SERVICE, Images, await_ready, get_json, pods_of, service, start
from kubectl import Kubectl, KubectlError, Resource

NOTICED_SECONDS: Final = 60.0
"""The operator looks for kinds every 30 s."""

STEP_SECONDS: Final = 60.0

SPEC: Final[dict[str, Any]] = {
    "replicas": 2,
    "shutdown": {"gracePeriodSeconds": 15, "drainSeconds": 5},
    "probes": {"startupSeconds": 10, "readiness": {"initialDelaySeconds": 0, "periodSeconds": 1}},
    "route": {"hosts": ["hello.example.org"], "parentRefs": [{"name": "public"}]},
    "rollout": {
        "progressDeadlineSeconds": 60,
        "canary": {"steps": [{"weight": 7, "pause": 8}, {"weight": 80, "pause": 8}]},
    },
}

Weights = dict[str, int]

PLAIN: Final[Weights] = {"hello": 1}


@pytest.fixture
def routed(cluster: Kubectl, images: Images) -> Iterator[Kubectl]:
    """Two pods of the first revision, with an HTTPRoute that leads to them."""
    with installed(cluster, GATEWAY_API):
        start(cluster, service(images.v1, **SPEC))
        cluster.await_state("httproute", "hello", lambda _: True, timeout=NOTICED_SECONDS)
        yield cluster


def weights_of(backends: list[Resource]) -> Weights:
    return {backend["name"]: backend["weight"] for backend in backends}


def weights(cluster: Kubectl) -> Weights:
    route = cluster.get("httproute", "hello")
    assert route is not None
    return weights_of(route["spec"]["rules"][0]["backendRefs"])


def canary_weight(resource: Resource) -> int | None:
    weight: int | None = resource["status"].get("canary", {}).get("routeWeight")
    return weight


@contextmanager
def watched(cluster: Kubectl) -> Iterator[Path]:
    """Each state of the route, a line of backends each, from now on."""
    with tempfile.NamedTemporaryFile("w+") as output:
        columns = "jsonpath={.spec.rules[0].backendRefs}{'\\n'}"
        process = cluster.start("get", "httproute", "hello", "--watch", f"--output={columns}", output=output)
        try:
            eventually(lambda: told(Path(output.name)), STEP_SECONDS)
            yield Path(output.name)
        finally:
            process.terminate()
            process.wait(timeout=10)


def told(output: Path) -> list[Weights]:
    """One after the other, each once."""
    states = [weights_of(json.loads(line)) for line in output.read_text().splitlines() if line]
    assert states
    return [state for at, state in enumerate(states) if at == 0 or states[at - 1] != state]


def pods_behind(cluster: Kubectl, name: str) -> set[str]:
    """Names of the pods to which a Service sends requests."""
    slices = cluster.select("endpointslices", f"kubernetes.io/service-name={name}")
    endpoints = [endpoint for one in slices for endpoint in one.get("endpoints") or ()]
    return {endpoint["targetRef"]["name"] for endpoint in endpoints if endpoint["conditions"]["ready"]}


def ask_as_a_gateway(cluster: Kubectl) -> set[tuple[str, str]]:
    """A request to each Service that has a weight: which one answered with which version."""
    before = weights(cluster)
    try:
        return {(name, get_json(cluster, "/version", name)) for name, weight in before.items() if weight}
    except KubectlError:
        if weights(cluster) != before:
            return set()
        raise


def test_weights_go_step_by_step_and_only_where_pods_are(routed: Kubectl, images: Images) -> None:
    answered: set[tuple[str, str]] = set()

    def reached(weight: int) -> Any:
        def check(resource: Resource) -> bool:
            answered.update(ask_as_a_gateway(routed))
            return canary_weight(resource) == weight

        return check

    def promoted(resource: Resource) -> bool:
        answered.update(ask_as_a_gateway(routed))
        return bool(resource["status"].get("canary", {}).get("phase") == "Promoted")

    with watched(routed) as output:
        routed.patch(SERVICE, "hello", {"spec": {"image": images.v2}})
        step = routed.await_state(SERVICE, "hello", reached(7), timeout=STEP_SECONDS)
        message = next(item for item in step["status"]["conditions"] if item["type"] == "RolloutComplete")["message"]
        assert "with 7 of 7 percent of the requests by the HTTPRoute" in message
        stable, canary = pods_of(routed), pods_of(routed, component="canary")
        assert (len(stable), len(canary)) == (2, 1)
        assert pods_behind(routed, "hello") == {pod["metadata"]["name"] for pod in stable}
        assert pods_behind(routed, "hello-canary") == {pod["metadata"]["name"] for pod in canary}
        assert {get_json(routed, "/version") for _ in range(10)} == {"1"}
        assert {get_json(routed, "/version", "hello-canary") for _ in range(10)} == {"2"}
        routed.await_state(SERVICE, "hello", reached(80), timeout=STEP_SECONDS)
        assert len(pods_behind(routed, "hello-canary")) == 2
        routed.await_state(SERVICE, "hello", promoted, timeout=STEP_SECONDS)
        await_ready(routed)
        history = told(output)
    shares = [{"hello": 100 - weight, "hello-canary": weight} for weight in (0, 7, 80)]
    assert history == [PLAIN, *shares, PLAIN]
    assert {("hello", "1"), ("hello-canary", "2")} <= answered
    assert ("hello-canary", "1") not in answered
    routed.await_absence("deployment", "hello-canary")
    routed.await_absence("service", "hello-canary")
    assert {get_json(routed, "/version") for _ in range(10)} == {"2"}


def test_weights_set_by_a_hand_are_put_back_and_go_with_the_canary(routed: Kubectl, images: Images) -> None:
    before = {pod["metadata"]["uid"] for pod in pods_of(routed)}
    canary = {"steps": [{"weight": 99, "pause": 3600}]}
    routed.patch(SERVICE, "hello", {"spec": {"image": images.v2, "rollout": {"canary": canary}}})
    routed.await_state(SERVICE, "hello", lambda resource: canary_weight(resource) == 99, timeout=STEP_SECONDS)
    edit = [{"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 50}]
    routed.run("patch", "httproute", "hello", "--type=json", f"--patch={json.dumps(edit)}")

    def put_back() -> None:
        assert weights(routed) == {"hello": 1, "hello-canary": 99}

    eventually(put_back, STEP_SECONDS)
    routed.patch(SERVICE, "hello", {"spec": {"image": images.v1}})
    await_ready(routed)
    routed.await_absence("deployment", "hello-canary")
    assert weights(routed) == PLAIN
    routed.await_absence("service", "hello-canary")
    assert {pod["metadata"]["uid"] for pod in pods_of(routed)} == before
    assert get_json(routed, "/version") == "1"
