"""The status of a resource that has just been seen."""

from typing import TypeVar

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.resource_status import ResourceStatus
from fastapi_fleet.status.conditions import holds, merge, unknown

Status = TypeVar("Status", bound=ResourceStatus)


def first_status(model: type[Status], generation: int, *, now: str) -> Status:
    """Ready=Unknown, said before anything is done: kstatus takes a resource without conditions for a finished one."""
    message = "the operator has seen the resource and begins"
    findings = (
        unknown(ConditionType.READY, Reason.PENDING, message),
        holds(ConditionType.RECONCILING, Reason.PENDING, message),
    )
    conditions = merge(findings, (), generation=generation, now=now)
    return model(observed_generation=generation, conditions=conditions)
