"""Status of a FleetPlatform from what a pass found."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.endpoints import BrokerEndpoint, PostgresEndpoint
from fastapi_fleet.api.resource_status import FleetPlatformStatus
from fastapi_fleet.status.conditions import Finding, failed_by, fails, holds, merge, unknown
from fastapi_fleet.status.facts import PlatformFacts
from fastapi_fleet.status.pods import first_cause
from fastapi_fleet.status.production_grade import production_grade
from fastapi_fleet.status.spec_valid import spec_valid
from fastapi_fleet.status.summary import summarise

COMPONENTS = {"postgres": ConditionType.POSTGRES_READY, "rabbitmq": ConditionType.RABBITMQ_READY}


def compute_platform_status(facts: PlatformFacts, previous: FleetPlatformStatus, *, now: str) -> FleetPlatformStatus:
    """`now`: RFC 3339, in UTC."""
    findings = summarise(_findings(facts))
    return previous.model_copy(
        update={
            "observed_generation": facts.generation,
            "conditions": merge(findings, previous.conditions, generation=facts.generation, now=now),
            **_endpoints(facts, previous),
        }
    )


def _findings(facts: PlatformFacts) -> Iterator[Finding]:
    yield spec_valid(facts.problem)
    if facts.spec is None:
        return
    yield _children_applied(facts)
    for component, kind in COMPONENTS.items():
        if getattr(facts.spec, component) is not None:
            yield _backend_ready(facts, component, kind)
    yield from production_grade(facts.spec, facts.clusters)
    if facts.spec.paused:
        yield holds(ConditionType.PAUSED, Reason.PAUSED, "spec.paused is true: nothing but status is written")


def _endpoints(
    facts: PlatformFacts, previous: FleetPlatformStatus
) -> dict[str, PostgresEndpoint | BrokerEndpoint | None]:
    """Of servers that others run. One that a pass could not find is where it was: running services keep their URL."""
    known: dict[str, PostgresEndpoint | BrokerEndpoint | None] = {
        "postgres": previous.postgres,
        "rabbitmq": previous.rabbitmq,
    }
    if facts.spec is None:
        return known
    modes = {"postgres": facts.spec.postgres, "rabbitmq": facts.spec.rabbitmq}
    found = {component: server.endpoint for component, server in facts.external.items()}
    return {
        component: found.get(component) or known[component]
        if server is not None and server.mode != "Embedded"
        else None
        for component, server in modes.items()
    }


def _children_applied(facts: PlatformFacts) -> Finding:
    """Apart from the backends' own state: a write that failed does not make a server that runs unready."""
    if facts.problem is not None:
        return failed_by(ConditionType.CHILDREN_APPLIED, facts.problem)
    if facts.diverges_while_paused:
        message = "what runs is not what the spec says; it is put right when spec.paused is false"
        return fails(ConditionType.CHILDREN_APPLIED, Reason.PAUSED, message)
    return holds(
        ConditionType.CHILDREN_APPLIED, Reason.AS_SPECIFIED, "all that the platform consists of is as specified"
    )


def _backend_ready(facts: PlatformFacts, component: str, kind: ConditionType) -> Finding:
    external = facts.external.get(component)
    if external is not None:
        state = external.state
        return holds(kind, state.reason, state.message) if state.ready else fails(kind, state.reason, state.message)
    stateful_set = facts.stateful_sets.get(component)
    if stateful_set is None:
        return unknown(kind, Reason.PENDING, f"{component} has not been started yet")
    if _is_available(stateful_set):
        return holds(kind, Reason.AVAILABLE, f"{component} is ready")
    cause = first_cause(facts.pods.get(component, ()), facts.secret_values)
    if cause is not None:
        return fails(kind, cause.reason, cause.message)
    return fails(kind, Reason.BACKEND_NOT_READY, f"{component} is starting")


def _is_available(stateful_set: Mapping[str, Any]) -> bool:
    status: Mapping[str, Any] = stateful_set.get("status") or {}
    seen = status.get("observedGeneration", 0) >= stateful_set["metadata"]["generation"]
    newest = status.get("currentRevision") == status.get("updateRevision")
    return seen and newest and status.get("readyReplicas", 0) >= stateful_set["spec"]["replicas"]
