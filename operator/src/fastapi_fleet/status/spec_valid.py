"""SpecValid: the spec makes sense, also where admission cannot tell."""

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.errors import InvalidSpecError, ReconcileError
from fastapi_fleet.status.conditions import Finding, failed_by, holds


def spec_valid(problem: ReconcileError | None) -> Finding:
    if isinstance(problem, InvalidSpecError):
        return failed_by(ConditionType.SPEC_VALID, problem)
    return holds(ConditionType.SPEC_VALID, Reason.AS_SPECIFIED, "the spec is valid")
