"""Secrets and ConfigMaps that additions to pods name are waited for, and roll the pods when they change."""

from typing import Any

import pytest
from fastapi_fleet.kube.kinds import Object
from support.fleet import Fleet, child
from support.resources import fastapi_service

VARIABLE = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "mine", "key": "key"}}}
CONTAINER = {"name": "beside", "image": "registry.example/beside:1", "env": [VARIABLE]}
SOURCES: dict[str, tuple[dict[str, Any], str, str]] = {
    "volume of a Secret": (
        {"volumes": [{"name": "keys", "secret": {"secretName": "mine"}}]},
        "SecretMissing",
        "spec.pod.volumes[0].secret",
    ),
    "volume of a ConfigMap": (
        {"volumes": [{"name": "keys", "configMap": {"name": "mine"}}]},
        "ConfigMapMissing",
        "spec.pod.volumes[0].configMap",
    ),
    "variable of an init container": (
        {"initContainers": [CONTAINER]},
        "SecretMissing",
        "spec.pod.initContainers[0].env",
    ),
    "variable of a sidecar": ({"sidecars": [CONTAINER]}, "SecretMissing", "spec.pod.sidecars[0].env"),
}


def data(kind: str, value: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "mine", "namespace": "team"},
        "data": {"key": value},
    }


@pytest.mark.parametrize(("pod", "reason", "field"), SOURCES.values(), ids=SOURCES.keys())
async def test_what_is_not_there_is_named(pod: dict[str, Any], reason: str, field: str) -> None:
    fleet = Fleet()
    resource = fastapi_service(pod=pod)
    await fleet.submit(resource)
    found = fleet.conditions(resource)["DependenciesReady"]
    assert found.reason == reason
    assert found.message.startswith(field)
    assert not fleet.kube.has(child("Deployment", "shop"))


@pytest.mark.parametrize(("pod", "reason", "field"), SOURCES.values(), ids=SOURCES.keys())
async def test_change_makes_a_new_revision(pod: dict[str, Any], reason: str, field: str) -> None:
    kind = reason.removesuffix("Missing")
    fleet = Fleet()
    fleet.kube.create(data(kind, "YQ=="))
    resource = fastapi_service(pod=pod)
    await fleet.submit(resource)
    before = fleet.status(resource)["revision"]
    fleet.kube.edit(child(kind, "mine"), lambda obj: obj["data"].update(key="Yg=="))
    await fleet.pass_over(resource)
    assert fleet.status(resource)["revision"] != before
