"""What admission cannot tell, status does: the field is named, nothing is created, and the operator goes on."""

from fleet import SERVICE, Images, await_ready, await_reason, children_of, get_json, service, start
from kubectl import Kubectl, condition_of

TOO_MUCH = {"requests": {"memory": "512Mi"}, "limits": {"memory": "256Mi"}}
ENOUGH = {"requests": {"memory": "128Mi"}, "limits": {"memory": "256Mi"}}


def test_contradiction_is_named_by_field_and_nothing_is_created(cluster: Kubectl, images: Images) -> None:
    cluster.apply(service(images.v1, resources=TOO_MUCH))
    condition = await_reason(cluster, "SpecValid", "InvalidSpec")
    assert "spec.resources.requests[memory]" in condition["message"]
    assert children_of(cluster) == []
    found = cluster.get(SERVICE, "hello")
    assert found is not None
    assert condition_of(found, "Ready")["status"] == "False"
    assert condition_of(found, "Stalled")["status"] == "True"


def test_other_services_and_the_corrected_one_go_on(cluster: Kubectl, images: Images) -> None:
    cluster.apply(service(images.v1, resources=TOO_MUCH, replicas=0))
    await_reason(cluster, "SpecValid", "InvalidSpec")
    start(cluster, service(images.v1, "other", replicas=0))
    cluster.patch(SERVICE, "hello", {"spec": {"resources": ENOUGH}})
    await_ready(cluster)


def test_revision_before_the_contradiction_goes_on_serving(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1))
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2, "resources": TOO_MUCH}})
    await_reason(cluster, "SpecValid", "InvalidSpec")
    assert get_json(cluster, "/version") == "1"
