"""What a service says wins over the defaults of its platform; what it does not say is theirs."""

from typing import Any

import pytest
from fastapi_fleet.api.crd import FASTAPI_SERVICE, resource_schema
from fastapi_fleet.api.defaults_spec import Defaults
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.offline.admission import refusals
from fastapi_fleet.reconcile.parse import require_consistent
from fastapi_fleet.resources.environment import variables_of
from fastapi_fleet.resources.platform_defaults import TAKEN_WHOLE, taken_from_defaults, with_defaults
from hypothesis import assume, given
from pydantic import BaseModel
from support import specs
from support.rendering import rendered_service
from support.resources import fastapi_service

Json = dict[str, Any]

EVERY_DEFAULT: Json = {
    "imagePullPolicy": "Always",
    "imagePullSecrets": [{"name": "registry"}],
    "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
    "config": {"LOG_LEVEL": "info", "REGION": "north"},
    "networkPolicy": {
        "fromNamespaces": ["ingress"],
        "from": [{"namespace": "monitoring"}],
        "to": [{"namespace": "tracing", "ports": [{"port": 4317}]}],
    },
    "ingress": {"className": "public", "annotations": {"issuer": "acme", "size": "1m"}},
    "monitoring": {"labels": {"release": "prometheus"}},
    "shutdown": {"gracePeriodSeconds": 60, "drainSeconds": 15},
    "pod": {
        "labels": {"team": "platform", "cost": "shared"},
        "annotations": {"note": "platform", "more": "yes"},
        "nodeSelector": {"pool": "apps"},
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "priorityClassName": "standard",
    },
}

NAMESPACES, PEER = ["ingress"], {"namespace": "monitoring"}

WINS: dict[str, tuple[Json, str, Any]] = {
    "policy of pulls": ({"imagePullPolicy": "Never"}, "imagePullPolicy", "Never"),
    "pull secrets, beside": (
        {"imagePullSecrets": [{"name": "own"}, {"name": "registry"}]},
        "imagePullSecrets",
        [{"name": "own"}, {"name": "registry"}],
    ),
    "resources, whole": (
        {"resources": {"requests": {"cpu": "1"}}},
        "resources",
        {"requests": {"cpu": "1"}},
    ),
    "a variable of config": (
        {"config": {"LOG_LEVEL": "debug"}},
        "config",
        {"LOG_LEVEL": "debug", "REGION": "north"},
    ),
    "a variable of env": ({"env": [{"name": "LOG_LEVEL", "value": "debug"}]}, "config", {"REGION": "north"}),
    "a variable of secrets": ({"secrets": [{"env": "REGION", "generate": True}]}, "config", {"LOG_LEVEL": "info"}),
    "a variable of services": ({"services": [{"env": "REGION", "name": "x"}]}, "config", {"LOG_LEVEL": "info"}),
    "peers, beside": (
        {"networkPolicy": {"fromNamespaces": ["own"], "from": [PEER]}},
        "networkPolicy",
        {
            "fromNamespaces": ["own", "ingress"],
            "from": [PEER],
            "to": [{"namespace": "tracing", "ports": [{"port": 4317}]}],
        },
    ),
    "class of the ingress": (
        {"ingress": {"host": "shop.example.org", "className": "own", "annotations": {"size": "8m"}}},
        "ingress",
        {"host": "shop.example.org", "className": "own", "annotations": {"issuer": "acme", "size": "8m"}},
    ),
    "monitoring, whole": ({"monitoring": {"enabled": False}}, "monitoring", {"enabled": False}),
    "shutdown, whole": ({"shutdown": {"drainSeconds": 1}}, "shutdown", {"drainSeconds": 1}),
    "shutdown as the API's own defaults have it": ({"shutdown": {}}, "shutdown", {}),
    "labels and annotations, one by one": (
        {"pod": {"labels": {"team": "shop"}, "annotations": {"note": "shop"}, "priorityClassName": "high"}},
        "pod",
        EVERY_DEFAULT["pod"]
        | {
            "labels": {"team": "shop", "cost": "shared"},
            "annotations": {"note": "shop", "more": "yes"},
            "priorityClassName": "high",
        },
    ),
    "placement, also where it is none": (
        {"pod": {"nodeSelector": {}, "tolerations": []}},
        "pod",
        {key: value for key, value in EVERY_DEFAULT["pod"].items() if key not in {"nodeSelector", "tolerations"}},
    ),
}


