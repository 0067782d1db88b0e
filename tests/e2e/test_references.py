"""A change of what a spec refers to reaches the pods within seconds, though the operator does not own it."""

import time
from collections.abc import Callable
from typing import Any, Final

import pytest
from fleet import SERVICE, Images, await_ready, get_json, service, start
from kubectl import Kubectl, Manifest, Resource

NOTICED_SECONDS: Final = 15.0

REFERRING: dict[str, tuple[str, Manifest]] = {
    "Secret in secrets": ("secret", {"secrets": [{"env": "GREETING", "name": "mine", "key": "GREETING"}]}),
    "Secret in envFrom": ("secret", {"envFrom": [{"secretRef": {"name": "mine"}}]}),
    "ConfigMap in env": (
        "configmap",
        {"env": [{"name": "GREETING", "valueFrom": {"configMapKeyRef": {"name": "mine", "key": "GREETING"}}}]},
    ),
}


def greeting(kind: str, text: str) -> Manifest:
    """An object of the user's own, with no label of the operator's."""
    if kind == "secret":
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}, "stringData": {"GREETING": text}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}, "data": {"GREETING": text}}


@pytest.mark.parametrize(("kind", "spec"), REFERRING.values(), ids=REFERRING.keys())
def test_change_rolls_the_pods_within_seconds(
    cluster: Kubectl, images: Images, kind: str, spec: dict[str, Any], record_property: Callable[[str, object], None]
) -> None:
    cluster.apply(greeting(kind, "hello"))
    before = start(cluster, service(images.v1, **spec))
    assert get_json(cluster, "/environment/GREETING") == "hello"

    def is_rolling(found: Resource) -> bool:
        return bool(found["status"]["revision"] != before["status"]["revision"])

    changed_at = time.monotonic()
    cluster.apply(greeting(kind, "good day"))
    cluster.await_state(SERVICE, "hello", is_rolling, timeout=NOTICED_SECONDS)
    record_property("seconds", round(time.monotonic() - changed_at, 1))
    await_ready(cluster)
    assert get_json(cluster, "/environment/GREETING") == "good day"
