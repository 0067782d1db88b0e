"""Three lines and an image are a running, probed, hardened service, also where only hardened pods are admitted."""

import pytest
from fleet import REVISION, SERVICE, Images, get_json, pods_of
from kubectl import Kubectl, Resource

HELLO = """\
apiVersion: fastapi-fleet.io/v1alpha1
kind: FastAPIService
metadata: {{name: hello}}
spec: {{image: {image}}}
"""


@pytest.fixture(scope="module")
def hello(shared_cluster: Kubectl, images: Images) -> Resource:
    """The service, Ready as `kubectl wait` sees it."""
    shared_cluster.run("apply", "--filename=-", stdin=HELLO.format(image=images.v1))
    shared_cluster.run("wait", "--for=condition=Ready", "--timeout=110s", f"{SERVICE}/hello")
    ready = shared_cluster.get(SERVICE, "hello")
    assert ready is not None
    return ready


@pytest.fixture(scope="module")
def pod(shared_cluster: Kubectl, hello: Resource) -> Resource:
    (pod,) = pods_of(shared_cluster)
    return pod


@pytest.fixture(scope="module")
def container(pod: Resource) -> Resource:
    (container,) = pod["spec"]["containers"]
    found: Resource = container
    return found


def test_service_answers(shared_cluster: Kubectl, hello: Resource) -> None:
    assert get_json(shared_cluster, "/version") == "1"


def test_list_tells_state_and_address(shared_cluster: Kubectl, hello: Resource, images: Images) -> None:
    heading, row = shared_cluster.run("get", "fas").splitlines()
    assert heading.split() == ["NAME", "READY", "REASON", "REPLICAS", "IMAGE", "URL", "AGE"]
    url = f"http://hello.{shared_cluster.namespace}.svc:8000"
    assert row.split()[:-1] == ["hello", "True", "Available", "1", images.v1, url]


def test_service_is_in_category_all(shared_cluster: Kubectl, hello: Resource) -> None:
    assert "fastapiservice.fastapi-fleet.io/hello" in shared_cluster.run("get", "all", "--output=name")


def test_status_describes_what_runs(hello: Resource, pod: Resource, images: Images) -> None:
    status = hello["status"]
    assert status["observedGeneration"] == hello["metadata"]["generation"]
    assert (status["replicas"], status["readyReplicas"], status["image"]) == (1, 1, images.v1)
    assert status["revision"] == status["lastReadyRevision"] == pod["metadata"]["annotations"][REVISION]


def test_status_selector_finds_the_pods(shared_cluster: Kubectl, hello: Resource, pod: Resource) -> None:
    found = shared_cluster.select("pods", hello["status"]["selector"])
    assert [one["metadata"]["name"] for one in found] == [pod["metadata"]["name"]]


def test_operator_does_not_write_the_spec(hello: Resource) -> None:
    assert hello["metadata"]["generation"] == 1


def test_pod_is_probed(container: Resource) -> None:
    paths = {kind: container[kind]["httpGet"]["path"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {
        "startupProbe": "/health/live",
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
    }


def test_stopping_fits_the_grace_period(pod: Resource, container: Resource) -> None:
    drain = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    graceful = int(container["command"][container["command"].index("--timeout-graceful-shutdown") + 1])
    assert drain + graceful < pod["spec"]["terminationGracePeriodSeconds"] == 30


def test_pod_is_hardened(pod: Resource, container: Resource) -> None:
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["enableServiceLinks"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_pod_has_requests_and_a_memory_limit(container: Resource) -> None:
    assert container["resources"] == {
        "requests": {"cpu": "100m", "memory": "256Mi"},
        "limits": {"memory": "256Mi"},
    }


def test_applying_the_same_again_writes_nothing(shared_cluster: Kubectl, hello: Resource, images: Images) -> None:
    output = shared_cluster.run("apply", "--filename=-", stdin=HELLO.format(image=images.v1))
    assert "unchanged" in output
    found = shared_cluster.get(SERVICE, "hello")
    assert found is not None
    assert found["metadata"]["resourceVersion"] == hello["metadata"]["resourceVersion"]


def test_scale_subresource_scales(cluster: Kubectl, images: Images) -> None:
    cluster.run("apply", "--filename=-", stdin=HELLO.format(image=images.v1))
    cluster.run("scale", "fas/hello", "--replicas=0")
    ready = cluster.await_condition(SERVICE, "hello", "Ready", timeout=60)
    assert ready["spec"]["replicas"] == 0
    assert pods_of(cluster) == []
