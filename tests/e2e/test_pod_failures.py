"""Why a service does not come up is told by its status, within seconds and without secrets."""

from typing import Any

import pytest
from fleet import SERVICE, Images, await_ready, await_reason, get_json, pods_of, service, start
from kubectl import Kubectl, Manifest

ABSENT_IMAGE = "localhost/fastapi-fleet/absent:1"

CRASH = "import os, sys; print('starting'); print('cannot use ' + os.environ['TOKEN'], flush=True); sys.exit(3)"


MINE = {"name": "mine", "key": "TOKEN"}

SOURCES: dict[str, Manifest] = {
    "secrets": {"secrets": [{"env": "TOKEN", **MINE}]},
    "env": {"env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": MINE}}]},
    "envFrom": {"envFrom": [{"secretRef": {"name": "mine"}}]},
}
"""Each way in which a spec takes a variable from a Secret of the user."""


def crashing(image: str, **token: Any) -> Manifest:
    """A service that quotes its secret as it dies; `token` is the part of the spec that brings the secret."""
    return service(image, command=["python", "-c", CRASH], **token)


def test_image_that_cannot_be_pulled_is_named_and_the_old_revision_serves(cluster: Kubectl, images: Images) -> None:
    before = start(cluster, service(images.v1))
    cluster.patch(SERVICE, "hello", {"spec": {"image": ABSENT_IMAGE}})
    ready = await_reason(cluster, "Ready", "ImagePullFailed")
    assert ready["status"] == "False"
    assert "container app" in ready["message"]
    assert ABSENT_IMAGE in ready["message"]
    assert f"revision {before['status']['revision']} goes on serving" in ready["message"]
    assert get_json(cluster, "/version") == "1"
    found = cluster.get(SERVICE, "hello")
    assert found is not None
    assert found["status"]["lastReadyRevision"] == before["status"]["revision"] != found["status"]["revision"]


def test_corrected_image_heals(cluster: Kubectl, images: Images) -> None:
    cluster.apply(service(ABSENT_IMAGE))
    await_reason(cluster, "Ready", "ImagePullFailed")
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v1}})
    await_ready(cluster)
    (pod,) = pods_of(cluster)
    assert pod["spec"]["containers"][0]["image"] == images.v1


def test_crash_is_told_with_exit_code_and_last_line_but_without_a_generated_secret(
    cluster: Kubectl, images: Images
) -> None:
    cluster.apply(crashing(images.v1, secrets=[{"env": "TOKEN", "generate": True}]))
    ready = await_reason(cluster, "Ready", "CrashLoop")
    assert "exit code 3" in ready["message"]
    assert "cannot use ***" in ready["message"]


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_crash_does_not_tell_a_secret_of_the_user(cluster: Kubectl, images: Images, source: Manifest) -> None:
    cluster.run("create", "secret", "generic", "mine", "--from-literal=TOKEN=canary-canary-canary")
    cluster.apply(crashing(images.v1, **source))
    ready = await_reason(cluster, "Ready", "CrashLoop")
    assert "cannot use ***" in ready["message"]
    assert "canary" not in ready["message"]


def test_crash_does_not_tell_the_password_of_an_address(cluster: Kubectl, images: Images) -> None:
    address = {"name": "TOKEN", "value": "postgresql://app:canary-canary@db:5432/app"}
    cluster.apply(crashing(images.v1, env=[address]))
    ready = await_reason(cluster, "Ready", "CrashLoop")
    assert "cannot use postgresql://app:***@db:5432/app" in ready["message"]


def test_crashing_revision_does_not_take_over(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1))
    cluster.patch(SERVICE, "hello", {"spec": {"app": "app.main:absent"}})
    ready = await_reason(cluster, "Ready", "CrashLoop")
    assert "app.main" in ready["message"]
    assert get_json(cluster, "/version") == "1"


def test_pod_that_fits_no_node_is_told(cluster: Kubectl, images: Images) -> None:
    cluster.apply(service(images.v1, resources={"requests": {"cpu": "1000"}}))
    assert "cpu" in await_reason(cluster, "Ready", "Unschedulable")["message"]


def test_pod_that_is_not_ready_is_told(cluster: Kubectl, images: Images) -> None:
    probes = {"readiness": {"path": "/absent", "initialDelaySeconds": 0, "periodSeconds": 1}}
    cluster.apply(service(images.v1, probes=probes))
    await_reason(cluster, "Ready", "NotAnsweringProbes")
