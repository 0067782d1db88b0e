"""Every error of every document is told at once, and no error where there is none."""

import json
from pathlib import Path
from typing import Any

import cel
import pytest
import yaml
from fastapi_fleet.api.crd import KINDS, resource_schema
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.api.structural import Schema
from fastapi_fleet.errors import InvalidSpecError
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.offline.validation import validate
from fastapi_fleet.reconcile.parse import parse_service
from hypothesis import given
from support import specs
from support.resources import fastapi_service, fleet_platform

CASES = Path(__file__).parents[1] / "data" / "render"


def told(*resources: Any) -> dict[str, str]:
    """Message by field."""
    text = "\n---\n".join(json.dumps(resource, ensure_ascii=False) for resource in resources)
    return {problem.field: problem.message for problem in validate([("shop.yaml", text)]).problems}


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_whatever_is_rendered_in_the_other_tests_is_valid(case: Path) -> None:
    resource = yaml.safe_load((case / "input.yaml").read_text())["resource"]
    assert told({"spec": {}} | resource) == {}


@given(specs.service_specs())
def test_whatever_the_operator_refuses_is_not_valid(spec: FastAPIServiceSpec) -> None:
    shop = fastapi_service(**spec.model_dump(by_alias=True, mode="json", exclude_unset=True))
    try:
        parse_service(shop)
    except InvalidSpecError:
        assert told(shop)


def test_errors_of_every_kind_are_told_together() -> None:
    shop = fastapi_service(
        replica=2,
        port="http",
        shutdown={"drainSeconds": 60},
        resources={"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}},
        env=[{"name": "A"}, {"name": "A"}],
    )
    del shop["spec"]["image"]
    assert told(shop, fleet_platform(postgres={"mode": "Cloud"})).keys() == {
        "spec.image",
        "spec.replica",
        "spec.port",
        "spec.shutdown.drainSeconds",
        "spec.env[1]",
        "spec.postgres.mode",
    }


def test_field_that_is_misspelt_is_told_with_the_one_that_is_meant() -> None:
    shop = fastapi_service(probes={"readiness": {"pathh": "/up"}}, pod={"volumes": [{"nam": "x", "emptyDir": {}}]})
    shop["sepc"] = {}
    shop["metadata"]["label"] = {}
    found = told(shop)
    assert found["spec.probes.readiness.pathh"] == "unknown field; did you mean path?"
    assert found["spec.pod.volumes[0].nam"] == "unknown field; did you mean name?"
    assert found["sepc"] == "unknown field; did you mean spec?"
    assert found["metadata.label"] == "unknown field; did you mean labels?"


def test_names_of_the_python_models_are_no_fields() -> None:
    assert told(fastapi_service(extra_ports=[])) == {"spec.extra_ports": "unknown field; did you mean extraPorts?"}


def test_requests_above_limits_are_told_which_only_the_operator_refuses() -> None:
    shop = fastapi_service(resources={"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}})
    assert told(shop) == {"spec.resources.requests.memory": "2Gi is more than the limit of 1Gi"}


def test_default_request_above_its_limit_is_told() -> None:
    impossible = {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "1Gi"}}
    platform = fleet_platform(defaults={"resources": impossible})
    assert told(platform) == {"spec.defaults.resources.requests.memory": "2Gi is more than the limit of 1Gi"}


def test_null_is_as_good_as_left_out() -> None:
    assert told(fastapi_service(replicas=None, database=None, shutdown={"drainSeconds": None})) == {}


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        ({"apiVersion": "fastapi-fleet.io/v2", "kind": "FastAPIService"}, "apiVersion"),
        ({"apiVersion": "fastapi-fleet.io/v1alpha1", "kind": "FastApiService"}, "kind"),
        ({"apiVersion": "fastapi-fleet.io/v1alpha1"}, "kind"),
        (fastapi_service() | {"metadata": None}, "metadata.name"),
        (fastapi_service() | {"metadata": "shop"}, "metadata"),
        (fastapi_service() | {"spec": None}, "spec"),
        (fastapi_service() | {"spec": []}, "spec"),
        (fastapi_service(env={"A": "b"}), "spec.env"),
        (fastapi_service(env=["A"]), "spec.env[0]"),
        (fastapi_service(config={"A": 1}), "spec.config.A"),
    ],
)
def test_odd_shape_is_an_error_and_no_crash(resource: Object, field: str) -> None:
    assert field in told(resource)


def test_documents_of_other_kinds_are_counted_and_passed_over() -> None:
    verdict = validate([("all.yaml", json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "spec": 1}))])
    assert (verdict.problems, verdict.resources, verdict.others) == ((), 0, 1)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({}, "is fastapi-fleet.io/v1alpha1"),
        ({"apiVersion": "fastapi-fleet/v1alpha1"}, "is fastapi-fleet.io/v1alpha1, not fastapi-fleet/v1alpha1"),
    ],
)
def test_kind_of_the_project_without_its_group_is_not_passed_over(stated: Object, message: str) -> None:
    shop = {name: part for name, part in fastapi_service().items() if name != "apiVersion"}
    assert told(shop | stated) == {"apiVersion": message}


def test_document_without_fields_is_an_error() -> None:
    assert told(["a"]) == {"": "is no resource: it has no fields"}


def test_resource_of_two_documents_is_an_error() -> None:
    assert told(fastapi_service(), fleet_platform("shop"), fastapi_service()) == {"": "is in shop.yaml:1, too"}


def expressions(schema: Schema) -> list[str]:
    """Every expression of every rule of a schema."""
    own = [
        rule[part]
        for rule in schema.get("x-kubernetes-validations", ())
        for part in ("rule", "messageExpression")
        if part in rule
    ]
    below = [
        *schema.get("properties", {}).values(),
        *(schema[part] for part in ("items", "additionalProperties") if part in schema),
    ]
    return [*own, *(expression for part in below for expression in expressions(part))]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_every_rule_can_be_evaluated(kind: Any) -> None:
    found = set(expressions(resource_schema(kind)))
    assert len(found) > 5
    for expression in found:
        cel.compile(expression)


@pytest.mark.parametrize(
    "other",
    [{"mode": "External", "external": {"adminSecretRef": {"name": "x"}}}, {"mode": "CloudNativePG"}],
    ids=lambda other: other["mode"],
)
def test_server_for_each_service_is_for_embedded_ones(other: dict[str, Any]) -> None:
    assert told(fleet_platform(postgres={"topology": "PerService"})) == {}
    refused = told(fleet_platform(postgres={"topology": "PerService", **other}))
    assert refused == {"spec.postgres.topology": "postgres.topology PerService is for postgres.mode Embedded"}
