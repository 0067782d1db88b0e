from typing import Any

import pytest
from fastapi_fleet.api.crd import FASTAPI_SERVICE, FLEET_PLATFORM, KINDS, ResourceKind, custom_resource_definition
from fastapi_fleet.api.reference import Field, fields_of
from fastapi_fleet.api.resource_status import ResourceStatus

STRUCTURAL_KEYWORDS = frozenset(
    {"description", "type", "format", "enum", "default", "minimum", "maximum", "minLength", "maxLength", "pattern"}
    | {"minItems", "maxItems", "maxProperties", "required", "properties", "items", "additionalProperties"}
    | {"x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"}
)

LIMITS_BY_TYPE = {
    "string": {"maxLength", "enum", "format"},
    "integer": {"maximum", "format"},
    "number": {"maximum"},
    "array": {"maxItems"},
    "object": {"maxProperties", "properties"},
    "boolean": {"type"},
}

DEFAULTS_OF_A_SERVICE = {
    "spec.broker.deletionPolicy": "Retain",
    "spec.database.adopt": False,
    "spec.database.deletionPolicy": "Retain",
    "spec.autoscaling.minReplicas": 1,
    "spec.podDisruptionBudget.enabled": True,
    "spec.topologySpread.enabled": True,
    "spec.networkPolicy.enabled": True,
    "spec.networkPolicy.egress": "Restricted",
    "spec.networkPolicy.to[].ports[].protocol": "TCP",
    "spec.platform": "default",
    "spec.app": "app.main:app",
    "spec.port": 8000,
    "spec.workers": 1,
    "spec.replicas": 1,
    "spec.route.path": "/",
    "spec.route.scheme": "https",
    "spec.ingress.path": "/",
    "spec.ingress.pathType": "Prefix",
    "spec.monitoring.enabled": True,
    "spec.monitoring.path": "/metrics",
    "spec.serviceAccount.mountToken": False,
    "spec.worker.replicas": 1,
    "spec.worker.probes.startupSeconds": 60,
    "spec.database.migrations.onSchemaAhead": "Allow",
    "spec.database.migrations.timeoutSeconds": 600,
    "spec.database.pool.beside": 0,
    "spec.database.pool.overflow": 0,
    "spec.preflight.contract.policy": "Warn",
    "spec.preflight.settings": "app.config:Settings",
    "spec.probes.startupSeconds": 60,
    "spec.shutdown.gracePeriodSeconds": 30,
    "spec.shutdown.drainSeconds": 5,
    "spec.rollout.autoRollback": "UnlessMigrated",
    "spec.rollout.minReadySeconds": 0,
    "spec.secrets[].signingKey.keepAfter": "24h",
    "spec.secrets[].signingKey.publishBefore": "10m",
    "spec.paused": False,
}


def version_of(resource: ResourceKind) -> dict[str, Any]:
    (version,) = custom_resource_definition(resource)["spec"]["versions"]
    found: dict[str, Any] = version
    return found


def schema_of(resource: ResourceKind) -> dict[str, Any]:
    schema: dict[str, Any] = version_of(resource)["schema"]["openAPIV3Schema"]
    return schema


def own_fields_of(resource: ResourceKind) -> list[Field]:
    """Fields of spec and status, and both themselves."""
    return [field for field in fields_of(schema_of(resource)) if field.path.startswith(("spec", "status"))]


@pytest.mark.parametrize("resource", KINDS, ids=lambda resource: resource.kind)
def test_every_field_says_what_it_means(resource: ResourceKind) -> None:
    assert [field.path for field in own_fields_of(resource) if not field.schema.get("description")] == []


@pytest.mark.parametrize("resource", KINDS, ids=lambda resource: resource.kind)
def test_every_field_has_a_limit(resource: ResourceKind) -> None:
    unlimited = [
        field.path for field in own_fields_of(resource) if not LIMITS_BY_TYPE[field.schema["type"]] & set(field.schema)
    ]
    assert unlimited == []


