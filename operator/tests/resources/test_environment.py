"""One variable, one source."""

from typing import Any

import pytest
from fastapi_fleet.errors import InvalidSpecError
from fastapi_fleet.reconcile.parse import parse_service
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
    "env twice": ({"env": [{"name": "A"}, {"name": "A"}]}, "spec.env[1].name"),
}


@pytest.mark.parametrize(("spec", "field"), CLASHES.values(), ids=CLASHES.keys())
def test_variable_set_twice_is_refused_with_the_field(spec: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSpecError) as refused:
        parse_service(fastapi_service(**spec))
    assert refused.value.field == field
    assert "already set by spec." in refused.value.message
