"""What a spec no longer asks for goes, and nothing else does."""

from typing import Any, Final

from fleet import API_VERSION, PLATFORM, SERVICE, Images, await_ready, service, start
from kubectl import Kubectl

ABSENT_IMAGE: Final = "localhost/fastapi-fleet/absent:1"
"""The servers need not run here."""

ASKED: Final[dict[str, Any]] = {
    "config": {"GREETING": "hello"},
    "secrets": [{"env": "TOKEN", "generate": True}],
    "autoscaling": {"maxReplicas": 3, "minReplicas": 2},
    "ingress": {"host": "hello.example.org"},
}
MADE: Final = {
    "configmap": "hello-config",
    "secret": "hello-secrets",
    "horizontalpodautoscaler": "hello",
    "poddisruptionbudget": "hello",
    "networkpolicy": "hello",
    "ingress": "hello",
    "service": "hello-closed",
    "serviceaccount": "hello",
}

GOING: Final = ("statefulset", "service", "networkpolicy")
STAYING: Final = {"persistentvolumeclaim": "data-default-rabbitmq-0", "secret": "default-rabbitmq-admin"}


def test_server_that_is_no_longer_named_goes_and_leaves_its_data(cluster: Kubectl) -> None:
    server = {"image": ABSENT_IMAGE}
    spec = {"postgres": server, "rabbitmq": server}
    cluster.apply({"apiVersion": API_VERSION, "kind": "FleetPlatform", "metadata": {"name": "default"}, "spec": spec})
    for kind, name in STAYING.items():
        cluster.await_state(kind, name, bool, timeout=60)
    cluster.patch(PLATFORM, "default", {"spec": {"rabbitmq": None}})
    for kind in GOING:
        cluster.await_absence(kind, "default-rabbitmq")
    assert all(cluster.get(kind, name) for kind, name in STAYING.items())
    assert cluster.get("statefulset", "default-postgres") is not None


def test_children_that_are_no_longer_asked_for_go(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, **ASKED))
    assert [kind for kind, name in MADE.items() if cluster.get(kind, name) is None] == []
    switched_off = {field: {"enabled": False} for field in ("networkPolicy", "podDisruptionBudget")}
    nothing = {**dict.fromkeys(ASKED), **switched_off, "serviceAccount": {"name": "default"}}
    cluster.patch(SERVICE, "hello", {"spec": nothing})
    for kind, name in MADE.items():
        cluster.await_absence(kind, name)
    await_ready(cluster)
