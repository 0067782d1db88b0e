"""SpecValid: the spec makes sense, also where admission cannot tell."""

from dataclasses import replace

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.errors import InvalidSpecError, ReconcileError
from fastapi_fleet.status.conditions import Finding, failed_by, holds
from fastapi_fleet.status.facts import ServiceFacts


def spec_valid(problem: ReconcileError | None) -> Finding:
    if isinstance(problem, InvalidSpecError):
        return failed_by(ConditionType.SPEC_VALID, problem)
    return holds(ConditionType.SPEC_VALID, Reason.AS_SPECIFIED, "the spec is valid")


def service_spec_valid(facts: ServiceFacts) -> Finding:
    """Tells as well where what runs is not from the spec alone. A revision of before runs as it was."""
    finding, spec = spec_valid(facts.problem), facts.spec
    if spec is None or spec.rollout.rollback_to is not None or not facts.from_platform:
        return finding
    told = f"{finding.message}; defaults of FleetPlatform {spec.platform} are in {', '.join(facts.from_platform)}"
    return replace(finding, message=told)