@pytest.mark.parametrize("resource", KINDS, ids=lambda resource: resource.kind)
def test_items_and_values_that_are_strings_have_a_limit(resource: ResourceKind) -> None:
    members = [
        (field.path, field.schema.get("items") or field.schema["additionalProperties"])
        for field in own_fields_of(resource)
        if {"items", "additionalProperties"} & set(field.schema)
    ]
    texts = [(path, member) for path, member in members if member["type"] == "string" and "enum" not in member]
    assert [path for path, member in texts if "maxLength" not in member] == []


@pytest.mark.parametrize("resource", KINDS, ids=lambda resource: resource.kind)
def test_schema_uses_structural_keywords_only(resource: ResourceKind) -> None:
    used = {keyword for field in own_fields_of(resource) for keyword in field.schema}
    assert used <= STRUCTURAL_KEYWORDS


def test_image_is_the_one_field_that_must_be_given() -> None:
    schema = schema_of(FASTAPI_SERVICE)
    assert schema["required"] == ["spec"]
    assert schema["properties"]["spec"]["required"] == ["image"]


def test_platform_needs_no_field() -> None:
    assert "required" not in schema_of(FLEET_PLATFORM)["properties"]["spec"]


def test_defaults_are_those_of_the_reference() -> None:
    found = {
        field.path: field.schema["default"]
        for field in own_fields_of(FASTAPI_SERVICE)
        if "default" in field.schema and field.path != "status"
    }
    assert found == DEFAULTS_OF_A_SERVICE


@pytest.mark.parametrize("resource", KINDS, ids=lambda resource: resource.kind)
def test_resource_that_nobody_has_seen_is_of_unknown_readiness(resource: ResourceKind) -> None:
    (status,) = [field.schema["default"] for field in own_fields_of(resource) if field.path == "status"]
    parsed = resource.status.model_validate(status)
    assert isinstance(parsed, ResourceStatus)
    assert parsed.observed_generation == 0
    assert [(condition.type, condition.status) for condition in parsed.conditions] == [("Ready", "Unknown")]


@pytest.mark.parametrize("resource", KINDS, ids=lambda resource: resource.kind)
def test_keys_of_map_lists_are_required_in_their_items(resource: ResourceKind) -> None:
    lists = [field.schema for field in own_fields_of(resource) if "x-kubernetes-list-map-keys" in field.schema]
    assert lists
    for schema in lists:
        assert set(schema["x-kubernetes-list-map-keys"]) <= set(schema["items"]["required"])


def test_service_can_be_scaled_and_its_paths_exist() -> None:
    paths = {f".{field.path}" for field in own_fields_of(FASTAPI_SERVICE)}
    scale = version_of(FASTAPI_SERVICE)["subresources"]["scale"]
    assert scale == {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    assert set(scale.values()) <= paths


@pytest.mark.parametrize("resource", KINDS, ids=lambda resource: resource.kind)
def test_status_is_a_subresource(resource: ResourceKind) -> None:
    assert version_of(resource)["subresources"]["status"] == {}


def test_get_shows_state_at_a_glance() -> None:
    columns = version_of(FASTAPI_SERVICE)["additionalPrinterColumns"]
    shown = [column["name"].upper() for column in columns if "priority" not in column]
    assert shown == ["READY", "REASON", "REPLICAS", "IMAGE", "URL", "AGE"]
    assert [column["name"].upper() for column in columns if column.get("priority") == 1] == ["MESSAGE"]


def test_names_of_the_kinds() -> None:
    names = {kind.kind: custom_resource_definition(kind)["spec"]["names"] for kind in KINDS}
    assert names["FastAPIService"]["shortNames"] == ["fas"]
    assert names["FleetPlatform"]["shortNames"] == ["flp"]
    assert all(name["categories"] == ["all", "fastapi"] for name in names.values())


def test_definition_is_made_afresh_each_time() -> None:
    custom_resource_definition(FASTAPI_SERVICE)["spec"]["versions"].clear()
    assert version_of(FASTAPI_SERVICE)["name"] == "v1alpha1"
