"""Status of a FleetPlatform from what a pass found."""

from collections.abc import Iterator

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.endpoints import BrokerEndpoint, PostgresEndpoint
from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.resource_status import FleetPlatformStatus
from fastapi_fleet.status.conditions import Finding, failed_by, fails, holds, merge, unknown
from fastapi_fleet.status.embedded_server import state_of_server
from fastapi_fleet.status.facts import PlatformFacts
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
            yield _per_service() if _is_per_service(facts.spec, component) else _backend_ready(facts, component, kind)
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
    external, stateful_set = facts.external.get(component), facts.stateful_sets.get(component)
    if external is not None:
        state = external.state
    elif stateful_set is not None:
        state = state_of_server(component, stateful_set, facts.pods.get(component, ()), facts.secret_values)
    else:
        return unknown(kind, Reason.PENDING, f"{component} has not been started yet")
    return holds(kind, state.reason, state.message) if state.ready else fails(kind, state.reason, state.message)


def _is_per_service(spec: FleetPlatformSpec, component: str) -> bool:
    return component == "postgres" and spec.postgres is not None and spec.postgres.is_per_service


def _per_service() -> Finding:
    message = "each service with a database has a server of its own, whose state its condition DatabaseReady tells"
    return holds(ConditionType.POSTGRES_READY, Reason.PER_SERVICE, message)
