"""Replicas pass between the spec and an autoscaler, and no pod is lost on the way."""

from eventually import eventually
from fleet import SERVICE, Images, await_ready, service, start
from kubectl import Kubectl
from watching import watching


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
