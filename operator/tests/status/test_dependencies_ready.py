"""DependenciesReady."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.errors import DependencyMissingError
from fastapi_fleet.status.dependencies_ready import dependencies_ready
from fastapi_fleet.status.facts import ServiceFacts

FACTS = ServiceFacts(namespace="team", name="shop", generation=1)


def facts(**spec: Any) -> ServiceFacts:
    return replace(FACTS, spec=FastAPIServiceSpec.model_validate({"image": "i", **spec}))


def test_says_nothing_for_a_service_that_refers_to_nothing() -> None:
    assert dependencies_ready(facts()) is None
    assert dependencies_ready(facts(env=[{"name": "A", "value": "plain"}])) is None
    assert dependencies_ready(FACTS) is None


REFERENCES: list[dict[str, Any]] = [
    {"services": [{"name": "users", "env": "A"}]},
    {"secrets": [{"env": "A", "name": "vendor", "key": "k"}]},
    {"envFrom": [{"secretRef": {"name": "vendor"}}]},
    {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "vendor", "key": "k"}}}]},
    {"pod": {"volumes": [{"name": "vendor", "secret": {"secretName": "vendor"}}]}},
    {"database": {}},
    {"broker": {}},
]


@pytest.mark.parametrize("spec", REFERENCES, ids=lambda spec: next(iter(spec)))
def test_holds_once_everything_is_there(spec: dict[str, Any]) -> None:
    finding = dependencies_ready(facts(**spec))
    assert finding is not None
    assert (finding.status, finding.reason) == ("True", Reason.DEPENDENCIES_FOUND)


def test_what_is_missing_is_named_even_where_the_spec_is_not_known() -> None:
    problem = DependencyMissingError(Reason.SECRET_MISSING, "spec.secrets[0].name: Secret team/vendor is not there")
    finding = dependencies_ready(replace(FACTS, problem=problem))
    assert finding is not None
    assert (finding.status, finding.reason, finding.message) == ("False", Reason.SECRET_MISSING, problem.message)


def test_services_that_are_not_ready_are_named() -> None:
    finding = dependencies_ready(replace(facts(**REFERENCES[0]), waiting_for=("users", "stock")))
    assert finding is not None
    assert (finding.status, finding.reason) == ("False", Reason.SERVICE_NOT_READY)
    assert "users, stock" in finding.message
