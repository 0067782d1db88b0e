"""A new revision rolls the pods: exactly what pods read at start must make one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.deployment import render_deployment
from fastapi_fleet.resources.service_inputs import ServiceInputs
from fastapi_fleet.status.revisions import revision_of
from support.rendering import SERVICE_OWNER

SPEC: dict[str, Any] = {
    "image": "registry.example/shop:1",
    "config": {"LEVEL": "info"},
    "services": [{"name": "users", "env": "USERS"}],
}
INPUTS = ServiceInputs(
    credentials={"KEY": "one"}, referenced={"Secret team/vendor": "uid/1"}, dependency_ports={"users": 8000}
)


def revision(spec: dict[str, Any], inputs: ServiceInputs = INPUTS) -> str | None:
    return revision_of(render_deployment(SERVICE_OWNER, FastAPIServiceSpec.model_validate(spec), inputs))


NEW_SPECS: dict[str, dict[str, Any]] = {
    "image": {"image": "registry.example/shop:2"},
    "config value": {"config": {"LEVEL": "debug"}},
    "port": {"port": 9000},
    "environment": {"env": [{"name": "A", "value": "b"}]},
    "shutdown": {"shutdown": {"drainSeconds": 6}},
    "probes": {"probes": {"startupSeconds": 61}},
    "workers": {"workers": 2},
    "resources": {"resources": {"requests": {"cpu": "1"}}},
}

NEW_INPUTS: dict[str, Callable[[ServiceInputs], ServiceInputs]] = {
    "credentials": lambda inputs: replace(inputs, credentials={"KEY": "two"}),
    "version of a referenced Secret": lambda inputs: replace(inputs, referenced={"Secret team/vendor": "uid/2"}),
    "port of a dependency": lambda inputs: replace(inputs, dependency_ports={"users": 9000}),
}


@pytest.mark.parametrize("change", NEW_SPECS.values(), ids=NEW_SPECS.keys())
def test_new_revision_for_a_change_of(change: dict[str, Any]) -> None:
    assert revision({**SPEC, **change}) != revision(SPEC)


@pytest.mark.parametrize("change", NEW_INPUTS.values(), ids=NEW_INPUTS.keys())
def test_new_revision_for_another(change: Callable[[ServiceInputs], ServiceInputs]) -> None:
    assert revision(SPEC, change(INPUTS)) != revision(SPEC)


SEEN_BY_NO_POD: list[dict[str, Any]] = [{"replicas": 5}, {"paused": True}, {"rollout": {"minReadySeconds": 5}}]


@pytest.mark.parametrize("change", SEEN_BY_NO_POD, ids=str)
def test_same_revision_for_a_change_that_no_pod_sees(change: dict[str, Any]) -> None:
    assert revision({**SPEC, **change}) == revision(SPEC)


def test_pods_carry_the_revision_of_their_deployment() -> None:
    deployment = render_deployment(SERVICE_OWNER, FastAPIServiceSpec.model_validate(SPEC), INPUTS)
    assert revision_of(deployment["spec"]["template"]) == revision_of(deployment)


def test_no_credential_shows_on_the_deployment() -> None:
    canary = "canary-5f1e"
    deployment = render_deployment(
        SERVICE_OWNER, FastAPIServiceSpec.model_validate(SPEC), replace(INPUTS, credentials={"KEY": canary})
    )
    assert canary not in str(deployment)
    assert canary not in repr(replace(INPUTS, credentials={"KEY": canary}))
