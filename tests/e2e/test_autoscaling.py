"""Replicas pass between the spec and an autoscaler, and no pod is lost on the way."""

import json
from typing import Any

from eventually import eventually
from fleet import SERVICE, Images, await_ready, get_json, pods_of, service, start
from kubectl import Kubectl, Resource
from watching import watching

BY_LOAD: dict[str, Any] = {
    "minReplicas": 1,
    "maxReplicas": 2,
    "targetCPUUtilizationPercentage": 200,
    "behavior": {"scaleUp": {"stabilizationWindowSeconds": 0}, "scaleDown": {"stabilizationWindowSeconds": 0}},
}
"""Of the 20m that a pod requests, one that only answers probes uses a quarter, one that burns ten times as much."""

SCALING_SECONDS = 120.0
"""Measured every 10 s, looked at every 15 s, on a busy machine."""


def replicas(cluster: Kubectl) -> int:
    deployment = cluster.get("deployment", "hello")
    assert deployment is not None
    return int(deployment["spec"]["replicas"])


def assert_autoscaled(cluster: Kubectl) -> None:
    assert cluster.get("horizontalpodautoscaler", "hello") is not None


def test_an_autoscaler_takes_over_the_pods_that_run(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, replicas=2))
    with watching(cluster, "deployment") as watch:
        cluster.patch(SERVICE, "hello", {"spec": {"autoscaling": {"minReplicas": 1, "maxReplicas": 3}}})
        await_ready(cluster)
        eventually(lambda: assert_autoscaled(cluster), 20)
        assert {event["object"]["spec"]["replicas"] for event in watch.events()} == {2}


def test_what_an_autoscaler_decides_survives_an_edit(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, autoscaling={"minReplicas": 1, "maxReplicas": 3}))
    cluster.run("scale", "deployment/hello", "--replicas=3")
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2}})
    await_ready(cluster)
    assert replicas(cluster) == 3


def test_without_an_autoscaler_the_spec_decides_again(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, replicas=1, autoscaling={"minReplicas": 1, "maxReplicas": 3}))
    cluster.run("scale", "deployment/hello", "--replicas=2")
    cluster.patch(SERVICE, "hello", {"spec": {"autoscaling": None}})
    await_ready(cluster)
    cluster.await_absence("horizontalpodautoscaler", "hello")
    assert replicas(cluster) == 1


def test_load_adds_a_pod_and_its_end_takes_it_away(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, autoscaling=BY_LOAD))
    (pod,) = pods_of(cluster)
    get_json(cluster, "/burn/600")
    scaled = cluster.await_state("deployment", "hello", lambda found: serving(found) == 2, timeout=SCALING_SECONDS)
    assert "fastapi-fleet" not in senders_of_replicas(cluster)
    cluster.run(
        "get", "--raw", f"/api/v1/namespaces/{cluster.namespace}/pods/{pod['metadata']['name']}:8000/proxy/burn/0"
    )
    cluster.await_state("deployment", "hello", lambda found: serving(found) == 1, timeout=SCALING_SECONDS)
    assert "fastapi-fleet" not in senders_of_replicas(cluster)
    assert await_ready(cluster)["status"]["replicas"] == 1
    assert template_of(cluster) == scaled["spec"]["template"], "scaling rolled the pods"


def serving(deployment: Resource) -> int:
    """Ready pods, where as many are wanted."""
    ready = int(deployment["status"].get("readyReplicas", 0))
    return ready if ready == deployment["spec"]["replicas"] else 0


def senders_of_replicas(cluster: Kubectl) -> set[str]:
    """The field managers that have a say in the number of pods."""
    shown = cluster.run("get", "deployment", "hello", "--show-managed-fields", "--output=json")
    fields = json.loads(shown)["metadata"]["managedFields"]
    return {entry["manager"] for entry in fields if "f:replicas" in entry["fieldsV1"].get("f:spec", {})}


def template_of(cluster: Kubectl) -> Resource:
    deployment = cluster.get("deployment", "hello")
    assert deployment is not None
    template: Resource = deployment["spec"]["template"]
    return template
