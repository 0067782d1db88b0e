"""Preflight: real images are asked for their settings, with real Secrets, before anything of them runs."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from fleet import SERVICE, Images, await_ready, await_reason, guests, pods_of, serves, service, start
from kubectl import Kubectl, Manifest, Resource, condition_of

NAME = "careful"
CANARY = "c4n4ry/t00-short"


def careful(image: str, **spec: Any) -> Manifest:
    return service(image, NAME, preflight={}, **spec)


def preflights(cluster: Kubectl, kind: str = "jobs", name: str = NAME) -> list[Resource]:
    return cluster.select(kind, f"app.kubernetes.io/name={name},app.kubernetes.io/component=preflight")


def serving(cluster: Kubectl) -> list[str]:
    return [pod["metadata"]["uid"] for pod in pods_of(cluster, NAME) if serves(pod)]


def config_valid(resource: Resource) -> tuple[str, str]:
    condition = condition_of(resource, "ConfigValid")
    return condition["reason"], condition["message"]


@pytest.fixture(scope="module")
def careful_service(shared_cluster: Kubectl, images: Images) -> Kubectl:
    ready = start(shared_cluster, careful(images.v1))
    assert config_valid(ready) == (
        "SettingsAbsent",
        "nothing was checked: app.config:Settings: the image has no module app.config",
    )
    return shared_cluster


def seconds_of(job: Resource) -> float:
    return (at(condition_of(job, "Complete")["lastTransitionTime"]) - at(job["metadata"]["creationTimestamp"])).seconds


def at(time: str) -> datetime:
    return datetime.fromisoformat(time)


def test_image_is_asked_once_and_how_long_that_takes_is_told(
    careful_service: Kubectl, record_property: Callable[[str, object], None]
) -> None:
    (job,) = preflights(careful_service)
    record_property("seconds", seconds_of(job))


def test_refused_settings_are_named_and_the_revision_before_serves(careful_service: Kubectl, images: Images) -> None:
    before = serving(careful_service)
    careful_service.apply(careful(images.users, config={"DATABASE_POOL_MAX": "many"}))
    told = await_reason(careful_service, "ConfigValid", "SettingsRefused", NAME)
    for variable in ("DATABASE_URL: Field required", "JWT_SECRET: ", "DATABASE_POOL_MAX: Input should be a valid"):
        assert variable in told["message"]
    resource = careful_service.get(SERVICE, NAME)
    assert resource is not None
    assert condition_of(resource, "Ready")["message"] == told["message"]
    assert serving(careful_service) == before
    assert resource["status"]["image"] == images.v1


def test_mended_secret_is_checked_again_and_no_value_of_it_shows(careful_service: Kubectl, images: Images) -> None:
    before = serving(careful_service)
    secret: Manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}}
    careful_service.create({**secret, "stringData": {"url": f"no-url:{CANARY}", "key": CANARY}})
    references = {"DATABASE_URL": "url", "RABBITMQ_URL": "url", "JWT_SECRET": "key"}
    secrets = [{"env": variable, "name": "login", "key": key} for variable, key in references.items()]
    careful_service.apply(careful(images.users, secrets=secrets))
    told = await_reason(careful_service, "ConfigValid", "SettingsRefused", NAME)
    assert "DATABASE_URL: Value error, must look like postgresql://" in told["message"]
    assert "JWT_SECRET: Value error, must have 32 bytes or more" in told["message"]
    (pod,) = preflights(careful_service, "pods")
    assert CANARY not in json.dumps([pod, careful_service.get(SERVICE, NAME)])
    url = "postgresql://shop:pass@nowhere/shop"
    careful_service.patch("secret", "login", {"stringData": {"url": url, "key": CANARY * 2}})

    def names_the_broker_alone(resource: Resource) -> bool:
        message = condition_of(resource, "ConfigValid")["message"]
        return "RABBITMQ_URL" in message and "JWT_SECRET" not in message and "DATABASE_URL" not in message

    careful_service.await_state(SERVICE, NAME, names_the_broker_alone, timeout=60)
    assert serving(careful_service) == before


def test_going_back_to_what_runs_is_ready_at_once(careful_service: Kubectl, images: Images) -> None:
    before = serving(careful_service)
    careful_service.apply(careful(images.v1))
    assert config_valid(await_ready(careful_service, NAME))[0] == "Unchanged"
    assert preflights(careful_service) == []
    assert serving(careful_service) == before


def test_settings_of_a_service_with_backends_are_accepted(furnished_cluster: Kubectl, images: Images) -> None:
    manifest = guests(images, NAME)
    manifest["spec"]["preflight"] = {}
    assert config_valid(start(furnished_cluster, manifest))[0] == "SettingsAccepted"


def test_image_without_python_is_not_let_in(cluster: Kubectl, images: Images) -> None:
    cluster.apply(service(images.postgres, NAME, preflight={}, env=[{"name": "PATH", "value": "/nowhere"}]))
    told = await_reason(cluster, "ConfigValid", "PreflightFailed", NAME, timeout=150)
    assert "python" in told["message"]
    assert pods_of(cluster, NAME) == []
