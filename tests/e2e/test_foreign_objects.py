"""An object of a wanted name that somebody else made is left alone, and said to be in the way."""

import pytest
from fleet import SERVICE, Images, await_ready, await_reason, children_of, service
from kubectl import Kubectl, Manifest, condition_of

POD_LABELS = {"app": "theirs"}

FOREIGN: dict[str, Manifest] = {
    "deployment": {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "hello"},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": POD_LABELS},
            "template": {
                "metadata": {"labels": POD_LABELS},
                "spec": {
                    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                    "containers": [
                        {
                            "name": "theirs",
                            "image": "theirs:1",
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "capabilities": {"drop": ["ALL"]},
                            },
                        }
                    ],
                },
            },
        },
    },
    "service": {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "hello"},
        "spec": {"selector": POD_LABELS, "ports": [{"port": 80}]},
    },
    "configmap": {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "hello-config"},
        "data": {"GREETING": "theirs"},
    },
}


@pytest.mark.parametrize(("kind", "theirs"), FOREIGN.items(), ids=FOREIGN.keys())
def test_foreign_object_is_left_alone_and_nothing_else_is_made(
    cluster: Kubectl, images: Images, kind: str, theirs: Manifest
) -> None:
    name = theirs["metadata"]["name"]
    cluster.apply(theirs)
    before = cluster.await_state(kind, name, is_settled)
    cluster.apply(service(images.v1, replicas=0, config={"GREETING": "ours"}))
    condition = await_reason(cluster, "Ready", "NotOwned")
    assert name in condition["message"]
    assert cluster.get(kind, name) == before
    assert children_of(cluster) == []
    stalled = cluster.get(SERVICE, "hello")
    assert stalled is not None
    assert condition_of(stalled, "Stalled")["status"] == "True"


def test_service_heals_when_the_foreign_object_is_gone(cluster: Kubectl, images: Images) -> None:
    cluster.apply(FOREIGN["deployment"])
    cluster.apply(service(images.v1, replicas=0))
    await_reason(cluster, "Ready", "NotOwned")
    cluster.delete("deployment", "hello")
    await_ready(cluster)


def is_settled(found: Manifest) -> bool:
    """Whether the controllers of Kubernetes have said all that they have to say about it."""
    generation = found["metadata"].get("generation")
    return bool(generation is None or found["status"].get("observedGeneration") == generation)
