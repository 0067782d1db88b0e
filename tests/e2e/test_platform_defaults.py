"""Defaults of a platform run with the services that say nothing, and a change of them rolls those alone."""

from typing import Any, Final

from fleet import API_VERSION, PLATFORM, SERVICE, Images, await_ready, get_json, pods_of, service, start
from kubectl import Kubectl, Manifest, Resource, condition_of

NOTICED_SECONDS: Final = 15.0

LITTLE: Final = {"requests": {"cpu": "20m", "memory": "80Mi"}, "limits": {"memory": "256Mi"}}


def platform(**defaults: Any) -> Manifest:
    """A platform without servers."""
    return {
        "apiVersion": API_VERSION,
        "kind": "FleetPlatform",
        "metadata": {"name": "default"},
        "spec": {"defaults": defaults},
    }


def frugal(images: Images, name: str = "hello", **spec: Any) -> Manifest:
    """A service that says nothing of its resources."""
    said = service(images.v1, name, **spec)
    return {**said, "spec": {field: value for field, value in said["spec"].items() if field != "resources"}}


def test_defaults_come_about_and_what_the_service_says_wins(cluster: Kubectl, images: Images) -> None:
    cluster.apply(
        platform(
            resources=LITTLE,
            config={"GREETING": "from the platform", "REGION": "north"},
            pod={"labels": {"team": "platform"}},
        )
    )
    ready = start(cluster, frugal(images, config={"GREETING": "my own"}))
    assert get_json(cluster, "/environment/GREETING") == "my own"
    assert get_json(cluster, "/environment/REGION") == "north"
    (pod,) = pods_of(cluster)
    assert pod["spec"]["containers"][0]["resources"] == LITTLE
    assert pod["metadata"]["labels"]["team"] == "platform"
    assert "resources, config, pod" in condition_of(ready, "SpecValid")["message"]
    assert ready["metadata"]["generation"] == 1


def test_change_of_defaults_rolls_those_that_have_them_and_no_other(cluster: Kubectl, images: Images) -> None:
    cluster.apply(platform(config={"GREETING": "good morning"}))
    before = start(cluster, frugal(images))
    other = start(cluster, frugal(images, "other", config={"GREETING": "my own"}))

    def is_rolling(found: Resource) -> bool:
        return bool(found["status"]["revision"] != before["status"]["revision"])

    cluster.patch(PLATFORM, "default", {"spec": {"defaults": {"config": {"GREETING": "good evening"}}}})
    cluster.await_state(SERVICE, "hello", is_rolling, timeout=NOTICED_SECONDS)
    await_ready(cluster)
    assert get_json(cluster, "/environment/GREETING") == "good evening"
    found = cluster.get(SERVICE, "other")
    assert found is not None
    assert found["status"]["revision"] == other["status"]["revision"]
