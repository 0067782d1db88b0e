"""One variable, one source."""

from typing import Any

import pytest
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.api.worker_spec import Worker
from fastapi_fleet.errors import InvalidSpecError
from fastapi_fleet.reconcile.parse import parse_service
from fastapi_fleet.resources.environment import render_env
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.service_inputs import ServiceInputs
from fastapi_fleet.resources.worker import worker_spec
from support.resources import fastapi_service

CLASHES: dict[str, tuple[dict[str, Any], str]] = {
    "database and env": ({"database": {}, "env": [{"name": "DATABASE_URL"}]}, "spec.env[0].name"),
    "database and config": ({"database": {}, "config": {"DATABASE_URL": "x"}}, "spec.config[DATABASE_URL]"),
    "broker and secrets": (
        {"broker": {}, "secrets": [{"env": "A", "generate": True}, {"env": "RABBITMQ_URL", "generate": True}]},
        "spec.secrets[1].env",
    ),
    "broker and services": (
        {"broker": {}, "services": [{"name": "users", "env": "RABBITMQ_URL"}]},
        "spec.services[0].env",
    ),
    "config and env": ({"config": {"A": "1"}, "env": [{"name": "B"}, {"name": "A"}]}, "spec.env[1].name"),
    "config and secrets": ({"config": {"A": "1"}, "secrets": [{"env": "A", "generate": True}]}, "spec.secrets[0].env"),
    "secrets and services": (
        {"secrets": [{"env": "A", "generate": True}], "services": [{"name": "users", "env": "A"}]},
        "spec.services[0].env",
    ),
    "services and env": ({"services": [{"name": "u", "env": "A"}], "env": [{"name": "A"}]}, "spec.env[0].name"),
    "both keys of a signing key": (
        {"secrets": [{"env": "A", "signingKey": {"otherEnv": "A"}}]},
        "spec.secrets[0].signingKey.otherEnv",
    ),
    "env twice": ({"env": [{"name": "A"}, {"name": "A"}]}, "spec.env[1].name"),
}


@pytest.mark.parametrize(("spec", "field"), CLASHES.values(), ids=CLASHES.keys())
def test_variable_set_twice_is_refused_with_the_field(spec: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSpecError) as refused:
        parse_service(fastapi_service(**spec))
    assert refused.value.field == field
    assert "already set by spec." in refused.value.message


def test_service_with_a_broker_is_told_what_its_queues_begin_with() -> None:
    assert {"name": "SERVICE_NAME", "value": "shop"} in env_of({"broker": {}})
    assert not [variable for variable in env_of({}) if variable["name"] == "SERVICE_NAME"]


@pytest.mark.parametrize(
    "spec", [{"env": [{"name": "SERVICE_NAME", "value": "till"}]}, {"config": {"SERVICE_NAME": "till"}}]
)
def test_name_that_the_spec_sets_is_not_set_again(spec: dict[str, Any]) -> None:
    assert {"name": "SERVICE_NAME", "value": "shop"} not in env_of({"broker": {}, **spec})


def test_service_with_a_worker_answers_requests_alone() -> None:
    assert {"name": "PROCESS", "value": "web"} in env_of({"worker": {}})
    assert not [variable for variable in env_of({}) if variable["name"] == "PROCESS"]


@pytest.mark.parametrize(
    "spec",
    [
        {"env": [{"name": "PROCESS", "value": "all"}]},
        {"config": {"PROCESS": "all"}},
        {"secrets": [{"env": "PROCESS", "name": "mine", "key": "process"}]},
        {"services": [{"name": "users", "env": "PROCESS"}]},
    ],
    ids=lambda spec: next(iter(spec)),
)
def test_worker_carries_events_whatever_the_spec_says_that_the_service_does(spec: dict[str, Any]) -> None:
    assert {"name": "PROCESS", "value": "web"} not in env_of({"worker": {}, **spec})
    own = worker_spec(parsed := FastAPIServiceSpec(image="i", **spec), Worker())
    inputs = ServiceInputs(dependency_ports={service.name: 8000 for service in parsed.services})
    found = [variable for variable in render_env("shop", "team", own, inputs) if variable["name"] == "PROCESS"]
    assert found == [{"name": "PROCESS", "value": "worker"}]


def env_of(spec: dict[str, Any]) -> list[Manifest]:
    parsed = FastAPIServiceSpec(image="i", **spec)
    inputs = ServiceInputs(dependency_ports={service.name: 8000 for service in parsed.services})
    return render_env("shop", "team", parsed, inputs)
