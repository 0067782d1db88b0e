"""NetworkOpen: whether anybody outside gets as far as what the spec exposes."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.resource_status import FastAPIServiceStatus
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.status.facts import ServiceFacts
from fastapi_fleet.status.network_open import network_open
from fastapi_fleet.status.service_status import compute_service_status
from support.live import REVISION, deployment

ROUTED = {"route": {"parentRefs": [{"name": "public"}]}}
INGRESSED = {"ingress": {"host": "shop.example.org"}}


def facts(**spec: Any) -> ServiceFacts:
    return ServiceFacts(
        namespace="team",
        name="shop",
        generation=2,
        spec=FastAPIServiceSpec.model_validate({"image": "i", **spec}),
        revision=REVISION,
        deployment=deployment(),
    )


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        (ROUTED, "spec.route: "),
        (INGRESSED, "spec.ingress: "),
        ({"monitoring": {}}, "spec.monitoring: "),
        ({**ROUTED, **INGRESSED, "networkPolicy": {"egress": "Open"}}, "spec.route, spec.ingress: "),
    ],
)
def test_warns_where_nobody_outside_is_let_in(spec: dict[str, Any], fields: str) -> None:
    finding = network_open(facts(**spec))
    assert finding is not None
    assert (finding.type, finding.status, finding.reason) == ("NetworkOpen", "False", Reason.NOBODY_LET_IN)
    assert finding.message.startswith(fields)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"monitoring": {"enabled": False}},
        {**ROUTED, "networkPolicy": {"enabled": False}},
        {**ROUTED, "networkPolicy": {"fromNamespaces": ["gateways"]}},
        {**INGRESSED, "networkPolicy": {"from": [{"cidr": "192.0.2.0/24"}]}},
    ],
    ids=["nothing exposed", "monitor turned off", "no policy", "namespace let in", "addresses let in"],
)
def test_says_nothing_where_nobody_is_kept_out(spec: dict[str, Any]) -> None:
    assert network_open(facts(**spec)) is None


def test_says_nothing_where_the_chart_lets_a_namespace_in() -> None:
    assert network_open(replace(facts(**ROUTED), caller_namespaces=("gateways",))) is None


def test_says_nothing_of_a_spec_that_is_not_known() -> None:
    assert network_open(replace(facts(), spec=None)) is None


def test_ready_does_not_wait_for_it() -> None:
    status = compute_service_status(facts(**ROUTED), FastAPIServiceStatus(), now="2026-01-02T00:00:00Z")
    conditions = {item.type: item.status for item in status.conditions}
    assert (conditions["NetworkOpen"], conditions["Ready"]) == ("False", "True")
    assert "Reconciling" not in conditions
