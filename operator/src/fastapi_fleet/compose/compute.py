"""Compute resources and the number of pods."""

from typing import Any

from fastapi_fleet.compose.models import ComposeService
from fastapi_fleet.resources.equality import quantity


def resources_of(service: ComposeService) -> dict[str, Any]:
    """spec.resources, of deploy.resources or of the older keys. A request never is above its limit."""
    deploy = service.deploy.resources
    limits = {"cpu": deploy.limits.cpus or service.cpus, "memory": deploy.limits.memory or service.mem_limit}
    requests = {"cpu": deploy.reservations.cpus, "memory": deploy.reservations.memory or service.mem_reservation}
    amounts = {"requests": _set(requests), "limits": _set(limits)}
    for name, limit in amounts["limits"].items():
        if name in amounts["requests"] and quantity(amounts["requests"][name]) > quantity(limit):
            amounts["requests"][name] = limit
    return {kind: values for kind, values in amounts.items() if values}


def replicas_of(service: ComposeService) -> int | None:
    return service.deploy.replicas if service.deploy.replicas is not None else service.scale


def _set(amounts: dict[str, str | None]) -> dict[str, str]:
    return {name: amount for name, amount in amounts.items() if amount is not None and quantity(amount) > 0}
