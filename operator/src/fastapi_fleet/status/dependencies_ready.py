"""DependenciesReady: what the spec refers to is there."""

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.errors import DependencyMissingError
from fastapi_fleet.resources.spec_references import referenced
from fastapi_fleet.status.conditions import Finding, failed_by, fails, holds
from fastapi_fleet.status.facts import ServiceFacts


def dependencies_ready(facts: ServiceFacts) -> Finding | None:
    """None for a service that refers to nothing."""
    if isinstance(facts.problem, DependencyMissingError):
        return failed_by(ConditionType.DEPENDENCIES_READY, facts.problem)
    if facts.waiting_for:
        names = ", ".join(facts.waiting_for)
        return fails(ConditionType.DEPENDENCIES_READY, Reason.SERVICE_NOT_READY, f"spec.services: {names} not Ready")
    if facts.spec is None or not _refers_to_anything(facts.spec):
        return None
    return holds(ConditionType.DEPENDENCIES_READY, Reason.DEPENDENCIES_FOUND, "all that the spec refers to is there")


def _refers_to_anything(spec: FastAPIServiceSpec) -> bool:
    asked = (spec.services, spec.secrets, spec.database is not None, spec.broker is not None)
    return any(asked) or any(True for _ in referenced(spec))
