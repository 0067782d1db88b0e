"""What a canary tries: another image or configuration, and no password or key that the operator has made."""

from typing import Any

import pytest
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import ANNOTATION_RELEASE
from fastapi_fleet.resources.deployment import render_deployment
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.release import is_same_release
from fastapi_fleet.resources.service_inputs import ServiceInputs
from support.rendering import SERVICE_OWNER

SPEC: dict[str, Any] = {
    "image": "registry.example/shop:1",
    "config": {"LEVEL": "info"},
    "secrets": [
        {"env": "PEPPER", "generate": True},
        {"env": "KEY", "signingKey": {"otherEnv": "OTHER_KEY"}},
        {"env": "TOKEN", "name": "login", "key": "token"},
    ],
    "database": {},
    "broker": {"publishes": ["order.created"]},
    "rollout": {"canary": {"steps": [{"weight": 10, "pause": 60}]}},
}
CREDENTIALS = {
    "DATABASE_URL": "postgresql://team.shop:old@default-postgres.team:5432/team.shop",
    "RABBITMQ_URL": "amqp://team.shop:old@default-rabbitmq.team:5672/team",
    "PEPPER": "old",
    "KEY": "old",
    "OTHER_KEY": "",
}
REFERENCED = {"Secret/team/login": "1"}


def deployment(spec: dict[str, Any], credentials: dict[str, str], referenced: dict[str, str]) -> Manifest:
    inputs = ServiceInputs(credentials=credentials, referenced=referenced)
    return render_deployment(SERVICE_OWNER, FastAPIServiceSpec.model_validate(SPEC | spec), inputs)


BEFORE = deployment({}, CREDENTIALS, REFERENCED)

RENEWED = {
    "password of the database": {"DATABASE_URL": CREDENTIALS["DATABASE_URL"].replace("old", "new")},
    "login of the database": {"DATABASE_URL": CREDENTIALS["DATABASE_URL"].replace("shop:old", "shop.b:new")},
    "login of the broker": {"RABBITMQ_URL": CREDENTIALS["RABBITMQ_URL"].replace("shop:old", "shop.b:new")},
    "generated value": {"PEPPER": "new"},
    "signing key": {"KEY": "new", "OTHER_KEY": "old"},
}


@pytest.mark.parametrize("values", RENEWED.values(), ids=RENEWED.keys())
def test_what_the_operator_makes_anew_is_not_tried(values: dict[str, str]) -> None:
    after = deployment({}, CREDENTIALS | values, REFERENCED)
    assert after["spec"]["template"] != BEFORE["spec"]["template"]
    assert is_same_release(BEFORE, after)


TRIED: dict[str, tuple[dict[str, Any], dict[str, str], dict[str, str]]] = {
    "image": ({"image": "registry.example/shop:2"}, {}, REFERENCED),
    "configuration": ({"config": {"LEVEL": "debug"}}, {}, REFERENCED),
    "variable": ({"env": [{"name": "LEVEL_2", "value": "debug"}]}, {}, REFERENCED),
    "Secret of the user": ({}, {}, {"Secret/team/login": "2"}),
    "server": ({}, {"DATABASE_URL": "postgresql://team.shop:old@other:5432/team.shop"}, REFERENCED),
    "database": ({}, {"DATABASE_URL": "postgresql://team.shop:old@default-postgres.team:5432/other"}, REFERENCED),
    "TLS": ({}, {"RABBITMQ_URL": CREDENTIALS["RABBITMQ_URL"].replace("amqp", "amqps")}, REFERENCED),
}


@pytest.mark.parametrize(("spec", "credentials", "referenced"), TRIED.values(), ids=TRIED.keys())
def test_what_is_asked_of_the_service_is_tried(
    spec: dict[str, Any], credentials: dict[str, str], referenced: dict[str, str]
) -> None:
    assert not is_same_release(BEFORE, deployment(spec, CREDENTIALS | credentials, referenced))


def test_nothing_is_noted_where_nothing_is_tried_and_what_notes_nothing_is_another() -> None:
    without = deployment({"rollout": {}}, CREDENTIALS, REFERENCED)
    assert ANNOTATION_RELEASE not in without["metadata"]["annotations"]
    assert not is_same_release(without, BEFORE)
    assert not is_same_release(without, without)
