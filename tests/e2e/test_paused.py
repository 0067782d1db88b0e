"""While a service is paused nothing but its status is written; afterwards all that was asked for meanwhile is."""

from eventually import eventually
from fleet import SERVICE, Images, await_ready, await_reason, children_of, pods_of, service, start
from kubectl import Kubectl, condition_of


def versions(cluster: Kubectl) -> dict[str, str]:
    """The last write of each child. The Deployment's status is its controller's, so its generation counts."""
    return {
        child["kind"]: str(child["metadata"].get("generation") or child["metadata"]["resourceVersion"])
        for child in children_of(cluster)
    }


def test_change_waits_until_the_service_is_not_paused(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, config={"GREETING": "hello"}))
    before = versions(cluster)
    cluster.patch(SERVICE, "hello", {"spec": {"paused": True, "config": {"GREETING": "good day"}}})
    condition = await_reason(cluster, "RolloutComplete", "Paused")
    assert "spec.paused" in condition["message"]
    assert versions(cluster) == before
    cluster.patch(SERVICE, "hello", {"spec": {"paused": False}})
    after = await_ready(cluster)
    assert condition_of(after, "Paused")["status"] == ""
    config = cluster.get("configmap", "hello-config")
    assert config is not None
    assert config["data"] == {"GREETING": "good day"}


def test_pause_alone_keeps_a_service_ready(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, replicas=0))
    cluster.patch(SERVICE, "hello", {"spec": {"paused": True}})
    paused = cluster.await_condition(SERVICE, "hello", "Paused", timeout=30)
    assert condition_of(paused, "Ready")["status"] == "True"


def test_child_deleted_meanwhile_comes_back_afterwards(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, replicas=0))
    cluster.patch(SERVICE, "hello", {"spec": {"paused": True}})
    cluster.await_condition(SERVICE, "hello", "Paused", timeout=30)
    cluster.delete("service", "hello")
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2}})
    await_reason(cluster, "RolloutComplete", "Paused")
    assert cluster.get("service", "hello") is None
    cluster.patch(SERVICE, "hello", {"spec": {"paused": False}})

    def restored() -> None:
        assert cluster.get("service", "hello") is not None

    eventually(restored, 30)


def test_edited_replicas_of_a_paused_service_wait(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, replicas=0))
    cluster.patch(SERVICE, "hello", {"spec": {"paused": True, "replicas": 1}})
    await_reason(cluster, "RolloutComplete", "Paused")
    assert pods_of(cluster) == []


def test_new_service_that_is_paused_gets_no_children(cluster: Kubectl, images: Images) -> None:
    cluster.apply(service(images.v1, paused=True))
    cluster.await_condition(SERVICE, "hello", "Paused", timeout=30)
    assert children_of(cluster) == []
