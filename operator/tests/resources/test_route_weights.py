"""Weights of an HTTPRoute: of its rules that lead to the service, and of no others."""

from typing import Any

import pytest
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.route_weights import reweighting, with_weight

SPEC = FastAPIServiceSpec.model_validate({"image": "registry.example/shop:1", "port": 8000})

Backend = dict[str, Any]
SHOP: Backend = {"name": "shop", "port": 8000}
FILLED_IN: Backend = {"group": "", "kind": "Service", "weight": 1, **SHOP}
STRANGER: Backend = {"name": "other", "port": 80}


def shares(weight: int, port: int = 8000) -> list[Backend]:
    named = {"shop": 100 - weight, "shop-canary": weight}
    return [{"name": name, "port": port, "weight": share} for name, share in named.items()]


def route(*backends: list[Backend]) -> Manifest:
    rules = [{"matches": [], "backendRefs": each} for each in backends]
    return {"kind": "HTTPRoute", "metadata": {"name": "shop"}, "spec": {"hostnames": ["a.example"], "rules": rules}}


TABLE: dict[str, tuple[list[Backend], int | None, list[Backend] | None]] = {
    "plain, and so it stays": ([SHOP], None, None),
    "plain as the API server has it": ([FILLED_IN], None, None),
    "plain, and a canary that waits": ([FILLED_IN], 0, shares(0)),
    "another weight": (shares(10), 25, shares(25)),
    "the same weight": ([{"group": "", "kind": "Service", **share} for share in shares(25)], 25, None),
    "back": (shares(99), None, [SHOP]),
    "back with none": (shares(0), None, [SHOP]),
    "edited by a hand": ([*shares(25), STRANGER], 25, shares(25)),
    "filtered by a hand": ([{**share, "filters": [{"type": "X"}]} for share in shares(25)], 25, shares(25)),
    "canary alone": ([{"name": "shop-canary", "port": 8000}], None, [SHOP]),
    "port of the spec before": (shares(10, port=9000), 10, shares(10)),
    "closed paths": ([], 25, None),
    "another service's": ([STRANGER], 25, None),
}


@pytest.mark.parametrize(("live", "weight", "expected"), TABLE.values(), ids=TABLE.keys())
def test_live_route_is_given_the_weight(
    live: list[Backend], weight: int | None, expected: list[Backend] | None
) -> None:
    found = reweighting(route([], live), SPEC, weight)
    wanted = {"op": "replace", "path": "/spec/rules/1/backendRefs", "value": expected}
    assert found == ([wanted] if expected is not None else [])


def test_rendered_route_has_the_weight_in_its_open_rule_only() -> None:
    other: Manifest = {"kind": "Service", "metadata": {"name": "shop"}, "spec": {"ports": []}}
    assert with_weight([other, route([SHOP], [])], SPEC, 7) == [other, route(shares(7), [])]
    assert with_weight([other, route([SHOP], [])], SPEC, None) == [other, route([SHOP], [])]


@pytest.mark.parametrize("weight", range(100))
def test_weights_are_a_hundred_together(weight: int) -> None:
    (rendered,) = with_weight([route([SHOP])], SPEC, weight)
    backends = rendered["spec"]["rules"][0]["backendRefs"]
    assert sum(backend["weight"] for backend in backends) == 100
    assert backends[1]["weight"] == weight


def test_route_without_rules_has_none_to_weight() -> None:
    assert reweighting({"metadata": {"name": "shop"}, "spec": {}}, SPEC, 5) == []
