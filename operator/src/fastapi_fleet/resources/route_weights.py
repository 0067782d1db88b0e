"""Weights of an HTTPRoute: which part of a service's requests its canary has."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources import http_route, names
from fastapi_fleet.resources.manifest import Manifest

_ALL: Final = 100

_FILLED_IN: Final = {"group": "", "kind": "Service", "weight": 1}
"""What the API server puts into a backend by itself."""


def with_weight(manifests: Iterable[Manifest], spec: FastAPIServiceSpec, weight: int | None) -> list[Manifest]:
    """The HTTPRoute among them has the weight, and the hash that it has without: it is the same address."""
    return [_weighted(item, spec, weight) if item["kind"] == http_route.KIND else item for item in manifests]


def reweighting(live: Manifest, spec: FastAPIServiceSpec, weight: int | None) -> list[dict[str, Any]]:
    """JSON Patch (RFC 6902) that gives a live HTTPRoute the weight, whatever else it says; empty where it has it."""
    return [
        {"op": "replace", "path": f"/spec/rules/{at}/backendRefs", "value": wanted}
        for at, wanted in _backends(live, spec, weight)
        if _filled_in(live["spec"]["rules"][at]["backendRefs"]) != _filled_in(wanted)
    ]


def _weighted(route: Manifest, spec: FastAPIServiceSpec, weight: int | None) -> Manifest:
    rules = list(route["spec"]["rules"])
    for at, wanted in _backends(route, spec, weight):
        rules[at] = {**rules[at], "backendRefs": wanted}
    return {**route, "spec": {**route["spec"], "rules": rules}}


def _backends(route: Manifest, spec: FastAPIServiceSpec, weight: int | None) -> Iterator[tuple[int, list[Manifest]]]:
    """What rules are to lead to, by their place: those of the service; without a weight those of a canary."""
    service = route["metadata"]["name"]
    canary = names.canary(service)
    for at, rule in enumerate(route["spec"].get("rules") or ()):
        led_to = {backend.get("name") for backend in rule.get("backendRefs") or ()}
        if weight is None and canary in led_to:
            yield at, [{"name": service, "port": spec.port}]
        elif weight is not None and led_to & {service, canary}:
            shares = {service: _ALL - weight, canary: weight}
            yield at, [{"name": name, "port": spec.port, "weight": share} for name, share in shares.items()]


def _filled_in(backends: Iterable[Manifest]) -> list[Manifest]:
    return [{**_FILLED_IN, **backend} for backend in backends]
