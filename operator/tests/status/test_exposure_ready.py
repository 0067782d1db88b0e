"""RouteReady, IngressReady, MonitoringReady and the public URL."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.resource_status import FastAPIServiceStatus
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.status.exposure_ready import exposure_ready
from fastapi_fleet.status.facts import ServiceFacts
from fastapi_fleet.status.public_url import public_url
from fastapi_fleet.status.service_status import compute_service_status
from support.live import REVISION, deployment
from support.rendering import EVERY_KIND

PUBLIC = {"name": "public", "namespace": "gateways", "sectionName": "https"}
OWN = {"name": "own"}
ROUTE = {"hosts": ["shop.example.org"], "parentRefs": [PUBLIC, OWN]}


def facts(served: frozenset[str] = EVERY_KIND, **spec: Any) -> ServiceFacts:
    return ServiceFacts(
        namespace="team",
        name="shop",
        generation=2,
        spec=FastAPIServiceSpec.model_validate({"image": "i", **spec}),
        revision=REVISION,
        deployment=deployment(),
        served=served,
    )


def condition(kind: str, status: str = "True", generation: int = 3, **said: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "observedGeneration": generation, "reason": kind, **said}


ACCEPTED = [condition("Accepted"), condition("ResolvedRefs")]


def parent(ref: dict[str, str], *conditions: dict[str, Any]) -> dict[str, Any]:
    return {"parentRef": ref, "conditions": list(conditions)}


def route(*parents: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "team", "generation": 3},
        "spec": {"parentRefs": [PUBLIC, OWN]},
        **({"status": {"parents": list(parents)}} if parents else {}),
    }


REFUSED = condition("Accepted", "False", reason="NotAllowedByListeners", message="not from here")
UNRESOLVED = condition("ResolvedRefs", "False", reason="BackendNotFound", message="no such Service")
ROUTES: dict[str, tuple[dict[str, Any] | None, str, Reason, str]] = {
    "not written": (None, "Unknown", Reason.PENDING, "not been written"),
    "no answer": (route(), "Unknown", Reason.PENDING, "no answer yet from Gateway public, own"),
    "one answer of two": (route(parent(PUBLIC, *ACCEPTED)), "Unknown", Reason.PENDING, "Gateway own"),
    "accepted by both": (
        route(parent(PUBLIC, *ACCEPTED), parent(OWN, *ACCEPTED)), "True", Reason.ROUTE_ACCEPTED, "Gateway public, own",
    ),
    "namespace filled in": (
        route(parent(PUBLIC, *ACCEPTED), parent({**OWN, "namespace": "team"}, *ACCEPTED)),
        "True", Reason.ROUTE_ACCEPTED, "public, own",
    ),
    "another listener": (
        route(parent({**PUBLIC, "sectionName": "http"}, *ACCEPTED), parent(OWN, *ACCEPTED)),
        "Unknown", Reason.PENDING, "Gateway public",
    ),
    "answer to an older generation": (
        route(parent(PUBLIC, *ACCEPTED), parent(OWN, condition("Accepted", generation=2), condition("ResolvedRefs"))),
        "Unknown", Reason.PENDING, "Gateway own",
    ),
    "refused": (
        route(parent(PUBLIC, *ACCEPTED), parent(OWN, REFUSED)),
        "False", Reason.ROUTE_NOT_ACCEPTED, "Gateway own: Accepted is False, NotAllowedByListeners: not from here",
    ),
    "refused before the change": (
        route(parent(PUBLIC, *ACCEPTED), parent(OWN, {**REFUSED, "observedGeneration": 2})),
        "Unknown", Reason.PENDING, "Gateway own",
    ),
    "unresolved": (
        route(parent(PUBLIC, condition("Accepted"), UNRESOLVED)),
        "False", Reason.ROUTE_NOT_ACCEPTED, "ResolvedRefs is False, BackendNotFound: no such Service",
    ),
    "no condition yet": (route({"parentRef": PUBLIC}), "Unknown", Reason.PENDING, "Gateway public, own"),
}  # fmt: skip


@pytest.mark.parametrize(("live", "status", "reason", "message"), ROUTES.values(), ids=ROUTES.keys())
def test_route_is_ready_as_its_gateways_say(
    live: dict[str, Any] | None, status: str, reason: Reason, message: str
) -> None:
    (finding,) = exposure_ready(replace(facts(route=ROUTE), route=live))
    assert (finding.type, finding.status, finding.reason) == ("RouteReady", status, reason)
    assert message in finding.message


def ingress(**status: Any) -> dict[str, Any]:
    return {"metadata": {"generation": 1}, "spec": {}, **status}


INGRESSES: dict[str, tuple[dict[str, Any] | None, str, str]] = {
    "not written": (None, "Unknown", "no controller"),
    "no status": (ingress(), "Unknown", "no controller"),
    "no address": (ingress(status={"loadBalancer": {}}), "Unknown", "no controller"),
    "addresses": (
        ingress(status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "lb.example"}]}}),
        "True",
        "reached at 192.0.2.1, lb.example",
    ),
}


@pytest.mark.parametrize(("live", "status", "message"), INGRESSES.values(), ids=INGRESSES.keys())
def test_ingress_is_ready_once_it_has_an_address(live: dict[str, Any] | None, status: str, message: str) -> None:
    (finding,) = exposure_ready(replace(facts(ingress={"host": "shop.example.org"}), ingress=live))
    assert (finding.type, finding.status) == ("IngressReady", status)
    assert message in finding.message


def test_missing_kinds_are_said_where_the_spec_asks_for_them() -> None:
    found = {str(finding.type): finding for finding in exposure_ready(facts(frozenset(), route=ROUTE, monitoring={}))}
    assert {finding.reason for finding in found.values()} == {Reason.KIND_MISSING}
    assert "gateway.networking.k8s.io/v1" in found["RouteReady"].message
    assert "monitoring.coreos.com/v1" in found["MonitoringReady"].message


@pytest.mark.parametrize("spec", [{}, {"monitoring": {"enabled": False}}], ids=["left out", "turned off"])
def test_nothing_is_said_of_what_the_spec_does_not_ask_for(spec: dict[str, Any]) -> None:
    assert list(exposure_ready(facts(frozenset(), **spec))) == []
    assert list(exposure_ready(replace(facts(), spec=None))) == []


def test_monitoring_is_ready_once_the_monitor_is_there() -> None:
    (before,) = exposure_ready(facts(monitoring={}))
    assert (before.status, before.reason) == ("Unknown", Reason.PENDING)
    (after,) = exposure_ready(replace(facts(monitoring={}), monitor={"metadata": {}}))
    assert (after.type, after.status) == ("MonitoringReady", "True")


def test_ready_waits_for_nobody_outside() -> None:
    asked = facts(frozenset(), route=ROUTE, ingress={"host": "shop.example.org"}, monitoring={})
    status = compute_service_status(asked, FastAPIServiceStatus(), now="2026-01-02T00:00:00Z")
    conditions = {item.type: item.status for item in status.conditions}
    assert conditions["Ready"] == "True"
    assert conditions["RouteReady"] == conditions["MonitoringReady"] == "False"
    assert "Reconciling" not in conditions


INGRESS = {"host": "old.example.org", "path": "/shop"}
URLS: dict[str, tuple[dict[str, Any], str | None]] = {
    "neither": ({}, None),
    "route": ({"route": ROUTE}, "https://shop.example.org/"),
    "route over HTTP": ({"route": {**ROUTE, "scheme": "http", "path": "/a"}}, "http://shop.example.org/a"),
    "route before ingress": ({"route": ROUTE, "ingress": INGRESS}, "https://shop.example.org/"),
    "first host that is one": ({"route": {**ROUTE, "hosts": ["*.a.example", "b.example"]}}, "https://b.example/"),
    "route without a host": ({"route": {**ROUTE, "hosts": []}}, None),
    "ingress": ({"ingress": INGRESS}, "http://old.example.org/shop"),
    "ingress with TLS": ({"ingress": {**INGRESS, "tls": {"secretName": "t"}}}, "https://old.example.org/shop"),
    "ingress for any host": ({"ingress": {"host": "*.example.org"}}, None),
}


@pytest.mark.parametrize(("spec", "url"), URLS.values(), ids=URLS.keys())
def test_public_url(spec: dict[str, Any], url: str | None) -> None:
    assert public_url(FastAPIServiceSpec.model_validate({"image": "i", **spec}), EVERY_KIND) == url


def test_public_url_is_the_ingress_where_routes_are_not_served() -> None:
    spec = FastAPIServiceSpec.model_validate({"image": "i", "route": ROUTE, "ingress": INGRESS})
    assert public_url(spec, frozenset()) == "http://old.example.org/shop"


def test_public_url_goes_with_the_field() -> None:
    previous = FastAPIServiceStatus(public_url="https://shop.example.org/")
    assert compute_service_status(facts(), previous, now="2026-01-02T00:00:00Z").public_url is None
