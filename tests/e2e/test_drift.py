"""R9: what somebody deletes or edits by hand comes back as the spec has it; what belongs to others stays."""

import base64
import json

import pytest
from eventually import eventually
from fleet import SERVICE, Images, await_ready, children_of, pods_of, service, start
from kubectl import Kubectl, Manifest, Resource
from operator_process import Operator

REPAIR_SECONDS = 30.0

DELETED = {
    "deployment": "hello",
    "service": "hello",
    "configmap": "hello-config",
    "serviceaccount": "hello",
    "secret": "hello-secrets",
}

CONTAINER = ("spec", "template", "spec", "containers", 0)

EDITS: dict[str, tuple[str, Manifest | list[Manifest]]] = {
    "image": ("deployment/hello", [{"op": "replace", "path": f"/{'/'.join(map(str, CONTAINER))}/image", "value": "x"}]),
    "replicas": ("deployment/hello", [{"op": "replace", "path": "/spec/replicas", "value": 3}]),
    "variable added": (
        "deployment/hello",
        [{"op": "add", "path": f"/{'/'.join(map(str, CONTAINER))}/env/-", "value": {"name": "MINE", "value": "1"}}],
    ),
    "variable changed": (
        "deployment/hello",
        [{"op": "replace", "path": f"/{'/'.join(map(str, CONTAINER))}/env/1/value", "value": "mine"}],
    ),
    "probe removed": (
        "deployment/hello",
        [{"op": "remove", "path": f"/{'/'.join(map(str, CONTAINER))}/livenessProbe"}],
    ),
    "config changed": ("configmap/hello-config", [{"op": "replace", "path": "/data/GREETING", "value": "mine"}]),
    "config added": ("configmap/hello-config", [{"op": "add", "path": "/data/MINE", "value": "mine"}]),
    "port": ("service/hello", [{"op": "replace", "path": "/spec/ports/0/port", "value": 9999}]),
    "port added": ("service/hello", [{"op": "add", "path": "/spec/ports/-", "value": {"name": "mine", "port": 9999}}]),
    "selector": ("service/hello", [{"op": "add", "path": "/spec/selector/mine", "value": "yes"}]),
}
"""Each edit by hand: which child, and the JSON patch."""


def idle(images: Images) -> Manifest:
    """A service with every kind of child and no pods: most of drift needs none."""
    return service(
        images.v1,
        replicas=0,
        config={"GREETING": "hello"},
        env=[{"name": "PLAIN", "value": "ours"}],
        secrets=[{"env": "TOKEN", "generate": True}],
    )


def wanted_state(cluster: Kubectl) -> dict[str, object]:
    """What people see of the children, without what the cluster numbers and dates."""
    return {f"{child['kind']}/{child['metadata']['name']}": _lasting(child) for child in children_of(cluster)}


def _lasting(child: Resource) -> object:
    """Owner, labels and content; of a Secret the keys, since a deleted one is generated anew, which rolls the pods."""
    metadata = {key: child["metadata"].get(key) for key in ("labels", "ownerReferences")}
    spec = {key: value for key, value in child.get("spec", {}).items() if key not in {"clusterIP", "clusterIPs"}}
    if child["kind"] == "Deployment":
        spec["template"] = spec["template"]["spec"]
    data = child.get("data") or {}
    return {"metadata": metadata, "spec": spec, "data": sorted(data) if child["kind"] == "Secret" else data}


def token(cluster: Kubectl) -> str:
    secret = cluster.get("secret", "hello-secrets")
    assert secret is not None
    return base64.b64decode(secret["data"]["TOKEN"]).decode()


@pytest.mark.parametrize(("kind", "name"), DELETED.items(), ids=DELETED.keys())
def test_deleted_child_comes_back(cluster: Kubectl, images: Images, kind: str, name: str) -> None:
    start(cluster, idle(images))
    before = wanted_state(cluster)
    cluster.delete(kind, name)

    def restored() -> None:
        assert wanted_state(cluster) == before

    eventually(restored, REPAIR_SECONDS)
    await_ready(cluster)


def test_deleted_deployment_comes_back_with_pods(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1))
    (before,) = pods_of(cluster)
    cluster.delete("deployment", "hello")

    def replaced() -> None:
        assert [pod["metadata"]["uid"] == before["metadata"]["uid"] for pod in pods_of(cluster)] == [False]

    eventually(replaced, REPAIR_SECONDS)
    await_ready(cluster)


@pytest.mark.parametrize(("child", "edit"), EDITS.values(), ids=EDITS.keys())
def test_child_edited_by_hand_is_put_right(cluster: Kubectl, images: Images, child: str, edit: list[Manifest]) -> None:
    start(cluster, idle(images))
    before = wanted_state(cluster)
    cluster.run("patch", child, "--type=json", f"--patch={json.dumps(edit)}")

    def put_right() -> None:
        assert wanted_state(cluster) == before

    eventually(put_right, REPAIR_SECONDS)


def test_marks_of_others_are_left_alone(cluster: Kubectl, images: Images) -> None:
    start(cluster, idle(images))
    for child in ("deployment/hello", "service/hello", "configmap/hello-config"):
        cluster.run("annotate", child, "example.com/note=theirs")
        cluster.run("label", child, "example.com/team=theirs")
    cluster.patch(SERVICE, "hello", {"spec": {"port": 8080, "config": {"GREETING": "good day"}}})
    await_ready(cluster)
    for kind, name in (("deployment", "hello"), ("service", "hello"), ("configmap", "hello-config")):
        found = cluster.get(kind, name)
        assert found is not None
        assert found["metadata"]["annotations"]["example.com/note"] == "theirs"
        assert found["metadata"]["labels"]["example.com/team"] == "theirs"


def test_generated_secret_keeps_its_value_when_the_service_is_edited(cluster: Kubectl, images: Images) -> None:
    start(cluster, idle(images))
    before = token(cluster)
    second = [{"env": "TOKEN", "generate": True}, {"env": "OTHER", "generate": True}]
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2, "secrets": second}})
    await_ready(cluster)
    assert token(cluster) == before


def test_restarted_operator_changes_nothing(cluster: Kubectl, images: Images, operator: Operator) -> None:
    start(cluster, service(images.v1, secrets=[{"env": "TOKEN", "generate": True}]))
    before = versions(cluster)
    operator.restart()
    cluster.apply(service(images.v1, "later", replicas=0))
    await_ready(cluster, "later")
    assert versions(cluster) == before


def versions(cluster: Kubectl) -> dict[str, str]:
    """The last write of each of hello's children."""
    return {child["kind"]: child["metadata"]["resourceVersion"] for child in children_of(cluster)}