def spec_of(**fields: Any) -> FastAPIServiceSpec:
    return FastAPIServiceSpec.model_validate({"image": "registry.example/shop:1", **fields})


def told(value: Any) -> Any:
    """In the words of the API, without what nobody said."""
    return value.model_dump(by_alias=True, exclude_defaults=True) if isinstance(value, BaseModel) else value


def test_service_that_says_nothing_has_every_default() -> None:
    spec = with_defaults(spec_of(ingress={"host": "shop.example.org"}), Defaults.model_validate(EVERY_DEFAULT))
    assert told(spec) == {
        "image": "registry.example/shop:1",
        **EVERY_DEFAULT,
        "ingress": {"host": "shop.example.org", **EVERY_DEFAULT["ingress"]},
    }


@pytest.mark.parametrize(("says", "field", "expected"), WINS.values(), ids=WINS)
def test_what_the_service_says_wins(says: Json, field: str, expected: Any) -> None:
    own, complete = spec_of(**says), with_defaults(spec_of(**says), Defaults.model_validate(EVERY_DEFAULT))
    assert told(complete).get(field, {}) == expected
    unmentioned = type(own).model_fields.keys() - Defaults.model_fields.keys()
    assert {name: getattr(complete, name) for name in unmentioned} == {name: getattr(own, name) for name in unmentioned}


def test_defaults_expose_no_service_that_does_not_ask() -> None:
    assert with_defaults(spec_of(), Defaults.model_validate(EVERY_DEFAULT)).ingress is None


def test_fields_that_are_not_the_specs_alone_are_named() -> None:
    own = spec_of(resources={}, config={"LOG_LEVEL": "debug", "REGION": "south"})
    complete = with_defaults(own, Defaults.model_validate({name: EVERY_DEFAULT[name] for name in ("config", "pod")}))
    assert taken_from_defaults(own, complete) == ("pod",)


def test_api_server_fills_in_no_field_that_a_platform_has_a_default_for() -> None:
    """Else what it filled in would count as said, and the platform's default would never count."""
    fields = resource_schema(FASTAPI_SERVICE)["properties"]["spec"]["properties"]
    pod, ingress = fields["pod"]["properties"], fields["ingress"]["properties"]
    looked_at = (
        *(fields[FastAPIServiceSpec.model_fields[name].alias or name] for name in Defaults.model_fields),
        *(pod[name] for name in EVERY_DEFAULT["pod"]),
        *(ingress[name] for name in EVERY_DEFAULT["ingress"]),
    )
    assert [field for field in looked_at if "default" in field] == []


@given(specs.service_specs())
def test_no_defaults_change_nothing(spec: FastAPIServiceSpec) -> None:
    complete = with_defaults(spec, Defaults())
    assert complete == spec
    assert rendered_service(complete) == rendered_service(spec)


@given(specs.service_specs(), specs.platform_defaults)
def test_defaults_count_once(spec: FastAPIServiceSpec, defaults: Defaults) -> None:
    complete = with_defaults(spec, defaults)
    assert with_defaults(complete, defaults) == complete


@given(specs.service_specs(), specs.platform_defaults)
def test_nothing_that_a_service_says_is_lost(spec: FastAPIServiceSpec, defaults: Defaults) -> None:
    complete = with_defaults(spec, defaults)
    for name in {*FastAPIServiceSpec.model_fields} - {*Defaults.model_fields}:
        assert getattr(complete, name) == getattr(spec, name)
    for name in TAKEN_WHOLE:
        if name in spec.model_fields_set and getattr(spec, name) is not None:
            assert getattr(complete, name) == getattr(spec, name)
    assert complete.config.items() >= spec.config.items()
    assert complete.pod.labels.items() >= spec.pod.labels.items()
    assert complete.pod.annotations.items() >= spec.pod.annotations.items()
    assert complete.image_pull_secrets[: len(spec.image_pull_secrets)] == spec.image_pull_secrets
    sources = [name for name, _ in variables_of(complete)]
    assert len(sources) == len(set(sources))


@given(specs.service_specs(), specs.platform_defaults)
def test_good_spec_with_good_defaults_is_one_that_admission_lets_through(
    spec: FastAPIServiceSpec, defaults: Defaults
) -> None:
    def written(said: FastAPIServiceSpec) -> Json:
        return fastapi_service(**said.model_dump(by_alias=True, mode="json", exclude_unset=True))

    assume(not refusals(written(spec)))
    complete = with_defaults(spec, defaults)
    assert refusals(written(complete)) == []
    require_consistent("shop", complete)
